"""The encoder of a packaged detector, for another to start from."""

from dataclasses import replace
from typing import NamedTuple

from rarewave.base.errors import DataError
from rarewave.frontend import transform
from rarewave.frontend.normalisation import Normalisation
from rarewave.frontend.transform import FrontEnd
from rarewave.model import detector
from rarewave.model.where import EVENTS, digest, locate
from rarewave.networks import registry
from rarewave.networks.backend import keras
from rarewave.training.hyperparameters import Training


class Start(NamedTuple):
    """What another detector learnt, or nothing but the normalisation of new data."""

    encoder: keras.Model | None
    normalise: Normalisation  # that the encoder learnt with
    digest: str | None  # of the package, as `Package.digest`


def start(where: str, training: Training, front_end: FrontEnd) -> Start:
    """The encoder of a package, for a network of these parameters and data of this front end.

    The normalisation is the package's too: what the encoder learnt holds for its input alone.

    Parameters
    ----------
    where : as for `package.load`.

    Raises
    ------
    DataError
        There is no such package, or it is of another network, width, normalisation or front end.
    """
    try:
        model = locate(where)
        found = detector.load(model)
    except DataError as error:
        raise DataError(f"pretrain.start: {error}") from None
    for name, theirs, ours in (
        ("network", found.network_name, training.network),
        ("width", found.width, training.width),
        ("normalisation", found.normalisation.mode, training.normalisation),
    ):
        if theirs != ours:
            raise DataError(
                f"pretrain.start {where} has train.{name} {theirs}, and here it is {ours}: set it "
                f"to {theirs}, or start from another"
            )
    said = f"pretrain.start {where}: the data set"
    of_segments = registry.find(training.network).segments is not None
    transform.refuse_other(_seen(found.front_end, front_end, of_segments), front_end, said)
    marks = (*detector.files(model), model.with_name(EVENTS))
    return Start(registry.encoder(found.network), found.normalisation, digest(marks))


def _seen(theirs: FrontEnd, ours: FrontEnd, of_segments: bool) -> FrontEnd:
    """Their front end, with ours where it does not say what an encoder is shown.

    That is which windows there are, whose instruments recorded, and how long the windows of a
    network of segments are.
    """
    clean, names = theirs.clean, ["hop_samples", "max_gap", "pad_short"]
    if clean.output == ours.clean.output:
        clean = replace(clean, response=ours.clean.response)
    names += ["window_samples"] * of_segments
    grid = replace(theirs.grid, **{name: getattr(ours.grid, name) for name in names})
    return replace(theirs, clean=clean, grid=grid)
