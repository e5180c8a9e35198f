"""Run a stage: one message for whatever ends it, and its times left behind."""

import sys
import time
from collections.abc import Callable

from rarewave.base import ending, timing
from rarewave.base.errors import DataError
from rarewave.base.files import read_json
from rarewave.base.notices import of_metrics
from stages import BEGAN
from stages.shared import artifacts, params

STOPPED = "stopped; nothing half-written is kept, run again to go on"


def run(stage: str, main: Callable[[], None], needs_labels: bool = False) -> None:
    """Run a stage; what goes wrong ends it with one message and exit code 1."""
    began = time.time()
    with ending.one_message(stage, STOPPED):
        if needs_labels:
            refuse_unlabelled()
        main()
        warn(stage)
        timing.write(stage, BEGAN, began)


def refuse_unlabelled() -> None:
    """Raise `DataError` where nobody has labelled anything: what the stages before wrote is all."""
    ingest = params.read_section("ingest")
    if ingest.get("labels") == "none":
        raise DataError(
            "nothing is labelled (ingest.labels: none), so nothing can be trained or tested: label "
            "the windows of reports/NAME/label_first.csv first, then  python -m rarewave new NAME "
            f"{ingest.get('data')} --force"
        )


def warn(stage: str) -> None:
    """Say on the terminal what the stage found off, which is in its metrics."""
    path = artifacts.metrics(stage)
    for notice in of_metrics(read_json(path)) if path.exists() else []:
        print(f"warning: {notice.says}", file=sys.stderr)
