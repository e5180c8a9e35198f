"""The command line: python -m rarewave COMMAND."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from rarewave.base.errors import DataError

MODEL = Path("artifacts/train/detector.keras")
SETTING = re.compile(r"\w+\.\w+=")


def use(arguments: argparse.Namespace) -> None:
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


def inspect(arguments: argparse.Namespace) -> None:
    """Print layers, shapes, parameters and statistics of weights."""
    from rarewave.model import inspection
    from rarewave.networks import kerasfile

    model = kerasfile.load(arguments.model)
    print(f"{'layer':<12}{'kind':<24}{'output':<16}{'array':<16}{'count':>8}", end="")
    print("".join(f"{name:>10}" for name in ("mean", "std", "min", "max")))
    for row in inspection.layer_table(model):
        print(f"{row['layer']:<12}{row['kind']:<24}{row['output']:<16}", end="")
        print(f"{row['array']:<16}{row['count']:>8,}", end="")
        print("".join(f"{row[n]:>10.4f}" for n in ("mean", "std", "min", "max") if n in row))
    found = inspection.totals(model)
    print(f"\nweights {found['weights']:,}; with the optimiser's {found['with_optimiser']:,}")


def rebuild(arguments: argparse.Namespace) -> None:
    """Build the network anew, load the weights, compare and save."""
    from rarewave.model import inspection
    from rarewave.networks import kerasfile

    kerasfile.save(inspection.rebuild(arguments.model), arguments.out)
    print(f"{arguments.out}: identical, layer by layer")


def times(arguments: argparse.Namespace) -> None:
    """Print where the time of the last run went."""
    from rarewave.base import timing

    rows = timing.last_run()
    if not rows:
        raise DataError("no run yet: dvc repro makes one")
    columns = ("work", "imports", "MLflow", "DVC")
    print(f"{'seconds':<14}" + "".join(f"{name:>10}" for name in columns))
    for row in rows:
        print(f"{row['stage']:<14}" + "".join(f"{row[name]:>10.2f}" for name in columns))
    total = {name: sum(float(row[name]) for row in rows) for name in columns}
    print(f"{'total':<14}" + "".join(f"{total[name]:>10.2f}" for name in columns))


def summary(arguments: argparse.Namespace) -> None:
    """Print the metrics of the last evaluation and where to look further."""
    from rarewave.experiments import summaries

    print(summaries.table(Path("artifacts/evaluate/table.csv")))
    print(
        "\nPictures: plots/*/*.png, the contact sheet is plots/gradcam/contact_sheet.png"
        "\nRuns and models: make ui, then the address it prints"
        "\nWhere the time went: python -m rarewave times"
    )


def compare(arguments: argparse.Namespace) -> None:
    """Print average precision over several experiments, each a test part of its own."""
    from rarewave.experiments import comparing

    print(comparing.text(arguments.experiments))


def crossvalidate(arguments: argparse.Namespace) -> None:
    """Run an experiment for every fold, then print their scores, mean and spread."""
    from rarewave.experiments import crossvalidation

    names = crossvalidation.run(arguments.folds, arguments.changes, arguments.name)
    print(crossvalidation.text(crossvalidation.collect(names)))


def collect(arguments: argparse.Namespace) -> None:
    """Print the scores of several experiments, mean and spread."""
    from rarewave.experiments import crossvalidation

    print(crossvalidation.text(crossvalidation.collect(arguments.experiments)))


def study(arguments: argparse.Namespace) -> None:
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


def benchmark(arguments: argparse.Namespace) -> None:
    """Print how fast a detector scans recordings, beside its network alone."""
    from rarewave.commands import benchmark as commands_benchmark

    for name, value in commands_benchmark.benchmark(arguments.model, arguments.recordings).items():
        print(f"{name:<16}{value:12.2f}")


def detect(arguments: argparse.Namespace) -> None:
    """Run a model over whole recordings."""
    from rarewave.commands import detect as commands_detect

    good = commands_detect.detect(
        arguments.model,
        arguments.recordings,
        arguments.format,
        arguments.out,
        arguments.channel,
        arguments.start_pattern,
        arguments.in_order,
    )
    if not good:
        raise DataError(f"some recordings were not seen in full: {arguments.out / 'coverage.csv'}")


def explain(arguments: argparse.Namespace) -> None:
    """Say why a model finds what it finds in one recording."""
    from rarewave.explanation import recording

    recording.explain(arguments.model, arguments.audio, arguments.out, arguments.at, arguments.top)


def parser() -> argparse.ArgumentParser:
    """The commands and their arguments."""
    top = argparse.ArgumentParser(prog="python -m rarewave", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: object, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made

    command = add("use", use, "write a recipe into params.yaml")
    command.add_argument("name", help="a file in recipes/, without .yaml")
    command.add_argument("changes", nargs="*", metavar="section.name=value", help="on top of it")
    command = add("inspect", inspect, "layers, shapes, parameters and statistics of weights")
    command.add_argument("model", nargs="?", type=Path, default=MODEL, help="a .keras file")
    command = add("rebuild", rebuild, "build the network anew and check it layer by layer")
    command.add_argument("model", nargs="?", type=Path, default=MODEL, help="a .keras file")
    command.add_argument("--out", type=Path, default=Path("rebuilt_detector.keras"))
    command = add("compare", compare, "average precision over experiments, network and baselines")
    command.add_argument("experiments", nargs="+", help="names, as dvc exp show prints them")
    command = add("crossvalidate", crossvalidate, "an experiment for every fold, and their scores")
    command.add_argument("--folds", nargs="+", type=int, default=[], help="(default: all)")
    command.add_argument("--name", default="fold", help="of the experiments, a number behind it")
    command.add_argument("changes", nargs="*", metavar="section.name=value", help="for all folds")
    command = add("study", study, "what labels are worth, or what helps rare classes")
    command.add_argument("name", choices=("few-labels", "imbalance"))
    command.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3], help="(default: 1 2 3)")
    command.add_argument("--folds", nargs="+", type=int, default=[], help="one for each replicate")
    command.add_argument(
        "--shares", nargs="+", type=percent, default=[1, 5, 10, 25, 50, 100], metavar="PERCENT",
        help="of the training labels, for few-labels (default: 1 5 10 25 50 100)",
    )  # fmt: skip
    command.add_argument(
        "--metric", default="accuracy", help="of the curve (default: accuracy)",
        choices=("accuracy", "macro_f1", "balanced_accuracy", "rare_recall"),
    )  # fmt: skip
    command.add_argument(
        "--collect", action="store_true", help="run nothing: the table of what ran before"
    )
    command.add_argument("--prefix", help="of the experiments' names (default: the study's)")
    command.add_argument("--out", type=Path, help="a folder (default: studies/NAME)")
    command.add_argument("changes", nargs="*", metavar="section.name=value", help="for all")
    command = add("collect", collect, "scores of several experiments, mean and spread")
    command.add_argument("experiments", nargs="+", help="names, as dvc exp show prints them")
    command = add("detect", detect, "find events in whole recordings with a trained model")
    command.add_argument("model", help="a folder, a .keras file in it, or an MLflow URI")
    command.add_argument("recordings", nargs="+", type=Path, help="files, or folders of them")
    command.add_argument(
        "--format", default="raven", choices=("raven", "audacity", "csv", "dcase", "quakeml")
    )
    command.add_argument("--out", type=Path, default=Path("detections"), help="a folder")
    command.add_argument("--channel", type=int, help="of sound files, from 1 (default: the mean)")
    command.add_argument(
        "--start-pattern", metavar="PATTERN", help="of the time in file names: %%Y%%m%%d_%%H%%M%%S"
    )
    command.add_argument(
        "--in-order", action="store_true", help="files follow one another as they are given"
    )
    command = add("explain", explain, "why a model finds what it finds in one recording")
    command.add_argument("model", help="as for detect")
    command.add_argument("audio", type=Path, help="a recording, sound or seismic")
    command.add_argument("--out", type=Path, default=Path("explanation"), help="a folder")
    command.add_argument("--at", type=float, metavar="SECONDS", help="only the window there")
    command.add_argument("--top", type=int, default=1, metavar="N", help="windows of each class")
    command = add("benchmark", benchmark, "how fast a detector scans, beside its network alone")
    command.add_argument("model", help="as for detect")
    command.add_argument("recordings", nargs="+", type=Path)
    add("times", times, "where the time of the last run went, stage by stage")
    add("summary", summary, "the metrics of the last evaluation")
    return top


def percent(text: str) -> float:
    """A share of the labels: above 0, at most 100."""
    value = float(text)
    if not 0 < value <= 100:
        raise ValueError
    return value


def parse(given: Sequence[str]) -> argparse.Namespace:
    """Arguments of a command; section.name=value may stand behind a list, such as --folds 1 2."""
    takes_settings = given[:1] and given[0] in ("use", "crossvalidate", "study")
    settings = [text for text in given if takes_settings and SETTING.match(text)]
    arguments = parser().parse_args([text for text in given if text not in settings])
    if settings:
        arguments.changes = [*arguments.changes, *settings]
    return arguments


def main() -> None:
    """Run a command; a user's mistake ends it with one message and exit code 1."""
    arguments = parse(sys.argv[1:])
    try:
        arguments.run(arguments)
    except DataError as error:
        sys.exit(f"rarewave: {error}")
    except KeyboardInterrupt:
        sys.exit("rarewave: stopped")


if __name__ == "__main__":
    main()
