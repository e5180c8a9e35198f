"""`.keras` files whose bytes depend on nothing but the model."""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from rarewave.base.errors import DataError
from rarewave.base.files import json_of, whole
from rarewave.networks.backend import keras

_DATE = (1980, 1, 1, 0, 0, 0)
_MEMBERS = {"config.json", "metadata.json", "model.weights.h5"}
_MOST_BYTES = 8 << 30
# Keras refuses most of them as well, as long as nobody turns its safe mode off.
_REFUSED = {
    "Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "StringLookup",
    "IntegerLookup", "TextVectorization", "Hashing",
}  # fmt: skip


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
    _refuse_more(path)
    try:
        model = keras.models.load_model(path, compile=compiled, safe_mode=True)
    except Exception as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{path} is not a Keras model ({reason}): train it again") from None
    if not all(np.isfinite(weights).all() for weights in model.get_weights()):
        raise DataError(f"{path} has weights that are no numbers: train it again")
    model.jit_compile = False  # compiled or not, and with deterministic kernels or without
    return model


def _refuse_more(path: Path) -> None:
    """Raise `DataError` where a file is more than layers and numbers, or not even that."""
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is not a .keras file: it is no zip archive; train it again")
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename: member.file_size for member in archive.infolist()}
            config = archive.read("config.json") if sum(members.values()) < _MOST_BYTES else b""
    except (OSError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} is not a Keras model ({error}): train it again") from None
    other = sorted(members.keys() - _MEMBERS)
    if other:
        raise DataError(f"{path} holds {other[0]}, which is no part of a detector: train it again")
    if not config:
        raise DataError(f"{path} unpacks to more than {_MOST_BYTES >> 30} GiB: train it again")
    found = sorted(_kinds(json_of(config, f"{path}: config.json", "config")) & _REFUSED)
    if found:
        raise DataError(
            f"{path} has a layer {found[0]}, which runs code or reads files that came with it: "
            "build the network of other layers"
        )


def _kinds(node: Any) -> set[str]:
    """The names of all classes in a description of a model."""
    if isinstance(node, dict):
        own = {str(node["class_name"])} if "class_name" in node else set()
        return own.union(*(_kinds(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(_kinds(value) for value in node))
    return set()


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
