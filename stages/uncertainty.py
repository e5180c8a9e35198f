"""How far the probabilities can be trusted, beside Monte Carlo dropout and calibration."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.compute import Compute
from rarewave.base.files import write_csv, write_json
from rarewave.base.notices import listed
from rarewave.base.tables import TRUST, write_table
from rarewave.base.tasks import Task
from rarewave.dataset.index import Indexed
from rarewave.metrics import calibration, trust
from rarewave.metrics.bootstrap import Bootstrap, units
from rarewave.metrics.comparison import NETWORK, Unit
from rarewave.metrics.decisions import Decisions, decisions, kinds_of, pairs, spread
from rarewave.model import detector, notices, novelty, uncertainty
from rarewave.model.uncertainty import MC_DROPOUT
from rarewave.networks import backend
from rarewave.networks.options import MonteCarlo, Novel
from rarewave.plots import trust as pictures
from stages.shared import artifacts, logbook, params
from stages.shared.data import dataset
from stages.shared.run import run

UNITS = {
    "doubt": "probability that it is wrong",
    "entropy": "bits",
    "deviation": "of the probability",
    "mutual_information": "bits",
}


def main() -> None:
    """Calibrate on validation, score all versions of the network on the test part."""
    options, share = params.options("uncertainty", MonteCarlo, Novel)
    bootstrap, _ = params.options("evaluate", Bootstrap, Unit)
    backend.start(params.options("compute", Compute)[0].threads)
    model, data = detector.load(artifacts.MODEL), dataset()
    split, task = artifacts.split(data.window_id), model.task
    held = split[split["part"].isin(["validation", "test"])].reset_index(drop=True)
    rows, test = held["row"].to_numpy(), (held["part"] == "test").to_numpy()
    windows = artifacts.used_windows().loc[rows]
    truth = data.truth[rows]
    thresholds, unit = artifacts.thresholds()[NETWORK], units(windows, bootstrap)
    each = len(task.names) if task.kind == "tags" else 1  # decisions of a window
    tested = np.repeat(test, each)
    ready: dict[str, trust.Ready] = {}
    alone: list[trust.Ready] = []
    temperatures, seconds, tables = {}, {}, []
    for version, p, took in uncertainty.versions(model, data.X, rows, options):
        mean = detector.together(p)
        made = decisions(task, truth, mean, thresholds, unit)
        signs = spread(pairs(task, p), made.decided)
        forms, warm = calibration.forms(pairs(task, mean), made.true, ~tested)
        given = made, tested, signs if len(p) > 1 else {}
        if version == NETWORK and len(p) > 1:
            alone = [
                trust.on_test(
                    pairs(task, q), decisions(task, truth, q, thresholds, unit), tested, {}
                )
                for q in p
            ]
        ready |= {version + form: trust.on_test(q, *given) for form, q in forms.items()}
        temperatures[version], seconds[version] = warm, took
        doubts = trust.doubt(forms[calibration.TEMPERATURE], made.decided)
        tables.append(table_of(version, held, each, task, made, signs, doubts))
    versions = {name: [one] for name, one in ready.items()}
    if alone:
        versions[uncertainty.MEMBERS] = alone
    table, gains = trust.compare(versions, uncertainty.references(versions), bootstrap)
    write_csv(artifacts.UNCERTAINTY / "table.csv", table.to_dict("records"))
    write_table(artifacts.UNCERTAINTY / "decisions.parquet", pd.concat(tables), TRUST)
    write_json(artifacts.CALIBRATION, {"temperature": temperatures[NETWORK]})
    novel = novelties(model, data, split, share.novel)
    content = {"novel": novel} | trust.report(table, gains, NETWORK) | {"temperature": temperatures}
    off = notices.one_outcome(ready[NETWORK].made.true)
    write_json(artifacts.metrics("uncertainty"), content | listed(off))
    draw(ready, tables)
    print(trust.text(table))
    if artifacts.about_clean("placement")["placement"] == "calls":
        print("of windows centred on labels, which detect does not meet")
    if options.passes and MC_DROPOUT not in ready:
        print(f"{model.network_name} has no dropout, and Monte Carlo dropout nothing to say")
    for version, took in seconds.items():
        print(f"{version}: {took / max(len(rows), 1) * 1000:.3g} s for 1000 windows")
    logbook.close(logbook.open_run("uncertainty"), "uncertainty")


def novelties(
    model: detector.Detector, data: Indexed, split: pd.DataFrame, share: float
) -> dict[str, float]:
    """Keep what windows are compared with; the share of each part's windows that is novel."""
    parts = {
        part: split["row"][split["part"] == part].to_numpy()
        for part in ("train", "validation", "test")
    }
    look = novelty.looker(model)
    known = novelty.learn(model, look, data.X, parts["train"], parts["validation"], share)
    novelty.save(artifacts.NOVELTY, known)
    found: dict[str, float] = {}
    for part in ("validation", "test"):
        sound, level = novelty.judge(known, model, look, data.X, parts[part]).T
        each = {"all": np.maximum(sound, level), "sound": sound, "levels": level}
        found |= {f"{part}.{name}": float((v >= known.at).mean()) for name, v in each.items()}
    return found


def table_of(
    version: str,
    held: pd.DataFrame,
    each: int,
    task: Task,
    made: Decisions,
    signs: dict[str, NDArray[np.float64]],
    doubts: NDArray[np.float64],
) -> pd.DataFrame:
    """Rows of table TRUST, one for each decision."""
    about = held.loc[held.index.repeat(each)].reset_index(drop=True)
    names = np.array(task.names)
    tags = np.tile(names, len(held)) if task.kind == "tags" else None
    kinds = kinds_of(made, 0 if tags is not None else task.background)
    said = names[made.decided] if tags is None else tags
    return about.assign(version=version, name=said, kind=kinds, doubt=doubts, **signs)


def draw(ready: dict[str, trust.Ready], tables: list[pd.DataFrame]) -> None:
    """Reliability, risk against coverage, and what the signs of wrong decisions are worth."""
    folder = artifacts.plots("uncertainty")
    smooth = {k: v for k, v in ready.items() if not k.endswith(calibration.ISOTONIC)}
    pictures.reliability(folder / "reliability.png", smooth)
    pictures.risk_against_coverage(folder / "risk_coverage.png", smooth)
    for table in tables:
        mine, version = table[table["part"] == "test"], str(table["version"].iloc[0])
        signs = {name: mine[name].to_numpy() for name in UNITS}
        if version == NETWORK or mine["deviation"].any():
            title = f"Test decisions by {version.replace('_', ' ')}"
            path = folder / f"signs_{version}.png"
            pictures.histograms(path, signs, mine["kind"].to_numpy("U"), title, UNITS)


if __name__ == "__main__":
    run("uncertainty", main, needs_labels=True)
