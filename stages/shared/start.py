"""What pretraining starts from: the seed, or another packaged detector."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.frontend import normalisation
from rarewave.frontend.normalisation import Normalisation
from rarewave.frontend.transform import FrontEnd
from rarewave.model import transfer
from rarewave.model.transfer import Start
from rarewave.networks.backend import keras
from rarewave.training import encoders, simclr
from rarewave.training.hyperparameters import Pretraining, Training


def start_of(
    options: Pretraining, training: Training, front_end: FrontEnd, X: NDArray[np.float32]
) -> Start:
    """Normalisation, and encoder and digest of the package where `options` name one.

    Parameters
    ----------
    X : (n, frequencies, frames, channels) dB, windows to learn from.

    Raises
    ------
    DataError
        The package is what this pipeline itself writes, or does not fit.
    """
    if options.start is None:
        scale = front_end.spectrogram.scale
        return Start(None, normalisation.fit(X, training.normalisation, scale), None)
    if Path(options.start).resolve().is_relative_to(Path("artifacts").resolve()):
        raise DataError(
            f"pretrain.start is {options.start}, which this pipeline itself writes, so that each "
            "run would go on from the last: copy it out of artifacts, and name the copy"
        )
    found = transfer.start(options.start, training, front_end)
    print(f"starts from the encoder of {options.start} ({found.digest})")
    return found


def encoder_of(
    given: keras.Model | None,
    normalise: Normalisation,
    options: Pretraining,
    training: Training,
    front_end: FrontEnd,
) -> keras.Model:
    """The encoder as pretraining begins with it, of its precision; `given`: of a package."""
    encoder = simclr.fresh(front_end, normalise, training, options)
    if given is not None:
        encoders.take(encoder, given, f"pretrain.start {options.start}")
    return encoder
