"""Augmentations with some changes set, the others off."""

from dataclasses import replace
from typing import Any

from rarewave.training.augmentation.options import Augmentation

NOTHING = Augmentation()


def changing(base: Augmentation = NOTHING, **options: dict[str, Any]) -> Augmentation:
    """`changing(gain={"p": 1.0, "db": 3.0})`, on top of `base`."""
    return replace(
        base, **{name: replace(getattr(base, name), **given) for name, given in options.items()}
    )
