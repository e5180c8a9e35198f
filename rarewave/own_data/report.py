"""One page on a folder: what is in it, what was decided and why."""

from pathlib import Path

import numpy as np
import pandas as pd

from rarewave.base.files import whole
from rarewave.dataset import looks
from rarewave.own_data.survey import Choices, Survey, between, digits, seconds
from rarewave.plots import contact_sheets

_EXAMPLES = 6
_MOST_CLASSES = 12


def short(survey: Survey, choices: Choices, classes: pd.DataFrame) -> str:
    """A few lines for the terminal; `classes` is what `looking.describe` gives."""
    clean, look, train = (choices[name] for name in ("clean", "spectrogram", "train"))
    rate = clean["sample_rate_hz"].value
    table = _readable(classes)
    shown, more = table.head(_MOST_CLASSES), len(table) - _MOST_CLASSES
    return "\n".join(
        (
            head(survey),
            "",
            shown.to_string(index=False),
            *([f"… and {more} more"] if more > 0 else []),
            "",
            f"task        {clean['target'].value}: {clean['target'].why}",
            f"groups      {survey.ingest['group'].value}: {survey.ingest['group'].why}",
            f"windows     {clean['placement'].value}, {clean['window_samples'].why}",
            f"spectrogram {look['scale'].value}, {look['fmin_hz'].value:g} to "
            f"{look['fmax_hz'].value:g} Hz, {seconds(look['n_fft'].value / rate)} every "
            f"{seconds(look['hop'].value / rate)}, floor {look['floor_db'].value:g} dB",
            f"network     {train['network'].value}: {train['network'].why}; "
            f"{train['epochs'].value} epochs",
        )
    )  # fmt: skip


def head(survey: Survey) -> str:
    """A sentence on the recordings."""
    table = survey.recordings
    rates = ", ".join(f"{rate:g}" for rate in sorted(table["sample_rate"].unique()))
    lengths = survey.seconds
    channels = ", ".join(sorted(set(table["channel"]))[:4])
    starts = "known" if table["start"].notna().all() else "not known"
    count, silent = len(table), int((~table["labelled"]).sum())
    each = f" in all, {between(lengths.min(), lengths.max())} each" if count > 1 else ""
    return (
        f"{count} recording{'s' * (count != 1)}, {seconds(lengths.sum())}{each}, at {rates} Hz, "
        f"channel {channels}; start times are {starts}. {silent or 'None'} "
        f"{'has' if silent == 1 else 'have'} no labels."
    )


def _readable(classes: pd.DataFrame) -> pd.DataFrame:
    """The classes in numbers that one can read."""
    table = classes.copy()
    numbers = table.select_dtypes("number").columns.difference(["events", "recordings", "groups"])
    for name in numbers:
        table[name] = table[name].map(lambda v: "" if np.isnan(v) else f"{digits(v, 3):g}")
    return table


def write(
    folder: Path,
    name: str,
    survey: Survey,
    choices: Choices,
    classes: pd.DataFrame,
    levels: dict[str, float],
    said: list[str],
) -> Path:
    """Write `NAME.md` and its pictures; returns its path.

    Parameters
    ----------
    classes : what `looking.describe` gives.
    levels : quantiles of the power, in dB.
    said : what may be wrong or missing.
    """
    pictures = folder / name
    drawn = _draw(survey, choices["eda"]["n_fft"].value, pictures)
    lines = [
        f"# {name}",
        "",
        f"What is in `{survey.ingest['data'].value}`, and what `recipes/{name}.yaml` makes of it.",
        "",
        head(survey),
        "",
        "## Mind",
        *(f"- {sentence}" for sentence in said),
        "",
        "## Labels",
        _markdown(_readable(classes)),
        "",
        *([] if survey.whole else [f"Gaps between events: {_quantiles(survey.measures.gaps_s)}."]),
        "Power in dB, in the units of the recordings: "
        + ", ".join(f"{float(q):.0%} {value:.0f}" for q, value in levels.items()) + ".",
        "",
        *(f"![{title}]({name}/{file})\n" for title, file in drawn),
        *decisions(choices),
    ]  # fmt: skip
    path = folder / f"{name}.md"
    with whole(path) as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def decisions(choices: Choices) -> list[str]:
    """Lines of a table of all values, each with its reason."""
    return [
        "## Decisions",
        "| parameter | value | why |",
        "|---|---|---|",
        *(
            f"| `{section}.{key}` | `{_cell(str(choice.value))}` | {_cell(choice.why)} |"
            for section, values in choices.items()
            for key, choice in values.items()
        ),
    ]


def _quantiles(values: np.ndarray) -> str:
    if not len(values):
        return "none"
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
    return f"{low:.3g} s (one in ten is shorter), {middle:.3g} s (median), {high:.3g} s"


def _markdown(table: pd.DataFrame) -> str:
    rows = [
        table.columns.tolist(),
        ["---"] * table.shape[1],
        *table.astype(str).map(_cell).to_numpy().tolist(),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(text: str) -> str:
    """Text that does not end a cell of a table."""
    return text.replace("|", "\\|")


def _draw(survey: Survey, n_fft: int, folder: Path) -> list[tuple[str, str]]:
    """A contact sheet and distributions of the labelled events; titles and names of files."""
    certain = survey.certain
    if not len(certain):
        return []
    folder.mkdir(parents=True, exist_ok=True)
    by_name = {row["recording_id"]: row for row in survey.recordings.to_dict("records")}
    top = min(1.5 * survey.band()[1], survey.least_rate / 2)
    rng = np.random.Generator(np.random.PCG64(1))
    sheet = {}
    for label in certain["label"].value_counts().index[:_MOST_CLASSES]:
        mine = certain[certain["label"] == label]
        some = mine.iloc[rng.permutation(len(mine))[:_EXAMPLES]].to_dict("records")
        sheet[str(label)] = [
            looks.example(event, by_name[event["recording_id"]], survey.folder.root, n_fft, top)
            for event in some
        ]
    contact_sheets.examples(folder / "contact_sheet.png", sheet, "Labelled events, drawn at random")
    known = survey.measures.events.assign(
        bandwidth_hz=lambda table: table["high_hz"] - table["low_hz"]
    )
    contact_sheets.distributions(folder / "distributions.png", known, "Labelled events")
    return [("Examples", "contact_sheet.png"), ("Distributions", "distributions.png")]
