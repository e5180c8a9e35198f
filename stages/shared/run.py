"""Run a stage: one message for a user's mistake, and its times left behind."""

import sys
import time
from collections.abc import Callable

from rarewave.base import timing
from rarewave.base.errors import DataError
from stages import BEGAN


def run(stage: str, main: Callable[[], None]) -> None:
    """Run a stage; a user's mistake ends it with one message and exit code 1."""
    began = time.time()
    try:
        main()
    except DataError as error:
        sys.exit(f"{stage}: {error}")
    except KeyboardInterrupt:
        sys.exit(f"{stage}: stopped; nothing half-written is kept, run again to go on")
    timing.write(stage, BEGAN, began)
