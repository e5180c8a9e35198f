"""Many experiments for one question: what labels are worth, what helps rare classes.

A study is a set of variants (named settings), each run in several replicates (settings too: seeds,
folds). All are experiments of DVC; their test scores are put side by side with intervals.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from rarewave.base.errors import DataError
from rarewave.experiments import recipes
from rarewave.experiments.dvc import PARAMS, dvc, experiment, parameters_kept

Settings = dict[str, Any]  # section.name to value

# What the pretrained encoder is compared with, and how it is used.
STARTS: dict[str, Settings] = {
    "scratch": {
        "pretrain.start": None,
        "pretrain.epochs": 0,
        "train.frozen": 0.0,
        "train.encoder_rate": 1.0,
    },
    "frozen": {"train.frozen": 1.0},
    "fine-tuned": {"train.frozen": 0.0},
}

# Focal with alpha 1: of several classes it only scales the loss, and with it the steps.
REMEDIES: dict[str, Settings] = {
    "cross-entropy": {},
    "focal": {"train.loss": "focal", "train.focal_gamma": 2.0, "train.focal_alpha": 1.0},
    "class-balanced": {"train.class_balanced_beta": 0.99},
    "balanced sampling": {"train.imbalance": "balanced"},
    "logit adjustment": {"train.logit_adjustment": 1.0},
}
_NO_REMEDY: Settings = {
    "train.loss": "cross_entropy",
    "train.class_balanced_beta": 0.0,
    "train.imbalance": "none",
    "train.logit_adjustment": 0.0,
}


def label_efficiency(shares: Sequence[float]) -> dict[str, Settings]:
    """Each start with each share of the training labels, as variants `start share`."""
    return {
        f"{start} {share:g}": settings | {"train.labels": share}
        for start, settings in STARTS.items()
        for share in shares
    }


def imbalance() -> dict[str, Settings]:
    """Each remedy for rare classes, from scratch and fine-tuned, as variants `start remedy`."""
    return {
        f"{start} {name}": STARTS[start] | _NO_REMEDY | remedy
        for start in ("scratch", "fine-tuned")
        for name, remedy in REMEDIES.items()
    }


def replicates(seeds: Sequence[int], folds: Sequence[int]) -> dict[str, Settings]:
    """One for each seed, or for each fold with the seeds in turn, named by them.

    A seed is that of training, of the choice of labels and, where there is no pretraining, of the
    start. Without folds the split stays.
    """
    if not folds:
        return {f"seed{seed}": {"train.seed": seed} for seed in seeds}
    pairs = [(fold, seeds[number % len(seeds)]) for number, fold in enumerate(folds)]
    return {
        f"fold{fold}-seed{seed}": {"train.seed": seed, "split.test_fold": fold}
        for fold, seed in pairs
    }


def names_of(
    variants: Mapping[str, Settings], repeats: Iterable[str], prefix: str
) -> dict[str, list[str]]:
    """What the experiments of each variant are called, one for each replicate."""
    return {
        variant: [f"{prefix}-{_slug(variant)}-{repeat}" for repeat in repeats]
        for variant in variants
    }


def run(
    variants: Mapping[str, Settings],
    repeats: Mapping[str, Settings],
    changes: Mapping[str, Any],
    prefix: str,
    params: Path = PARAMS,
) -> None:
    """Run every variant in every replicate, up to the stage evaluate; see `names_of`.

    First the pipeline runs as it stands, for an experiment needs the outputs of all stages in
    DVC's cache. What is not changed by a variant is as in `params`, which is put back at the end.
    Experiments that ran before come back from the cache.

    Raises
    ------
    DataError
        An experiment failed, a parameter or its value is wrong, or the study cannot be made of
        these parameters.
    """
    names = names_of(variants, repeats, prefix)
    work = {
        names[variant][number]: dict(changes) | repeat | settings
        for number, repeat in enumerate(repeats.values())
        for variant, settings in variants.items()
    }
    base = recipes.read(params)
    touched = {key for settings in (*variants.values(), *repeats.values()) for key in settings}
    _refuse(variants, repeats, changes, base)
    for settings in work.values():
        recipes.refuse_bad(params, settings)
    print("the pipeline as it stands", flush=True)
    dvc("repro")
    with parameters_kept(params), tqdm(work.items(), "experiments", disable=None) as bar:
        for name, settings in bar:
            wanted = {key: _value(base, key) for key in touched} | settings
            if not wanted.get("pretrain.epochs", 1):
                wanted["pretrain.seed"] = wanted["train.seed"]
            elif "pretrain.epochs" in touched:
                wanted["pretrain.seed"] = _value(base, "pretrain.seed")
            bar.set_postfix_str(name)
            values = [f"{key}={_text(value)}" for key, value in sorted(wanted.items())]
            experiment(name, values, "evaluate", shown=False)


def _refuse(
    variants: Mapping[str, Settings],
    repeats: Mapping[str, Settings],
    changes: Mapping[str, Any],
    base: Any,
) -> None:
    """Raise `DataError` for what would only show after the first experiment, or never."""
    taken = set.intersection(*(set(settings) for settings in variants.values()))
    taken |= {key for settings in repeats.values() for key in settings} | {"pretrain.seed"}
    mine = [key for key in changes if key in taken]
    if mine:
        raise DataError(
            f"the study sets {mine[0]} itself: leave it out (--shares, --seeds and --folds say "
            "what varies)"
        )
    target = changes.get("clean.target", _value(base, "clean.target"))
    if target != "label":
        raise DataError(
            f"clean.target is {target}, and studies are of several classes: set it to label, or "
            "choose a recipe with classes, as in python -m rarewave use fsdd"
        )
    compared = any("pretrain.epochs" in settings for settings in variants.values())
    given = ("pretrain.epochs", "pretrain.start")
    if compared and not any(changes.get(key, _value(base, key)) for key in given):
        raise DataError(
            "pretrain.epochs is 0, and the study compares with pretraining: write for instance "
            "pretrain.epochs=30 behind the command, or pretrain.start=PACKAGE"
        )


def _value(base: Any, key: str) -> Any:
    section, _, name = key.partition(".")
    return base[section][name]


def _text(value: Any) -> str:
    return "null" if value is None else str(value)


def _slug(text: str) -> str:
    return text.replace(" ", "-").replace(".", "_")
