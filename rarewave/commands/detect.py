"""Find events in whole recordings with a trained model."""

import argparse
from pathlib import Path

from rarewave.annotations.writing import WRITERS
from rarewave.base.errors import DataError
from rarewave.commands.channels import channel_of
from rarewave.commands.paths import path


def arguments(parser: argparse.ArgumentParser) -> None:
    """What stands behind the command."""
    parser.add_argument("model", help="a folder, a .keras file in it, or an MLflow URI")
    parser.add_argument("recordings", nargs="+", type=path, help="files, or folders of them")
    parser.add_argument(
        "--format",
        type=forms_of,
        action="extend",
        metavar="FORMAT,...",
        help=f"one or more of {', '.join(WRITERS)} (default: raven)",
    )
    parser.add_argument("--out", type=path, default=Path("detections"), help="a new folder")
    parser.add_argument(
        "--channel",
        type=channel_of,
        help="of sound files: from 1, or mean; of others a pattern, as 'XA.S12.*.MHZ' (default: "
        "the model's)",
    )
    parser.add_argument(
        "--start-pattern",
        metavar="PATTERN",
        help="of the time in file names: %%Y%%m%%d_%%H%%M%%S (default: the model's)",
    )
    parser.add_argument(
        "--in-order", action="store_true", help="files follow one another as they are given"
    )
    parser.add_argument(
        "--stations", type=Path, metavar="XML", help="StationXML: gives events of quakeml a place"
    )
    parser.add_argument(
        "--any-level",
        action="store_true",
        help="also where most recordings are far louder or fainter than all that the model "
        "learnt from, as in another unit",
    )
    parser.add_argument(
        "--abstain",
        action="store_true",
        help="leave events whose sound or levels are unlike all that the model learnt from out of "
        "the lists, and keep them in novel.csv",
    )


def forms_of(text: str) -> tuple[str, ...]:
    """Names of formats, apart by commas; raises `ArgumentTypeError` for others."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    unknown = [name for name in names if name not in WRITERS]
    if unknown:
        raise argparse.ArgumentTypeError(
            f"{unknown[0]!r} is no format: choose from {', '.join(WRITERS)}"
        )
    return names


def run(arguments: argparse.Namespace) -> None:
    """Run a model over whole recordings."""
    from rarewave.commands import results

    with results.opened(arguments.out) as part:  # before TensorFlow is loaded
        from rarewave.commands import detecting

        wishes = detecting.Wishes(
            tuple(dict.fromkeys(arguments.format or ["raven"])),
            arguments.channel,
            arguments.start_pattern,
            arguments.in_order,
            arguments.stations,
            arguments.any_level,
            arguments.abstain,
        )
        given = arguments.model, arguments.recordings, arguments.out, part, wishes
        good = detecting.detect(*given)
    if not good:
        raise DataError(f"some recordings were not seen in full: {arguments.out / 'coverage.csv'}")
