"""What labels are worth, or what helps rare classes."""

import argparse
from pathlib import Path

from rarewave.base.errors import DataError


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("name", choices=("few-labels", "imbalance"))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3], help="(default: 1 2 3)")
    parser.add_argument("--folds", nargs="+", type=int, default=[], help="one for each replicate")
    parser.add_argument(
        "--shares", nargs="+", type=percent, default=[1, 5, 10, 25, 50, 100], metavar="PERCENT",
        help="of the training labels, for few-labels (default: 1 5 10 25 50 100)",
    )  # fmt: skip
    parser.add_argument("--metric", default="accuracy", help="of the curve (default: accuracy)")
    parser.add_argument(
        "--collect", action="store_true", help="run nothing: the table of what ran before"
    )
    parser.add_argument("--prefix", help="of the experiments' names (default: the study's)")
    parser.add_argument("--out", type=Path, help="a folder (default: studies/NAME)")
    parser.add_argument("changes", nargs="*", metavar="section.name=value", help="for all")


def run(arguments: argparse.Namespace) -> None:
    """Run the experiments of a study, then write and print its table."""
    from rarewave.base.files import write_csv, write_text
    from rarewave.experiments import recipes, studies, study_tables

    changes = dict(recipes.parse(text) for text in arguments.changes)
    seeds, folds = (list(dict.fromkeys(given)) for given in (arguments.seeds, arguments.folds))
    repeats = studies.replicates(seeds, folds)
    few = arguments.name == "few-labels"
    shares = sorted({*(share / 100 for share in arguments.shares), 1.0})
    variants = studies.label_efficiency(shares) if few else studies.imbalance()
    out = arguments.out or Path("studies") / arguments.name
    if arguments.metric not in study_tables.METRICS:
        known = ", ".join(study_tables.METRICS)
        raise DataError(f"--metric {arguments.metric} is none of a study's: {known}")
    if out.is_file():
        raise DataError(f"--out {out} is a file: name a folder")
    if arguments.collect and changes:
        raise DataError(f"--collect runs nothing: leave {next(iter(changes))} out")
    prefix = arguments.prefix or arguments.name
    if not arguments.collect:
        studies.run(variants, repeats, changes, prefix)
    names = studies.names_of(variants, repeats, prefix)
    found = (study_tables.label_efficiency_table if few else study_tables.imbalance_table)(names)
    content = study_tables.text(found)
    if few:
        content += "\n\n" + study_tables.verdict(found, arguments.metric)
        study_tables.draw_curve(out / "curve.png", found, arguments.metric)
    write_csv(out / "table.csv", found.to_dict("records"))
    write_text(out / "table.md", content + "\n")
    print(f"{content}\n\n{out}/")


def percent(text: str) -> float:
    """A share of the labels: above 0, at most 100."""
    value = float(text)
    if not 0 < value <= 100:
        raise ValueError
    return value
