"""All pairs of options on clips with a label each: outputs, none in a traceback."""

from pathlib import Path

import pytest
from support import matrix

pytestmark = pytest.mark.slow

ROWS = matrix.combinations("clips")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of the kinds, and a store of MLflow for all."""
    return matrix.prepare(tmp_path_factory.mktemp("pairs"), "clips")


@pytest.mark.parametrize("row", ROWS, ids=matrix.name)
def test_a_combination_ends_in_outputs(shared: Path, tmp_path: Path, row: matrix.Row) -> None:
    """Every stage in order, one epoch."""
    assert matrix.run(row, shared, tmp_path / "project") == ""
