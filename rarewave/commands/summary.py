"""The last run: of which state it is, its scores, and what is off."""

import argparse
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing stands behind the command."""


def run(arguments: argparse.Namespace) -> None:
    """Print of which state the outputs are, the scores, the warnings, and where to look further."""
    from rarewave.experiments import state, summaries

    found = state.stale()
    print(state.text(found), end="\n\n")
    if state.labelled():
        if "evaluate" in found.why:
            print("OF AN EARLIER STATE:")
        print(summaries.text(summaries.read(Path("artifacts/evaluate/table.csv"))))
    else:
        print("Nothing is labelled (ingest.labels: none), so there are no scores.\n")
    print(summaries.warnings(Path("metrics"), state.stages(), found.why))
    print(
        "\nPictures: plots/*/*.png, the contact sheet is plots/gradcam/contact_sheet.png"
        "\nRuns and models: make ui, then the address it prints"
        "\nWhere the time went: python -m rarewave times"
    )
