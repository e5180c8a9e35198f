"""`.keras` files whose bytes depend on nothing but the model."""

import json
import zipfile
from pathlib import Path
from typing import Any

from rarewave.base.errors import DataError
from rarewave.base.files import whole
from rarewave.networks.backend import keras

_DATE = (1980, 1, 1, 0, 0, 0)


def save(model: keras.Model, path: Path) -> None:
    """Save a model whole or not at all, the same bytes for the same model.

    Keras writes the date, the time of each entry and `id()`s of objects into the archive; they
    are fixed or dropped here. The file loads, predicts and trains on as Keras's own does.
    """
    path = Path(path)
    raw = path.with_name(f".{path.stem}.raw.keras")
    try:
        with whole(path) as part:
            model.save(raw)
            with zipfile.ZipFile(raw) as source, zipfile.ZipFile(part, "w") as target:
                for name in sorted(source.namelist()):
                    data = source.read(name)
                    if name.endswith(".json"):
                        data = _stable(json.loads(data))
                    target.writestr(zipfile.ZipInfo(name, _DATE), data)
    finally:
        raw.unlink(missing_ok=True)


def load(path: Path, compiled: bool = True) -> keras.Model:
    """Load a model.

    Parameters
    ----------
    compiled : as it was saved, which needs the modules of its loss and optimiser to be imported;
        else for scoring only.

    Raises
    ------
    DataError
        The file is missing or is not a Keras model.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"no model {path}: run the stage train, or correct the path")
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is not a .keras file: it is no zip archive; train it again")
    try:
        model = keras.models.load_model(path, compile=compiled)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{path} is not a Keras model ({reason}): train it again") from None
    model.jit_compile = False  # compiled or not, and with deterministic kernels or without
    return model


def _stable(content: Any) -> bytes:
    """JSON without the date and the `id()`s, which only say which defaults were one object."""

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                key: walk(value)
                for key, value in node.items()
                if key not in ("date_saved", "shared_object_id")
            }
        if isinstance(node, list):
            return [walk(item) for item in node]
        return node

    return json.dumps(walk(content), sort_keys=True).encode()
