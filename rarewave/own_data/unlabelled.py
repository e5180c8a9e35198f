"""A folder that nobody has labelled: what is in it, and what to label first."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rarewave.base.files import whole, write_csv
from rarewave.base.parallel import ordered_map
from rarewave.dataset import label_first, looks
from rarewave.dataset.label_first import Windows
from rarewave.frontend.spectrogram import Spectrogram, spectrograms
from rarewave.own_data import report
from rarewave.own_data.survey import Choices, Survey
from rarewave.own_data.without_labels import window_s
from rarewave.plots import charts, contact_sheets
from rarewave.recordings import reading

_MOST = 20_000  # windows that are compared, spread over all recordings


def compare(survey: Survey) -> Windows:
    """Windows of all recordings, each in bands above the background of its own recording.

    The level of each band (mean and highest of the window) less its median over the recording's
    windows, so that gain and place do not part them.
    """
    seconds = window_s(survey)
    total = int(np.ceil(survey.seconds / seconds).sum())
    step = seconds * max(1, int(np.ceil(total / _MOST)))
    top_hz, folder = survey.least_rate / 2, survey.folder.root
    work = partial(_one, folder=folder, seconds=seconds, step=step, top_hz=top_hz)
    found = list(ordered_map(work, survey.recordings.to_dict("records"), "compare"))
    table = pd.concat([part.table for part in found], ignore_index=True)
    values = np.concatenate([part.features for part in found])
    above = label_first.above_background(values, table["recording_id"])
    return Windows(table.assign(above_db=label_first.loudest(above)), above)


def _one(row: dict[str, Any], folder: Path, seconds: float, step: float, top_hz: float) -> Windows:
    """Windows of one recording with the levels of their bands; nothing is compared yet."""
    rate, count = row["sample_rate"], row["n_samples"]
    length = round(seconds * rate)
    first = np.arange(0, max(1, count - length + 1), round(step * rate))
    # At least a row for each band, all of them below top_hz.
    rows = 2 ** np.ceil(np.log2(1.2 * label_first.BANDS * rate / top_hz))
    n_fft = int(max(rows, 2 ** np.floor(np.log2(max(16, min(length / 8, 2048))))))
    mel = top_hz > 3000
    look = Spectrogram("mel" if mel else "linear", n_fft, n_fft // 2, 32, 0.0, top_hz, -300, 0, 0.2)
    values = []
    for at in first:
        stop = min(at + length, count)
        samples = np.nan_to_num(reading.read(folder / row["path"], row["channel"], at, stop))
        padded = np.pad(samples, (0, max(0, length - len(samples))))
        level = spectrograms(padded[None].astype(np.float32), rate, look)[..., 0]
        values.append(label_first.levels(level)[0])
    table = pd.DataFrame(
        {
            "recording_id": row["recording_id"],
            "path": row["path"],
            "start_s": first / rate,
            "end_s": np.minimum((first + length) / rate, count / rate),
        }
    )
    return Windows(table, np.stack(values))


def propose(survey: Survey, choices: Choices, noticed: list[str], reports: Path, name: str) -> Path:
    """Look at all recordings, write what to label first and the page that shows it."""
    table = label_first.pick(compare(survey))
    picked = label_first.picked(table)
    place = reports / name
    place.mkdir(parents=True, exist_ok=True)
    columns = list(label_first.COLUMNS)
    write_csv(place / "label_first.csv", picked[columns].round(3).to_dict("records"))
    write_csv(
        place / "windows.csv", table[[*columns, "x", "y", "picked"]].round(3).to_dict("records")
    )
    title = "Windows of all recordings, by kind"
    axes = ("first principal component [dB]", "second principal component [dB]")
    charts.scatter(place / "windows.png", label_first.places(table), title, *axes)
    by_name = {row["recording_id"]: row for row in survey.recordings.to_dict("records")}
    sheet = {
        f"kind {kind}": [
            looks.example(event, by_name[event["recording_id"]], survey.folder.root, 512, np.inf)
            for event in mine.rename(columns={"start_s": "onset_s", "end_s": "offset_s"}).to_dict(
                "records"
            )
        ]
        for kind, mine in picked.groupby("kind")
    }
    contact_sheets.examples(place / "contact_sheet.png", sheet, "What to label first")
    path = reports / f"{name}.md"
    with whole(path) as part:
        text = "\n".join(_page(survey, choices, noticed, table, name)) + "\n"
        part.write_text(text, encoding="utf-8")
    return path


def steps(survey: Survey, choices: Choices, name: str, reports: Path) -> str:
    """For the terminal: what can be done without labels."""
    data = survey.ingest["data"].value
    seismic = survey.folder.seismic
    form = "a catalogue (event_id,start,end,type)" if seismic else "NAME.txt beside NAME.wav"
    epochs = choices["pretrain"]["epochs"]
    return "\n".join(
        (
            "There are no labels: nothing can be trained or tested yet. What can be done:",
            f"- Label the windows of {reports}/{name}/label_first.csv first, the most usual and",
            f"  the loudest of each kind, in Audacity or Raven ({form}),",
            "  each of these recordings to its end; then",
            f"    python -m rarewave new {name} {data} --force",
            "- Learn from them without labels, and see all windows as the encoder does "
            f"({epochs.value} epochs,",
            f"  {epochs.why}):",
            "    dvc repro pretrain",
            "- Search them with a detector that you have or were given:",
            f"    python -m rarewave detect MODEL {data} --out found",
        )
    )


def _page(
    survey: Survey, choices: Choices, noticed: list[str], table: pd.DataFrame, name: str
) -> list[str]:
    kinds = table.groupby("kind").agg(
        windows=("path", "size"), recordings=("path", "nunique"), above_db=("above_db", "median")
    )
    return [
        f"# {name}: not labelled yet",
        "",
        report.head(survey),
        "",
        *(f"- {sentence}" for sentence in noticed),
        "",
        f"{len(table)} windows were compared by the level of their bands above the background of "
        "their recording.",
        "",
        "| kind | windows | recordings | dB above the background (median) |",
        "|---|---|---|---|",
        *(
            f"| {kind} | {r.windows} | {r.recordings} | {r.above_db:.0f} |"
            for kind, r in zip(kinds.index, kinds.itertuples(), strict=True)
        ),
        "",
        f"Label the {int(table['picked'].sum())} windows of `{name}/label_first.csv` first: the "
        "most usual and the loudest of each kind. What is not labelled in a recording with a label "
        "file counts as background, so label each of these recordings to its end, or cut it.",
        "",
        f"![What to label first]({name}/contact_sheet.png)",
        "",
        f"![All windows]({name}/windows.png)",
        "",
        *report.decisions(choices),
    ]
