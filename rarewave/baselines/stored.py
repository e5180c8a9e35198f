"""Fitted baselines in files that hold numbers and classifiers, and can hold nothing else."""

import io
import pickle
from pathlib import Path
from typing import Any

from rarewave.base.errors import DataError
from rarewave.base.files import content_of, whole

# All that such a file may name. A pickle that names anything else could run it.
_KNOWN = {
    "numpy": {"dtype", "ndarray"},
    "numpy._core.multiarray": {"scalar", "_reconstruct"},
    "numpy._core.numeric": {"_frombuffer"},
    "sklearn.dummy": {"DummyClassifier"},
    "sklearn.ensemble._forest": {"RandomForestClassifier"},
    "sklearn.linear_model._logistic": {"LogisticRegression"},
    "sklearn.multiclass": {"OneVsRestClassifier", "_ConstantPredictor"},
    "sklearn.pipeline": {"Pipeline"},
    "sklearn.preprocessing._data": {"StandardScaler"},
    "sklearn.preprocessing._label": {"LabelBinarizer"},
    "sklearn.tree._classes": {"DecisionTreeClassifier"},
    "sklearn.tree._tree": {"Tree"},
}


class _Reader(pickle.Unpickler):
    """The unpickler of the standard library, which finds only what is known."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        if global_name not in _KNOWN.get(module_name, ()):
            raise pickle.UnpicklingError(f"it names {module_name}.{global_name}")
        return super().find_class(module_name, global_name)


def save(model: Any, path: Path) -> None:
    """Write a fitted classifier of `classifiers`; the same model gives the same bytes."""
    content = pickle.dumps(model, protocol=5)
    with whole(path) as part:
        part.write_bytes(content)


def load(path: Path) -> Any:
    """Read what `save` wrote.

    Raises
    ------
    DataError
        The file is missing or broken, or names what no baseline is made of.
    """
    content = content_of(path, "run the stage baselines")
    try:
        model = _Reader(io.BytesIO(content)).load()
    except Exception as error:  # of a broken pickle it may be any
        raise DataError(f"{path} is no stored baseline ({error}): run baselines") from None
    if not hasattr(model, "predict_proba"):
        raise DataError(f"{path} is no stored baseline: run the stage baselines")
    return model
