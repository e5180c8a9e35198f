"""Python imports this first where its folder is on PYTHONPATH: it notes what a stage opens.

A line for each file that is opened for reading in the process of a stage and in those that it
starts, to $RAREWAVE_OPENED/<stage>. What is opened in C is not seen: tables (Arrow), sound
(libsndfile), SQLite.
"""

import os
import sys


def watch(folder: str, stage: str) -> None:
    """Begin to note."""
    notes = os.open(os.path.join(folder, stage), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    seen = set()

    def hook(event: str, given: tuple) -> None:
        if event != "open" or not isinstance(given[0], str | bytes | os.PathLike):
            return
        writes = given[2] & (os.O_WRONLY | os.O_CREAT)
        path = os.path.abspath(os.fsdecode(given[0]))
        if writes or path in seen or for_mlflow():
            return
        seen.add(path)
        os.write(notes, f"{path}\n".encode())

    sys.addaudithook(hook)


def for_mlflow() -> bool:
    """Whether the file is only shown to MLflow, which no result depends on."""
    frame = sys._getframe(2)
    while frame:
        code = frame.f_code
        ours = "/rarewave/tracking/" in code.co_filename or code.co_filename.endswith("logbook.py")
        if ours and code.co_name != "<module>":
            return True
        frame = frame.f_back
    return False


if sys.orig_argv[1:2] == ["-m"] and sys.orig_argv[2].startswith("stages."):
    os.environ["RAREWAVE_STAGE"] = sys.orig_argv[2].removeprefix("stages.")
if "RAREWAVE_STAGE" in os.environ and "RAREWAVE_OPENED" in os.environ:
    watch(os.environ["RAREWAVE_OPENED"], os.environ["RAREWAVE_STAGE"])
