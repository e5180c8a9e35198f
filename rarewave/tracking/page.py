"""The address of MLflow's page of the runs, with their charts: python -m rarewave.tracking.page."""

import sys
from pathlib import Path

from rarewave.tracking import runs

SERVER = "http://127.0.0.1:5000"


def address(root: Path, server: str = SERVER) -> str:
    """Where the runs of the project in `root` stand as charts, a section for each of its metrics.

    MLflow's own address opens its pages for language models.
    """
    experiment = runs.connect(root).get_experiment_by_name(runs.EXPERIMENT)
    return f"{server}/#/experiments/{experiment.experiment_id}/runs?compareRunsMode=CHART"


if __name__ == "__main__":
    print(f"runs and their charts: {address(Path.cwd())}", file=sys.stderr)
