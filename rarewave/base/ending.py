"""How a program ends: one clear message, whatever went wrong, and nothing half-written."""

import contextlib
import errno
import io
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

from rarewave.base.errors import DataError

# Tracebacks of mistakes in the program go here, so that the message is read.
TRACEBACK = Path(".rarewave/traceback.txt")


@contextlib.contextmanager
def one_message(name: str, stopped: str) -> Iterator[None]:
    """Run the block; what goes wrong in it ends the program with one message and exit code 1.

    SIGTERM ends it as Ctrl-C does: files that are half-written are taken away. Text that the
    terminal cannot show is escaped. A mistake of the program itself is named as such, and its
    traceback kept.

    Parameters
    ----------
    name : of the program, before every message.
    stopped : what to say of Ctrl-C.
    """
    before = _as_interrupt()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        yield
        _flush()
    except KeyboardInterrupt:
        _leave(f"{name}: {stopped}")
    except BrokenPipeError:  # whoever read it, as `head`, has seen enough
        _quiet_stdout()
    except Exception as error:
        _leave(f"{name}: {said(error)}")
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def said(error: Exception) -> str:
    """What to tell of an error; what is not the user's mistake is written down as well."""
    if isinstance(error, DataError):
        return str(error)
    if isinstance(error, MemoryError):
        detail = f" ({error})" if str(error) else ""
        return (
            f"the memory is not enough{detail}: shorter windows, smaller batches or fewer "
            "recordings at a time need less"
        )
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return f"{where}{error.strerror[:1].lower()}{error.strerror[1:]}{_remedy(error)}"
    if isinstance(error, UnicodeError):
        return f"text or a name that is not UTF-8 ({error}): save it as UTF-8, or rename the file"
    return _unexpected(error)


def _remedy(error: OSError) -> str:
    known = {
        "ENOSPC": "free some space and run again",
        "EDQUOT": "free some space and run again",
        "EROFS": "make it writable and run again",
        "EACCES": "change its permissions and run again",
        "EPERM": "change its permissions and run again",
        "EMFILE": "raise the limit (ulimit -n) or give fewer files at a time",
        "ENOENT": "make it or correct the path, and run again",
        "EISDIR": "it must be a file: move the folder away and run again",
        "EIO": "copy it again from its source",
    }
    return ": " + known.get(errno.errorcode.get(error.errno or 0, ""), "mend that and run again")


def _unexpected(error: Exception) -> str:
    """A mistake of the program: where it happened, and where its traceback lies."""
    frames = traceback.extract_tb(error.__traceback__)
    root = str(Path(__file__).resolve().parents[2])
    own = [f for f in frames[1:] if f.filename.startswith(root)] or frames
    place = f"{Path(own[-1].filename).name}, line {own[-1].lineno}" if own else "nowhere"
    reason = " ".join(str(error).split())[:200]
    kind = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
    text = "".join(traceback.format_exception(error))
    try:
        TRACEBACK.parent.mkdir(exist_ok=True)
        TRACEBACK.write_text(text, encoding="utf-8", errors="backslashreplace")
        kept = f"its traceback is in {TRACEBACK}"
    except OSError:
        kept = f"its traceback:\n{text}"
    return (
        f"unexpected {kind} ({place}): a file was changed by hand, or this is a defect of "
        f"rarewave; please report it; {kept}"
    )


def _leave(message: str) -> None:
    """End with a message that any terminal takes, even where standard output is full."""
    try:
        _flush()
    except (OSError, ValueError):
        _quiet_stdout()
    sys.exit(message.encode("utf-8", "backslashreplace").decode("utf-8"))


def _flush() -> None:
    if sys.stdout is not None:  # None: it was closed before the program began
        sys.stdout.flush()


def _quiet_stdout() -> None:
    """Nothing more goes to standard output, also not what Python writes at the end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_interrupt() -> "signal._HANDLER":
    """Let SIGTERM be Ctrl-C; what it was before, None where this thread may not say."""
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return signal.signal(signal.SIGTERM, signal.default_int_handler)
    except ValueError:
        return None
