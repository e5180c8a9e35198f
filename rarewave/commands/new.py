"""A recipe for a folder of recordings and labels: look, decide, explain, write."""

import argparse
import sys
from pathlib import Path

from rarewave.commands.paths import path


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("name", help="of the recipe, written to recipes/NAME.yaml")
    parser.add_argument("folder", type=path, help="of recordings and labels, in any form")
    parser.add_argument(
        "--task", choices=("event", "classes", "tags"),
        help="event or not, one of several classes, or any at once; default: what labels suggest",
    )  # fmt: skip
    parser.add_argument(
        "--labels", choices=("catalogues", "files", "tables", "clips", "folders", "names", "none"),
        help="where labels are, if there are several forms; none: what looks like labels is none",
    )  # fmt: skip
    parser.add_argument(
        "--group", choices=("day", "station", "folder", "recording", "given", "name", "block"),
        help="what must not be split; default: the strictest that leaves enough groups",
    )  # fmt: skip
    parser.add_argument(
        "--columns", metavar="WHAT=NAME,...",
        help="of label files, as start=t0,end=t1,label=what,file=name: those that are not found",
    )  # fmt: skip
    parser.add_argument("--channels", metavar="PATTERN", help="of seismic files, as XA.S12.*.MHZ")
    parser.add_argument("--time-zone", metavar="ZONE", help="of times in names, as Europe/Berlin")
    parser.add_argument("--force", action="store_true", help="replace the recipe of that name")


def run(arguments: argparse.Namespace) -> None:
    """Look, decide, write the recipe and put it into params.yaml."""
    from rarewave.base import yaml
    from rarewave.experiments import recipes
    from rarewave.own_data import proposal
    from rarewave.own_data.looking import Asked

    given = ("task", "labels", "group", "time_zone", "channels", "columns")
    asked = Asked(**{name: getattr(arguments, name) for name in given})
    default = Path("recipes") / f"{recipes.DEFAULT}.yaml"
    defaults = yaml.read(default, "run this from the folder of the project")
    made = proposal.propose(arguments.name, arguments.folder, defaults, asked, arguments.force)
    print("\n".join((made.text, "", *made.noticed)))
    for concern in made.concerns:
        print(f"mind: {concern}", file=sys.stderr)
    recipes.use(arguments.name, {}, Path("recipes"), Path("params.yaml"))
    print(
        f"\nWrote {made.recipe}, each value with its reason, and {made.report}; params.yaml holds "
        f"the recipe.\n{made.then}"
    )
