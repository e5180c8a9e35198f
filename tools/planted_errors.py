"""How many planted label errors `python -m rarewave label-errors` finds.

`python -m tools.planted_errors plant DATA COPY LABELS` copies a folder of recordings (as links) and
changes a share of its labels: of a clip table with tags half of the changes take one away and half
add one; an Audacity track's intervals get another label. `python -m tools.planted_errors judge
COPY EVENTS.csv` says how many of the first labels of the review are planted ones, and how many of
those are found.
"""

import argparse
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.annotations.formats import audacity
from rarewave.base.tasks import BACKGROUND

PLANTED = "planted.csv"
FIRST = (10, 25, 50, 100, 200)


def plant(data: Path, copy: Path, labels: str, share: float, seed: int, separator: str) -> int:
    """A copy with errors, and a table of them; how many."""
    if not any(data.glob(labels)):
        sys.exit(f"no file of labels in {data} fits {labels!r}")
    shutil.copytree(data, copy, copy_function=os.link)
    rng, files = np.random.default_rng(seed), sorted(copy.glob(labels))
    of_clips = len(files) == 1 and files[0].suffix == ".csv"
    rows = _in_table(files[0], share, separator, rng) if of_clips else _in_tracks(files, share, rng)
    pd.DataFrame(rows, columns=["file", "onset_s", "offset_s", "given", "true"]).to_csv(
        copy / PLANTED, index=False
    )
    return len(rows)


def _in_table(path: Path, share: float, separator: str, rng: np.random.Generator) -> list[tuple]:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    named, column = table.columns[0], table.columns[1]
    tags = [[t for t in cell.split(separator) if t] for cell in table[column]]
    names = sorted({name for row in tags for name in row})
    rows: list[tuple] = []
    for number in sorted(rng.choice(len(tags), round(share * len(tags)), replace=False)):
        given, whole = tags[number], (Path(table[named][number]).stem, 0.0, np.inf)
        if given and rng.random() < 0.5:
            name = given.pop(int(rng.integers(len(given))))
            rows.append((*whole, BACKGROUND, name))
        else:
            name = str(rng.choice([n for n in names if n not in given]))
            given.append(name)
            rows.append((*whole, name, BACKGROUND))
    path.unlink()  # a link: the original stays
    table.assign(**{column: [separator.join(row) for row in tags]}).to_csv(path, index=False)
    return rows


def _in_tracks(files: list[Path], share: float, rng: np.random.Generator) -> list[tuple]:
    tracks = {path: audacity.read(path) for path in files}
    names = sorted({name for track in tracks.values() for name in track["label"]})
    places = [(path, row) for path, track in tracks.items() for row in range(len(track))]
    rows: list[tuple] = []
    for number in sorted(rng.choice(len(places), round(share * len(places)), replace=False)):
        path, row = places[number]
        event = tracks[path].iloc[row]
        given = str(rng.choice([name for name in names if name != event["label"]]))
        rows.append((path.stem, event["onset_s"], event["offset_s"], given, event["label"]))
        tracks[path].loc[row, "label"] = given
    for path, track in tracks.items():
        path.unlink()
        audacity.write(path, track)
    return rows


def judge(copy: Path, review: Path) -> str:
    """Precision among the first labels of a review, and the share of planted errors in it."""
    planted = pd.read_csv(copy / PLANTED, dtype={"given": str, "true": str, "file": str})
    table = pd.read_csv(review, dtype={"given": str, "suggested": str})
    hits: list[set[int]] = []
    for row in table.to_dict("records"):
        near = planted["file"] == Path(row["file"]).stem
        near &= (planted["onset_s"] < row["offset_s"]) & (planted["offset_s"] > row["onset_s"])
        near &= planted["given"] == row["given"]
        tag = BACKGROUND in (row["given"], row["suggested"])
        near &= (planted["true"] == row["suggested"]) | (not tag)
        hits.append(set(planted.index[near]))
    lines = []
    for first in (*[n for n in FIRST if n < len(hits)], len(hits)):
        found = set().union(*hits[:first])
        lines.append(
            f"first {first}: precision {sum(map(bool, hits[:first])) / first:.2f}, "
            f"recall {len(found)}/{len(planted)} = {len(found) / len(planted):.2f}"
        )
    found = set().union(*hits)
    for kind, mine in planted.groupby(_kinds(planted)):
        lines.append(f"{kind}: {len(found & set(mine.index))} of {len(mine)} found")
    return "\n".join(lines)


def _kinds(planted: pd.DataFrame) -> pd.Series:
    kinds = pd.Series("swapped", planted.index)
    kinds[planted["given"] == BACKGROUND] = "taken away"
    return kinds.mask(planted["true"] == BACKGROUND, "added")


def main() -> None:
    """Plant errors, or judge a review."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(required=True)
    planting = commands.add_parser("plant")
    for name in ("data", "copy"):
        planting.add_argument(name, type=Path)
    planting.add_argument("labels", help="below the folder: scenes.csv, or labels/*.txt")
    planting.add_argument("--share", type=float, default=0.05)
    planting.add_argument("--seed", type=int, default=1)
    planting.add_argument("--separator", default=";")
    judging = commands.add_parser("judge")
    judging.add_argument("copy", type=Path)
    judging.add_argument("events", type=Path)
    given = parser.parse_args()
    if "events" in given:
        print(judge(given.copy, given.events))
    else:
        much = given.share, given.seed, given.separator
        print(f"{plant(given.data, given.copy, given.labels, *much)} errors planted")


if __name__ == "__main__":
    main()
