"""A trained detector: the network with all that it needs to treat data as in training."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.files import read_json, write_json
from rarewave.base.tasks import Task
from rarewave.frontend import transform
from rarewave.frontend.normalisation import Normalisation
from rarewave.frontend.transform import FrontEnd, Segments, of_segments
from rarewave.networks import inference, kerasfile, registry
from rarewave.networks.backend import keras
from rarewave.networks.inference import predict


@dataclasses.dataclass(frozen=True)
class Detector:
    """Network, front end, task and normalisation of one trained model.

    An ensemble has others beside the network, trained alike from other seeds: its scores are their
    mean (Lakshminarayanan et al. 2017). What is explained, and embedded, is the first.
    """

    network: keras.Model
    network_name: str
    front_end: FrontEnd
    task: Task
    normalisation: Normalisation
    width: float = 1.0  # factor on the filters that it was built with
    others: tuple[keras.Model, ...] = ()  # of an ensemble

    @property
    def networks(self) -> tuple[keras.Model, ...]:
        """All members of an ensemble, or the one network."""
        return (self.network, *self.others)

    def score(self, X: NDArray[np.float32], made_by: FrontEnd | None = None) -> NDArray[np.float64]:
        """Probability (n, names) for spectrograms (n, frequencies, frames, channels) in dB.

        `made_by` is the front end of the data, where it is known: data that the model cannot
        treat the same way are refused with a `DataError`.
        """
        if made_by is not None:
            transform.refuse_other(self.front_end, made_by, "the data set")
        return self.score_rows(X, np.arange(len(X)))

    def score_rows(self, X: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """As `score`, for some rows of spectrograms that may lie on disk."""
        return together(self.score_members(X, rows))

    def score_members(self, X: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Probability (members, rows, names) that each network gives some rows of spectrograms."""
        given = self.normalisation, self.task
        return np.stack([predict(network, X, rows, *given) for network in self.networks])

    @property
    def segments(self) -> Segments | None:
        """What it scores in one pass over a recording of any length; None: windows, one by one.

        Only where every frame is treated alike whatever is around it: not where a window is
        scaled by its own level, or seen with context or above a floor.
        """
        known = registry.known(self.network_name)
        local = self.normalisation.mode == "dataset"
        around = self.front_end.grid.context_samples or self.front_end.spectrogram.floor_s
        return known.segments if known is not None and local and not around else None

    @property
    def scans(self) -> FrontEnd:
        """The front end by which whole recordings are scored: that of windows or of segments."""
        segments = self.segments
        return self.front_end if segments is None else of_segments(self.front_end, segments)

    def score_segments(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probability (segments, names) of the segments of one spectrogram (1, ...) in dB."""
        return together(self.members_of_segments(X))

    def members_of_segments(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        """As `score_segments`, (members, segments, names)."""
        given = (X, self.normalisation, self.task)
        return np.stack([inference.of_segments(network, *given)[0] for network in self.networks])

    def score_recording(
        self,
        samples: NDArray[np.float64],
        sample_rate: float,
    ) -> pd.DataFrame:
        """Scores of the windows of one raw recording.

        Returns
        -------
        start_s, duration_s, status (`scored` or `gap`) and `p_<class>` of every class but
        background (NaN in gaps).
        """
        pieces = transform.apply(self.front_end, samples, sample_rate)
        good = pieces.missing <= self.front_end.grid.max_gap
        p = np.full((len(good), len(self.task.names)), np.nan)
        p[good] = self.score(pieces.spectrograms[good])
        rate = self.front_end.clean.sample_rate_hz
        table = {
            "start_s": pieces.start_s,
            "duration_s": self.front_end.grid.window_samples / rate,
            "status": np.where(good, "scored", "gap"),
        }
        names = enumerate(self.task.names)
        scores = {f"p_{name}": p[:, k] for k, name in names if name in self.task.events}
        return pd.DataFrame(table | scores)


def together(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of probabilities (members, ...); of one member its own, to the last bit."""
    return p[0] if len(p) == 1 else p.mean(axis=0)


def member(path: Path, number: int) -> Path:
    """The file of a member of an ensemble, from 1, beside the first: `<name>_2.keras`."""
    return path if number == 1 else path.with_name(f"{path.stem}_{number}{path.suffix}")


def sidecar(path: Path) -> Path:
    """Where the description of a `.keras` file lies: beside it, as JSON."""
    return Path(path).with_suffix(".json")


def describe(detector: Detector) -> dict[str, Any]:
    """All of a detector but its weights."""
    return {
        "network": detector.network_name,
        "task": detector.task.to_dict(),
        "front_end": detector.front_end.to_dict(),
        "front_end_digest": detector.front_end.digest,
        "normalisation": detector.normalisation.to_dict(),
    } | _unusual(detector)


def _unusual(detector: Detector) -> dict[str, Any]:
    width = {"width": detector.width} if detector.width != 1 else {}
    return width | ({"members": len(detector.networks)} if detector.others else {})


def files(path: Path) -> list[Path]:
    """What `save` wrote: the first `.keras` file, its description, and the other members."""
    members = range(2, _members(read_json(sidecar(path)), path) + 1)
    return [path, sidecar(path), *(member(path, number) for number in members)]


def _members(content: dict[str, Any], path: Path) -> int:
    found = content.get("members", 1)
    if type(found) is not int or found < 1:
        raise DataError(f"{sidecar(path)} has members: {found!r}: train again")
    return found


def save(detector: Detector, path: Path) -> None:
    """Write `<name>.keras` and `<name>.json`, and the others as `<name>_2.keras` and so on."""
    write_json(sidecar(path), describe(detector))
    for number, network in enumerate(detector.networks, 1):
        kerasfile.save(network, member(path, number))


def load(path: Path, compiled: bool = False) -> Detector:
    """Read what `save` wrote; `compiled` as for `kerasfile.load`.

    Raises
    ------
    DataError
        Either file is missing or broken, or they do not belong together.
    """
    network = kerasfile.load(path, compiled)
    content = read_json(sidecar(path))
    try:
        detector = Detector(
            network,
            content["network"],
            FrontEnd.from_dict(content["front_end"]),
            Task.from_dict(content["task"]),
            Normalisation.from_dict(content["normalisation"]),
            float(content.get("width", 1.0)),
            _others(content, path),
        )
        digest = content["front_end_digest"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"{sidecar(path)} does not describe a detector ({error}): train again"
        ) from None
    except DataError as error:
        raise DataError(f"{sidecar(path)}: {error}") from None
    for number, found in enumerate(detector.networks, 1):
        _refuse_network(detector, found, member(path, number), sidecar(path))
    if digest != detector.front_end.digest:
        raise DataError(
            f"{sidecar(path)}: the front end was changed since training: put it back or train again"
        )
    return detector


def _others(content: dict[str, Any], path: Path) -> tuple[keras.Model, ...]:
    members = range(2, _members(content, path) + 1)
    return tuple(kerasfile.load(member(path, number), False) for number in members)


def _refuse_network(detector: Detector, network: keras.Model, path: Path, about: Path) -> None:
    """Raise `DataError` where a network and the description do not belong together."""
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise DataError(f"{path} is no detector: it has not one input and one output")
    shape = network.input_shape[1:]
    wanted = (*detector.front_end.shape[:2], detector.normalisation.channels)
    if (shape[0], shape[1] or wanted[1], shape[2]) != wanted:  # None: of any length
        raise DataError(
            f"{path} takes spectrograms of {shape}, and {about} describes {wanted}: they do not "
            "belong together"
        )
    if network.output_shape[1:] != (detector.task.outputs,):
        raise DataError(
            f"{path} gives {network.output_shape[1:]}, and {about} describes "
            f"{detector.task.outputs} outputs: they do not belong together"
        )
    statistics = (detector.front_end.shape[0], detector.front_end.shape[2])
    if detector.normalisation.mean.shape != statistics:
        raise DataError(f"{about}: the normalisation is of other spectrograms: train again")
