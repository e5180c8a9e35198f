"""What may be wrong with a folder or missing from it, each with number, consequence and remedy."""

import json

import numpy as np

from rarewave.own_data import looking
from rarewave.own_data.grouping import Grouping, eventful
from rarewave.own_data.survey import UNLABELLED, Choice, Choices, Survey, seconds
from rarewave.splits.notices import EXAMPLES, GROUPS, few_groups

_SILENT_DB = -100.0  # of full scale
_CLIPPED = 1e-3  # share of samples at full scale
_FAINT_DB = 3.0
_UNITS_DB = 80.0  # between recordings: no gain that one would choose
# What other sentences say.
_SAID = ("unlabelled_recordings", "left_out", "recordings_with_times")
_FEW = 30  # events: a threshold on the level does as well
_MOVED = 0.3  # of a median event: labels shifted so far miss their sounds


def find(survey: Survey, choices: Choices) -> list[str]:
    """Sentences for the terminal and the report, the gravest first."""
    target = str(choices["clean"]["target"].value)
    return _labels(survey, target) + of_recordings(survey) + _proof(survey, choices["split"])


def _labels(survey: Survey, target: str) -> list[str]:
    said = []
    certain = survey.certain.assign(label="event") if target == "event" else survey.certain
    table = looking.describe(survey._replace(events=certain))
    few = table[table["events"] < EXAMPLES]
    if len(few):
        names = ", ".join(f"{r.label} ({r.events})" for r in few.head(8).itertuples())
        said.append(
            f"{len(few)} of {len(table)} classes have fewer than {EXAMPLES} examples: "
            f"{names}; their scores mean little: label more, or merge them with ingest.classes"
        )
    said += _spelt(list(table["label"]))
    count = survey.certain["event_id"].nunique()
    if count < _FEW and not survey.whole:
        said.append(
            f"{count} events are too few for a network to learn from: compare it with level and "
            "sta_lta in the summary, which need none; label more"
        )
    apart = table[table["groups"] < GROUPS]
    if len(apart) and survey.ingest["group"].value != "block":
        names = ", ".join(f"{r.label} ({r.groups})" for r in apart.head(8).itertuples())
        said.append(
            f"{len(apart)} of {len(table)} classes are in fewer than {GROUPS} groups, so they "
            f"cannot be in training, validation and test: {names}; add recordings of other places "
            "or days"
        )
    shift, length = survey.measures.recordings["shift_s"], survey.duration(0.5)
    moved = shift.dropna()
    if len(moved) >= 3 and abs(moved.median()) > _MOVED * length and not survey.whole:
        said.append(
            f"labels look shifted: in {len(moved)} recordings the sound is "
            f"{seconds(abs(moved.median()))} {'later' if moved.median() > 0 else 'earlier'} than "
            "its label (median): check the clocks, or whether recordings were cut after labelling"
        )
    snr = survey.measures.events["snr_db"]
    if len(snr) and not survey.whole and snr.fillna(0).median() < _FAINT_DB:
        said.append(
            f"half of the labelled events stand less than {_FAINT_DB:g} dB above the noise: are "
            "these the labels of these recordings, and do their times fit?"
        )
    long, middle = survey.duration(1.0), survey.duration(0.5)
    if long > 5 * middle and not survey.whole:
        said.append(
            f"the longest event lasts {seconds(long)}, the median one {seconds(middle)}: is it one "
            "event, or a label of a stretch?"
        )
    over = float(np.mean(survey.measures.gaps_s < 0)) if len(survey.measures.gaps_s) else 0.0
    if over > 0.02 and not survey.whole:
        said.append(f"{over:.0%} of the labels overlap the one before")
    return said


def _spelt(labels: list[str]) -> list[str]:
    """Labels that differ in capitals only; the first of `labels` is the usual form."""
    forms: dict[str, list[str]] = {}
    for label in labels:
        forms.setdefault(label.casefold(), []).append(label)
    alike = [names for names in forms.values() if len(names) > 1]
    if not alike:
        return []
    listed = ", ".join(" and ".join(names) for names in alike[:4])
    renamed = {name: names[0] for names in alike for name in names[1:]}
    return [
        f"{len(alike)} of {len(forms)} labels are written in capitals and not, as {listed}: if "
        f"these are one, write ingest.classes: {json.dumps(renamed, ensure_ascii=False)}"
    ]


def of_recordings(survey: Survey) -> list[str]:
    """What needs no label to be seen."""
    said = []
    table, measured = survey.recordings, survey.measures.recordings
    silent = table["path"][~table["labelled"]]
    if len(silent) and survey.form != UNLABELLED:
        said.append(
            f"{len(silent)} of {len(table)} recordings have no labels, as {silent.iloc[0]}: they "
            "are neither background nor tested; where nothing is in them, give them an empty label "
            "file or row"
        )
    rates = sorted(table["sample_rate"].unique())
    if len(rates) > 1:
        listed = ", ".join(f"{rate:g}" for rate in rates)
        said.append(
            f"recordings have {len(rates)} sampling rates ({listed} Hz): all are brought to the "
            "lowest, and what only the others hold above it is lost"
        )
    said += [
        f"{finding.replace('_', ' ')}: {len(names)}, as {names[0]}"
        for finding, names in survey.report.items()
        if isinstance(names, list) and names and finding not in _SAID
    ]
    spread = float(np.subtract(*measured["level_db"].quantile([0.95, 0.05])))
    if spread > _UNITS_DB:
        said.append(
            f"levels of recordings differ by {spread:.0f} dB: do some hold counts and others "
            "ground motion, or very different gains? clean.output removes the response of the "
            "instruments"
        )
    if survey.folder.seismic:
        return said
    clipped = measured["recording_id"][measured["clipped"] > _CLIPPED]
    if len(clipped):
        said.append(
            f"{len(clipped)} of {len(measured)} recordings looked at are clipped, as "
            f"{clipped.iloc[0]}: loud events are distorted there; record with less gain"
        )
    mute = measured["recording_id"][measured["level_db"] < _SILENT_DB]
    if len(mute):
        said.append(f"{len(mute)} of {len(measured)} recordings are silent, as {mute.iloc[0]}")
    return said


def _proof(survey: Survey, split: dict[str, Choice]) -> list[str]:
    """What a test part of so many groups can prove, and whether parts can be made of them."""
    said = []
    ingest, folds = survey.ingest, survey.recordings["fold"]
    way = Grouping(ingest, survey.recordings["group"])
    if way.name == "block" and split["purge_s"].value > ingest["block_s"].value:
        said.append(
            f"parts must be {seconds(split['purge_s'].value)} apart, and stretches of recordings "
            f"are {seconds(ingest['block_s'].value)} long: most of what lies beside the test part "
            "is left out, perhaps all; record longer"
        )
    if (folds != "").any() and survey.whole and "test_fold" not in split:
        named = ", ".join(sorted(set(folds))[:5])
        said.append(
            f"the table gives folds {named}, which are not used: folds are whole numbers; a "
            "published test part is split.test_recordings"
        )
    held = eventful(way, survey.recordings, survey.events)
    return said + [notice.says for notice in few_groups(held, way.name)]
