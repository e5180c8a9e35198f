"""Run a stage: one message for whatever ends it, and its times left behind."""

import time
from collections.abc import Callable

from rarewave.base import ending, timing
from stages import BEGAN

STOPPED = "stopped; nothing half-written is kept, run again to go on"


def run(stage: str, main: Callable[[], None]) -> None:
    """Run a stage; what goes wrong ends it with one message and exit code 1."""
    began = time.time()
    with ending.one_message(stage, STOPPED):
        main()
        timing.write(stage, BEGAN, began)
