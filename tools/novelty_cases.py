"""What share of windows a packaged detector calls novel, of recordings as they are and altered.

`python -m tools.novelty_cases MODEL RECORDING ... [--other RECORDING ...]`
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.frontend import transform
from rarewave.model import novelty, package
from rarewave.networks import backend
from rarewave.recordings import reading

Samples = NDArray[np.float64]


def cases(samples: Samples, rate: float) -> Iterator[tuple[str, Samples, float]]:
    """A recording as it is and altered: what it is called, samples and sampling rate in Hz."""
    rng = np.random.Generator(np.random.PCG64(1))
    spread = float(np.nanstd(samples))
    limit = float(np.nanquantile(np.abs(samples), 0.9))
    yield "as it is", samples, rate
    yield "1000 times as loud", 1000 * samples, rate
    yield "a thousandth as loud", samples / 1000, rate
    yield "white noise of its power", rng.normal(0, spread, len(samples)), rate
    yield "silence", np.zeros(len(samples)), rate
    yield "clipped at its 90 % quantile", np.clip(samples, -limit, limit), rate
    yield "a header of twice the rate", samples, 2 * rate
    yield "a header of half the rate", samples, rate / 2


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--other", nargs="*", type=Path, default=[], help="of something else")
    given = parser.parse_args()
    backend.start(2)
    known = package.load(given.model)
    if known.novelty is None:
        raise SystemExit(f"{given.model} keeps no windows to compare with")
    look, model = novelty.looker(known.detector), known.detector
    found: dict[str, list[NDArray[np.float64]]] = {}
    refused: dict[str, str] = {}
    for path in [*given.recordings, *given.other]:
        header = reading.headers(path, known.source.channel, None)[0]
        samples = reading.read(path, header.channel, 0, header.n_samples)
        made = cases(samples, header.sample_rate)
        if path in given.other:
            made = iter([("something else", samples, header.sample_rate)])
        for name, altered, rate in made:
            try:
                windows = transform.apply(model.front_end, altered, rate)
            except DataError as error:
                refused[name] = str(error)
                continue
            good = windows.missing <= model.front_end.grid.max_gap
            X = windows.spectrograms[good]
            rows = np.arange(len(X))
            found.setdefault(name, []).append(novelty.judge(known.novelty, model, look, X, rows))
    for name, parts in found.items():
        novel = np.concatenate(parts) >= known.novelty.at
        if not len(novel):
            print(f"{name:<30} gaps throughout")
            continue
        each = ", ".join(
            f"{what} {share:.3f}"
            for what, share in zip(("sound", "levels"), novel.mean(axis=0), strict=True)
        )
        print(f"{name:<30} {novel.any(axis=1).mean():.3f} of {len(novel)} windows ({each})")
    for name, why in refused.items():
        print(f"{name:<30} refused: {why}")


if __name__ == "__main__":
    main()
