"""An encoder and what it was made for, in two files, as pretraining leaves it to training."""

from pathlib import Path

from rarewave.base.errors import DataError
from rarewave.base.files import read_json, write_json
from rarewave.frontend.normalisation import Normalisation
from rarewave.frontend.transform import FrontEnd
from rarewave.networks import kerasfile
from rarewave.networks.backend import keras
from rarewave.training.hyperparameters import Training


def take(encoder: keras.Model, given: keras.Model, what: str) -> None:
    """Give an encoder the weights of another of the same network; `what` messages call that.

    Raises
    ------
    DataError
        Its layers are others, as of another version.
    """
    weights = given.get_weights()
    if [w.shape for w in weights] != [w.shape for w in encoder.get_weights()]:
        raise DataError(f"{what} has other layers than its network has now: train it again")
    encoder.set_weights(weights)


def save(
    encoder: keras.Model,
    path: Path,
    network: str,
    front_end: FrontEnd,
    normalise: Normalisation,
    learnt: bool,
    start: str | None = None,
) -> None:
    """Write `<name>.keras`, and `<name>.json` that says of which network and data it is.

    `learnt`: it is more than what its seed gave; `start` is the digest of the package that it
    started from.
    """
    kerasfile.save(encoder, path)
    about: dict[str, object] = {"network": network, "front_end_digest": front_end.digest}
    about |= {"learnt": True} if learnt else {}
    about |= {} if start is None else {"start": start}
    write_json(path.with_suffix(".json"), about | {"normalisation": normalise.to_dict()})


def load(
    path: Path, front_end: FrontEnd, options: Training
) -> tuple[keras.Model | None, Normalisation]:
    """The encoder to start from, and the normalisation that it was made with.

    No encoder where pretraining taught it nothing: training then starts from a seed of its own.

    Raises
    ------
    DataError
        It is of another network, front end or normalisation.
    """
    about = read_json(path.with_suffix(".json"), "network", "front_end_digest", "normalisation")
    normalise = Normalisation.from_dict(about["normalisation"])
    made = (about["network"], about["front_end_digest"], normalise.mode)
    if made != (options.network, front_end.digest, options.normalisation):
        raise DataError(
            f"{path} is of another network ({made[0]}), front end or normalisation ({made[2]}): "
            "run the stage pretrain"
        )
    return kerasfile.load(path) if about.get("learnt") else None, normalise
