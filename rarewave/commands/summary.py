"""The metrics of the last evaluation."""

import argparse
from pathlib import Path


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing stands behind the command."""


def run(arguments: argparse.Namespace) -> None:
    """Print the metrics of the last evaluation and where to look further."""
    from rarewave.experiments import summaries

    print(summaries.table(Path("artifacts/evaluate/table.csv")))
    print(
        "\nPictures: plots/*/*.png, the contact sheet is plots/gradcam/contact_sheet.png"
        "\nRuns and models: make ui, then the address it prints"
        "\nWhere the time went: python -m rarewave times"
    )
