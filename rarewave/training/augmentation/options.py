"""All changes of training examples, each with its options."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

from rarewave.base.errors import DataError
from rarewave.training.augmentation.background import Background
from rarewave.training.augmentation.change import WAVEFORM, Change
from rarewave.training.augmentation.level import BandGain, Gain
from rarewave.training.augmentation.masks import FrequencyMask, TimeMask
from rarewave.training.augmentation.mixing import Mixture, Mixup
from rarewave.training.augmentation.noise import Noise
from rarewave.training.augmentation.place import RowShift, TimeScale, TimeShift
from rarewave.training.augmentation.speed import Pitch, Stretch

# What means nothing where rows are no frequencies, or no samples of sound stand behind them.
_IMPOSSIBLE = {
    "waveform": ("band_gain", "row_shift", "frequency_mask"),
    "mfcc": ("row_shift", "frequency_mask", "background", "mixture"),
    "picture": ("noise", "stretch", "pitch"),
}


@dataclass(frozen=True)
class Augmentation:
    """How training examples are changed: a probability for each change, and its options.

    In the order in which they are listed and shown; they are applied step by step.
    """

    time_shift: TimeShift = field(default_factory=TimeShift)
    time_scale: TimeScale = field(default_factory=TimeScale)
    gain: Gain = field(default_factory=Gain)
    band_gain: BandGain = field(default_factory=BandGain)
    row_shift: RowShift = field(default_factory=RowShift)
    background: Background = field(default_factory=Background)
    time_mask: TimeMask = field(default_factory=TimeMask)
    frequency_mask: FrequencyMask = field(default_factory=FrequencyMask)
    noise: Noise = field(default_factory=Noise)
    stretch: Stretch = field(default_factory=Stretch)
    pitch: Pitch = field(default_factory=Pitch)
    mixture: Mixture = field(default_factory=Mixture)
    mixup: Mixup = field(default_factory=Mixup)

    @property
    def used(self) -> list[str]:
        """The changes that have a probability."""
        return [each.name for each in fields(self) if getattr(self, each.name).p]

    def of(self, steps: tuple[str, ...]) -> list[Change]:
        """The changes in use of some steps, in the order in which they are applied."""
        changes = [getattr(self, name) for name in self.used]
        return sorted((c for c in changes if c.step in steps), key=lambda c: steps.index(c.step))

    def possible(self, scale: str, section: str | None = None) -> "Augmentation":
        """Without the changes that mean nothing on a scale of the spectrogram.

        Raises
        ------
        DataError
            One of them is in use, and a section of parameters is given.
        """
        idle = _IMPOSSIBLE.get(scale, ())
        names = [f"{section}.{name}" for name in idle if getattr(self, name).p]
        if section and names:
            raise DataError(
                f"{' and '.join(names)} mean nothing where spectrogram.scale is {scale}: set p to "
                f"0; {', '.join(f.name for f in fields(self) if f.name not in idle)} go with it"
            )
        return replace(self, **{name: replace(getattr(self, name), p=0.0) for name in idle})

    def refuse_classes(self, names: Sequence[str]) -> None:
        """Raise `DataError` where `stretch.classes` names none of these, or could not act."""
        classes = self.stretch.classes
        unknown = [name for name in classes if name not in names]
        if unknown:
            raise DataError(
                f"augment.stretch.classes names {unknown[0]!r}, and there is no such class: they "
                f"are {', '.join(names)}"
            )
        if classes and not self.stretch.p:
            raise DataError(
                "augment.stretch.classes has speeds, and augment.stretch.p is 0: set p to the "
                "share of these windows that are to be stretched"
            )

    @property
    def of_waveforms(self) -> bool:
        """Whether samples are needed, not the spectrogram alone."""
        return bool(self.of(WAVEFORM))
