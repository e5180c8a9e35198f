"""Whatever ends a program, it says one thing and leaves nothing half-written."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rarewave.base import ending, timing
from rarewave.base.errors import DataError


def end(error: BaseException) -> str:
    """What is said of an error."""
    with pytest.raises(SystemExit) as stop, ending.one_message("ingest", "stopped"):
        raise error
    assert isinstance(stop.value.code, str)  # exit code 1
    return stop.value.code


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (DataError("day.mseed is empty"), "ingest: day.mseed is empty"),
        (KeyboardInterrupt(), "ingest: stopped"),
        (MemoryError("Unable to allocate 37.3 GiB"), "ingest: the memory is not enough (Unable"),
        (OSError(28, "No space left on device", "a.npy"), "a.npy: no space left on device: free"),
        (OSError(24, "Too many open files", "a.wav"), "ulimit -n"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "save it as UTF-8"),
    ],
)
def test_an_error_is_one_message_with_a_remedy(error: BaseException, says: str) -> None:
    """What a user can mend is named with what to do."""
    said = end(error)
    assert says in said and "Traceback" not in said


def test_a_mistake_of_the_program_is_said_to_be_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names kind and place, and the traceback is kept where it can be read."""
    monkeypatch.chdir(tmp_path)
    said = end(KeyError("classes"))
    assert "unexpected KeyError: 'classes' (test_ending.py, line" in said
    assert "Traceback" not in said and "please report it" in said
    assert "Traceback" in (tmp_path / ending.TRACEBACK).read_text()


def test_sigterm_cleans_up_as_ctrl_c_does(tmp_path: Path) -> None:
    """A half-written file goes, and the program says that it was stopped."""
    script = f"""
import os, signal
from pathlib import Path
from rarewave.base.ending import one_message
from rarewave.base.files import whole
with one_message("spectrogram", "stopped"), whole(Path({str(tmp_path / "x.npy")!r})) as part:
    part.write_bytes(b"half")
    os.kill(os.getpid(), signal.{signal.SIGTERM.name})
    print("not reached")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "spectrogram: stopped\n"
    assert list(tmp_path.iterdir()) == []


def test_a_full_standard_output_is_named(tmp_path: Path) -> None:
    """No traceback of Python's own at the end either."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    script = "from rarewave.base.ending import one_message as m\nwith m('x', 's'): print('words')"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert done.stderr == "x: no space left on device: free some space and run again\n"


def test_a_terminal_without_the_sign_gets_it_escaped() -> None:
    """A class of an emoji is printed on an ASCII terminal."""
    script = "from rarewave.base.ending import one_message as m\n"
    script += "with m('x', 's'): print('\\U0001f426 é')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, env=os.environ | {"PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "\\U0001f426 \\xe9\n", "")


def test_a_ledger_that_cannot_be_written_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stage has done its work; its times are lost, and that is said."""
    monkeypatch.chdir(tmp_path)
    timing.LEDGER.mkdir(parents=True)
    timing.write("clean", 0.0, 1.0)
    assert "the times of this run were not kept" in capsys.readouterr().err


def test_broken_lines_of_the_ledger_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half a line, a list and bytes are no times; what is written after them is."""
    monkeypatch.chdir(tmp_path)
    timing.LEDGER.parent.mkdir()
    timing.LEDGER.write_bytes(b'[1]\n\xff\x80\n{"stage": "clean", "run": [1')
    timing.write("split", 0.0, 1.0)
    assert [row["stage"] for row in timing.last_run()] == ["split"]
    assert "3 of 4 lines" in capsys.readouterr().err


def test_a_closed_standard_output_is_no_mistake() -> None:
    """As a job of cron may have it."""
    script = "import sys; sys.stdout = None\n"
    script += "from rarewave.base.ending import one_message as m\nwith m('x', 's'): print('words')"
    done = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")
