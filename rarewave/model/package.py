"""A detector with all that finding and explaining events needs, in one folder."""

import dataclasses
import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rarewave.base import parameters
from rarewave.base.errors import DataError
from rarewave.base.files import read_json, write_json
from rarewave.detection.levels import Trained
from rarewave.detection.postprocessing import Joining
from rarewave.model import detector, neighbours, novelty, training_statistics
from rarewave.model.detector import Detector
from rarewave.model.neighbours import Examples
from rarewave.model.novelty import Reference
from rarewave.model.training_statistics import Statistics
from rarewave.model.where import EVENTS, digest, locate
from rarewave.recordings import reading, responses, sound
from rarewave.recordings.responses import Responses


@dataclasses.dataclass(frozen=True)
class Source:
    """How the recordings were read that a model learnt from: others are read alike."""

    channel: int | None = None  # of sound files, from 1; None: the mean of all
    start_pattern: str | None = None  # of the time in names of sound files
    time_zone: str = "UTC"  # of these times
    channels: Sequence[str] | None = None  # of seismic files, a pattern or several; None: every one

    def __post_init__(self) -> None:
        if self.channels is not None:
            patterns = (self.channels,) if isinstance(self.channels, str) else tuple(self.channels)
            if not all(isinstance(one, str) and one for one in patterns):
                raise ValueError(f"the channels {self.channels!r} are no patterns")
            object.__setattr__(self, "channels", patterns)
        number = type(self.channel) is int and self.channel >= 1
        if not (self.channel is None or number):
            raise ValueError(f"the channel {self.channel!r} is no number from 1")
        if not isinstance(self.start_pattern, str | None):
            raise ValueError(f"the start pattern {self.start_pattern!r} is no text")
        sound.zone_of(self.time_zone)


_ALWAYS = ("channel", "start_pattern", "time_zone")  # written whatever they are
_EXAMPLES = "examples.npz"


class Package(NamedTuple):
    """What `python -m rarewave detect` and `explain` work with."""

    detector: Detector
    thresholds: Mapping[str, float]  # of each class but background, by which events are found
    joining: Joining
    bands: Mapping[str, tuple[float, float]]  # Hz, of the training calls of each class
    examples: Examples | None  # training windows; None in packages of before they were kept
    source: Source = Source()  # as it is in packages of before it was kept
    responses: Responses | None = None  # of the instruments, where the front end removes them
    trained: Trained | None = None  # levels and rates; None in packages of before they were kept
    digest: str = ""  # of network, front end, thresholds and all: equal for equal packages
    window_thresholds: Mapping[str, float] | None = None  # where those are of events
    novelty: Reference | None = None  # None in packages of before it was kept, and so on
    temperature: float = 1.0  # at which its probabilities mean what they say
    statistics: Statistics | None = None  # training's statistics; None in packages of before

    @property
    def of_windows(self) -> Mapping[str, float]:
        """Thresholds of the scores of windows and whole recordings, as `evaluate` decides."""
        return self.window_thresholds or self.thresholds


def save(
    folder: Path,
    model: Path,
    thresholds: Mapping[str, float],
    joining: Joining,
    bands: Mapping[str, tuple[float, float]],
    remembered: Examples | None = None,
    source: Source = Source(),
    removed: Responses | None = None,
    trained: Trained | None = None,
    window_thresholds: Mapping[str, float] | None = None,
    known: Reference | None = None,
    temperature: float = 1.0,
    statistics: Statistics | None = None,
) -> None:
    """Copy a `.keras` file with its description, and write the rest beside it.

    `window_thresholds` are those of the stage threshold, kept where `thresholds` are others;
    `known` is what new windows are compared with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in detector.files(model):
        shutil.copyfile(path, folder / path.name)
    content: dict[str, Any] = {
        "thresholds": dict(thresholds),
        "joining": dataclasses.asdict(joining),
        "bands": {name: list(band) for name, band in bands.items()},
        "source": {k: v for k, v in dataclasses.asdict(source).items() if k in _ALWAYS or v},
    }
    if trained is not None:
        content["trained"] = dataclasses.asdict(trained)
    if window_thresholds is not None and dict(window_thresholds) != dict(thresholds):
        content["window_thresholds"] = dict(window_thresholds)
    if temperature != 1:
        content["temperature"] = temperature
    write_json(folder / EVENTS, content)
    for beside in (_EXAMPLES, responses.FILE, novelty.FILE, training_statistics.FILE):
        (folder / beside).unlink(missing_ok=True)
    if known is not None:
        novelty.save(folder / novelty.FILE, known)
    if statistics is not None:
        training_statistics.save(folder / training_statistics.FILE, statistics)
    if removed is not None:
        responses.keep(removed, folder)
    if remembered is not None:
        neighbours.save(folder / _EXAMPLES, remembered)


def load(where: str) -> Package:
    """Read a package from its folder, from a `.keras` file in it, or from MLflow.

    Parameters
    ----------
    where : a path, or an MLflow URI such as `models:/m-…` or `runs:/<run id>/detector`.

    Raises
    ------
    DataError
        There is no such model, or it was saved without thresholds.
    """
    model = locate(where)
    inner = model.parent
    content = read_json(inner / EVENTS)
    try:
        bands = {name: _band(band) for name, band in content["bands"].items()}
        joining = parameters.build(Joining, content["joining"], "detect")
        thresholds, of_windows = (
            {name: _number(v) for name, v in content.get(key, content["thresholds"]).items()}
            for key in ("thresholds", "window_thresholds")
        )
        source = Source(**content.get("source", {}))
        trained = Trained(**content["trained"]) if "trained" in content else None
        found = Package(detector.load(model), thresholds, joining, bands, None, source)
        temperature = _temperature(content.get("temperature", 1.0))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{inner / EVENTS} does not describe a detector ({error})") from None
    events = found.detector.task.events
    named = thresholds.keys() == of_windows.keys() == set(events)
    if not named or not bands.keys() <= set(events):
        raise DataError(
            f"{inner / EVENTS} has thresholds of {', '.join(thresholds) or 'nothing'}, and "
            f"the detector finds {', '.join(events)}: run the stage detect again"
        )
    known, compared = inner / _EXAMPLES, inner / novelty.FILE
    measured = inner / training_statistics.FILE
    return found._replace(
        temperature=temperature,
        novelty=novelty.load(compared) if compared.exists() else None,
        trained=trained,
        window_thresholds=of_windows,
        responses=instruments(inner, found.detector),
        examples=neighbours.load(known) if known.exists() else None,
        statistics=training_statistics.load(measured) if measured.exists() else None,
        digest=digest((*detector.files(model), inner / EVENTS)),
    )


def instruments(folder: Path, inner: Detector) -> Responses | None:
    """The responses in a folder that a detector's front end removes; None where it takes counts.

    Raises
    ------
    DataError
        They are not there, or are not those that the detector learnt with.
    """
    if inner.front_end.clean.output == "counts":
        return None
    known = responses.load(folder / responses.FILE)
    if known.digest != inner.front_end.clean.response:
        raise DataError(
            f"{folder / responses.FILE} is not what the model learnt with: put it back, or run the "
            "stage detect again"
        )
    return known


def read_as(
    package: Package, channel: int | str | None, start_pattern: str | None = None
) -> Source:
    """How recordings are read: as a user says, else as those that the model learnt from.

    Parameters
    ----------
    channel : of sound files a number from 1, or `mean`; of others a pattern of identifiers.

    Raises
    ------
    DataError
        The channel is below 1.
    """
    if isinstance(channel, int) and channel < 1:
        raise DataError(f"--channel is {channel}: channels count from 1")
    learnt = package.source
    if isinstance(channel, str) and channel != reading.MEAN:
        learnt = dataclasses.replace(learnt, channels=(channel,))
    elif channel is not None:
        learnt = dataclasses.replace(learnt, channel=channel if isinstance(channel, int) else None)
    if start_pattern is not None:
        learnt = dataclasses.replace(learnt, start_pattern=start_pattern)
    return learnt


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"the threshold {value!r} is no number")
    if not 0 <= value <= 1:
        raise ValueError(f"the threshold {value!r} is no probability, from 0 to 1")
    return float(value)


def _temperature(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
        raise ValueError(f"the temperature {value!r} is no number above 0")
    return float(value)


def _band(band: object) -> tuple[float, float]:
    if not isinstance(band, list) or len(band) != 2:
        raise ValueError(f"the band {band!r} is not two frequencies")
    low, high = (float(hertz) for hertz in band)
    if not 0 <= low <= high < math.inf:
        raise ValueError(f"the band {band!r} is not from low to high")
    return low, high
