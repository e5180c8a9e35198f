"""Members of an ensemble: what each is trained from, and those that other machines trained."""

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rarewave.base.errors import DataError
from rarewave.base.files import read_json
from rarewave.dataset.index import Indexed
from rarewave.frontend.normalisation import Normalisation
from rarewave.networks.backend import keras
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.hyperparameters import Training

ABOUT = "training.json"
_OF_ITS_OWN = ("seed", "members", "ready")  # what members may differ in


def seeds(options: Training) -> list[int]:
    """The seed of each member, the first one's first."""
    return [(options.seed + number) % 2**32 for number in range(options.members)]


def about(
    data: Indexed,
    rows: Sequence[Any],
    encoder: keras.Model | None,
    normalise: Normalisation,
    options: Training,
    changes: Augmentation,
) -> dict[str, Any]:
    """All that a member is trained from, but its seed; equal where members belong together.

    Parameters
    ----------
    rows : those of training, and those of validation.
    encoder : that it starts from, None where it starts from its seed.
    """
    total = hashlib.sha256(data.front_end.digest.encode())
    total.update(repr(normalise.to_dict()).encode())
    for part in rows:
        for name in ("window_id", "content"):
            total.update("\n".join(data.table[name].iloc[part]).encode())
        total.update(data.truth[part].tobytes() + data.y[part].tobytes())
    for weights in encoder.get_weights() if encoder is not None else ():
        total.update(weights.tobytes())
    train = dataclasses.asdict(options)
    return {
        "data": total.hexdigest()[:16],
        "train": {name: value for name, value in train.items() if name not in _OF_ITS_OWN},
        "augment": _told(changes),
    }


def _told(changes: Augmentation) -> dict[str, Any]:
    """The options of augmentation; speeds by class where there are any."""
    found = dataclasses.asdict(changes)
    if not changes.stretch.classes:
        del found["stretch"]["classes"]
    return found


def ready(options: Training, mine: dict[str, Any], file: str) -> dict[int, Path]:
    """The `.keras` file of each seed that was trained elsewhere.

    Parameters
    ----------
    options : `ready` are the folders `artifacts/train` of runs with one member each.
    mine : from `about`.
    file : name of the `.keras` file in them.

    Raises
    ------
    DataError
        There is none, it was trained from something else, or no member has its seed.
    """
    found: dict[int, Path] = {}
    for folder in options.ready:
        path = Path(folder) / ABOUT
        if not path.exists():
            raise DataError(
                f"train.ready: there is no {path}: name the folder artifacts/train of a run of one "
                "member"
            )
        theirs = read_json(path, "seed", *mine)
        for part in ("train", "augment"):
            for name, value in mine[part].items():
                other = theirs[part].get(name) if isinstance(theirs[part], dict) else None
                if other != value:
                    raise DataError(
                        f"train.ready: {path} was trained with {part}.{name} {other}, and here it "
                        f"is {value}: train that member again, or take it off the list"
                    )
        if theirs["data"] != mine["data"]:
            raise DataError(
                f"train.ready: {path} was trained on other windows, labels or parts than those "
                "here: train that member again, or take it off the list"
            )
        seed, others = theirs["seed"], seeds(options)[1:]
        if seed not in others:
            wanted = f"have {', '.join(map(str, others))}" if others else "are none"
            raise DataError(
                f"train.ready: {path} was trained with seed {seed}, and the members after the "
                f"first, which is trained here, {wanted}: train that member with one of these "
                "(train.seed, train.members), or take it off the list"
            )
        if seed in found:
            raise DataError(
                f"train.ready: {found[seed].parent} and {folder} both have seed {seed}: take one "
                "off the list"
            )
        found[seed] = Path(folder) / file
    return found
