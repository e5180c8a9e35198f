"""Apply changes to training examples, to some of them by chance.

Two places: `augment_waveforms` on samples, before the spectrogram, and `augment_spectrograms` on
power in dB, before the normalisation (cheap enough for every epoch). Where the network sees MFCC
or the waveform, `augment` does to these what stands for the same. All draw from the generator
that they are given, so a seed repeats them to the bit, and none changes its input in place.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rarewave.frontend.spectrogram import Spectrogram, spectrograms
from rarewave.training.augmentation.background import Background
from rarewave.training.augmentation.change import SPECTROGRAM, WAVEFORM, Change, Surroundings
from rarewave.training.augmentation.options import Augmentation

Labels: TypeAlias = Sequence[tuple[str, ...]]  # of each example


def augment(
    X: NDArray[np.float32],
    waveforms: NDArray[np.float32] | None,
    backgrounds: NDArray[np.float32] | None,
    rng: np.random.Generator,
    rate: float,
    spec: Spectrogram,
    options: Augmentation,
    labels: Labels | None = None,
) -> NDArray[np.float32]:
    """Examples changed as drawn for each: first their samples, where given, then spectrograms.

    Parameters
    ----------
    X : (n, frequencies, frames, channels) dB.
    waveforms : (n, samples) of the same windows, needed where `options.of_waveforms`.
    backgrounds : (m, frequencies, frames, channels) dB, to be mixed in.
    rate : of the samples, in Hz.
    labels : (n,) all that is true of each, for changes that are of some classes only.
    """
    if waveforms is not None and options.of_waveforms:
        X = spectrograms(augment_waveforms(waveforms, rng, rate, options, labels), rate, spec)
    about = Surroundings(
        frame_s=spec.step / rate,
        floor_db=spec.floor_db,
        backgrounds=backgrounds,
        scale=spec.scale,
        n_mels=spec.n_mels,
    )
    return _spectrograms_changed(X, rng, options, about)


def augment_spectrograms(
    X: NDArray[np.float32],
    rng: np.random.Generator,
    options: Augmentation,
    frame_s: float,
    backgrounds: NDArray[np.float32] | None = None,
    floor_db: float | None = None,
) -> NDArray[np.float32]:
    """Each spectrogram changed by what is drawn for it: shift, rows, background, gains, masks.

    Parameters
    ----------
    X : (n, frequencies, frames, channels) power in dB. The first channel is the level; others
        follow its changes of power, as a level above a noise floor does, but not its gains.
    frame_s : seconds from one frame to the next, hop / rate.
    backgrounds : (m, frequencies, frames, channels) in dB, of other recordings.
    floor_db : where the spectrograms were clipped; values there are silence, which no gain lifts.

    Returns
    -------
    As `X`; `X` itself if every probability is zero.
    """
    about = Surroundings(frame_s=frame_s, floor_db=floor_db, backgrounds=backgrounds)
    return _spectrograms_changed(X, rng, options, about)


def _spectrograms_changed(
    X: NDArray[np.float32],
    rng: np.random.Generator,
    options: Augmentation,
    about: Surroundings,
) -> NDArray[np.float32]:
    changes = options.of(SPECTROGRAM)
    if about.backgrounds is None or not len(about.backgrounds):
        changes = [change for change in changes if not isinstance(change, Background)]
    return _changed(X, changes, rng, about)


def augment_waveforms(
    x: NDArray[np.floating],
    rng: np.random.Generator,
    rate: float,
    options: Augmentation,
    labels: Labels | None = None,
) -> NDArray[np.floating]:
    """Each waveform stretched, moved in pitch and given noise, as drawn for it.

    Parameters
    ----------
    x : (n, samples).
    rate : in Hz.
    labels : as for `augment`.

    Returns
    -------
    As `x`; `x` itself if every probability is zero.
    """
    return _changed(x, options.of(WAVEFORM), rng, Surroundings(rate=rate), labels)


def _changed(
    examples: NDArray[Any],
    changes: Sequence[Change],
    rng: np.random.Generator,
    about: Surroundings,
    labels: Labels | None = None,
) -> NDArray[Any]:
    """Change after change, each of the examples that it is drawn for."""
    if not changes:
        return examples
    result = examples.copy()
    for change in changes:
        for i in np.flatnonzero(rng.random(len(result)) < change.p).tolist():
            known = about if labels is None else about._replace(labels=labels[i])
            result[i] = change(result[i], rng, known)
    return result


def examples(
    X: NDArray[np.float32],
    waveform: NDArray[np.float32] | None,
    backgrounds: NDArray[np.float32],
    rate: float,
    spec: Spectrogram,
    options: Augmentation,
    seed: int,
    beside: NDArray[np.float32],
    labels: tuple[str, ...] = (),
) -> dict[str, NDArray[np.float32]]:
    """One example as it is, under each augmentation in use alone, and under all of them.

    Parameters
    ----------
    X : (1, frequencies, frames, channels) dB.
    waveform : (1, samples) of it, needed where an augmentation is of the waveform.
    beside : as `X`, another example to be mixed in.
    labels : all that is true of the example.

    Returns
    -------
    Name to (frequencies, frames) of the first channel.
    """
    found = {"as it is": X[0, :, :, 0]}
    used = [name for name in options.used if name != "mixup"]
    nothing = np.zeros((1, 1), np.int8)
    for name in [*used, "all"] if used else []:
        alone: dict[str, Any] = {
            n: replace(getattr(options, n), p=float(n == name)) for n in used if name != "all"
        }
        only = replace(options, **alone)
        rng = np.random.Generator(np.random.PCG64([seed, len(found)]))
        changed = augment(X, waveform, backgrounds, rng, rate, spec, only, [labels])
        changed, _ = only.mixture(changed, nothing, beside, nothing, -1, rng, spec.scale)
        found[name.replace("_", " ")] = changed[0, :, :, 0]
    return found
