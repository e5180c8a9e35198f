"""Recordings and labels to the tables of recordings and events."""

from rarewave.annotations import listing
from rarewave.annotations.by_time import Uncertainty
from rarewave.annotations.intake import take_in
from rarewave.annotations.listing import Wanted
from rarewave.annotations.sources import Sources
from rarewave.base import parameters
from rarewave.base.files import write_csv, write_json
from rarewave.base.notices import listed
from rarewave.base.tables import EVENTS, RECORDINGS, write_table
from rarewave.dataset import training_calls
from rarewave.dataset.placement import Placement
from rarewave.frontend.cleaning import Cleaning
from rarewave.splits.folds import make_folds
from rarewave.splits.notices import few_groups
from stages.shared import artifacts, params
from stages.shared.run import run


def main() -> None:
    """Read every recording once, read the labels, report what does not fit."""
    sources, uncertainty = params.options("ingest", Sources, Uncertainty)
    section = params.read_section("clean")
    signal = parameters.build(Cleaning, section, "clean")
    placement = parameters.build(Placement, section, "clean")
    wanted = Wanted(signal, placement.window_samples, placement.pad_short)
    table, events, report, counts = take_in(sources, uncertainty, wanted)
    artifacts.CLASSES.unlink(missing_ok=True)
    if counts is not None:
        print(f"ingest.classes:\n{counts.to_string(index=False)}")
        write_csv(artifacts.CLASSES, counts.to_dict("records"))
    if sources.folds:
        table["fold"] = make_folds(table, events, sources.folds, sources.fold_seed)
    for finding, names in report.items():
        if isinstance(names, list) and names:
            more = " …" if len(names) > 3 else ""
            print(f"{finding.replace('_', ' ')}: {len(names)}: {'; '.join(names[:3])}{more}")
    write_table(artifacts.RECORDINGS, table, RECORDINGS)
    write_table(artifacts.EVENTS, events, EVENTS)
    write_json(artifacts.INGEST_REPORT, report)
    numbers = {k: len(v) if isinstance(v, list) else v for k, v in report.items()}
    summary = listing.summary(table, events) | {"found": numbers}
    parted = table, events[events["certain"]]
    if sources.group == "block":
        parted = training_calls.in_blocks(*parted, sources.block_s)
    eventful = parted[0]["group"][parted[0]["recording_id"].isin(parted[1]["recording_id"])]
    off = few_groups(eventful.nunique(), sources.group)
    write_json(artifacts.metrics("ingest"), summary | listed(off))


if __name__ == "__main__":
    run("ingest", main)
