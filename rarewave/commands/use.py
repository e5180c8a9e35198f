"""Write a recipe into params.yaml."""

import argparse
import sys
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("name", help="a file in recipes/, without .yaml")
    parser.add_argument("changes", nargs="*", metavar="section.name=value", help="on top of it")


def run(arguments: argparse.Namespace) -> None:
    """Write a recipe into params.yaml."""
    from rarewave.experiments import recipes
    from rarewave.simulation import samples

    changes = dict(recipes.parse(text) for text in arguments.changes)
    done = recipes.use(arguments.name, changes, Path("recipes"), Path("params.yaml"))
    print("\n".join(done) if done else "params.yaml holds this recipe already")
    settings = recipes.read(Path("params.yaml"))
    data = Path(settings["ingest"]["data"])
    if samples.make(settings["ingest"]["data"]):
        print(f"\nMade the sample {data}, which is generated and tracked by {data}.dvc")
    if not data.is_dir():
        print(
            f"\nThere is no folder {data}. Put or link the data there, or say where they are:\n"
            f"  python -m rarewave use {arguments.name} ingest.data=FOLDER",
            file=sys.stderr,
        )
    print("\nNext: dvc repro, or dvc exp run to compare")
