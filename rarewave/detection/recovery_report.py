"""What detectors recover, as tables and metrics."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from rarewave.detection.false_alarms import Operated
from rarewave.detection.recovery_options import Recovery
from rarewave.metrics import recovery_curves
from rarewave.metrics.comparison import NETWORK
from rarewave.metrics.recovery_curves import POINTS, Tested

# So often by chance: where half of the events are found, a third is for what they are.
OFTEN = 0.25
CURVES = ("detector", "low_db", "high_db", "snr_db", "events", "found", "share", "low", "high")


def tested(
    rows: pd.DataFrame,
    systems: Sequence[str],
    options: Recovery,
    strongest_db: Mapping[str, float],
) -> dict[str, Tested]:
    """What `recovery.recovered` gives, of all types where there are several, and of each."""
    found = {}
    for kind, mine in _by_type(rows).items():
        high = max(min(options.snr_high_db, strongest_db[name]) for name in mine["kind"].unique())
        hits = {name: mine[f"found_{name}"].to_numpy(bool) for name in systems}
        found[kind] = Tested(mine["snr_db"].to_numpy(), hits, options.snr_low_db, high)
    return found


def _by_type(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    parts = {str(kind): mine for kind, mine in rows.groupby("kind")}
    return ({"all": rows} if len(parts) > 1 else {}) | parts


def curves(known: Mapping[str, Tested], step_db: float) -> pd.DataFrame:
    """Shares found by type, detector and step of the ratio of signal to noise."""
    tables = [recovery_curves.bins(one, step_db).assign(kind=kind) for kind, one in known.items()]
    return pd.concat(tables, ignore_index=True)[["kind", *CURVES]]


def by_detector(curve: pd.DataFrame) -> list[dict[str, Any]]:
    """Shares of all types, a row for each step and a column for each detector, for DVC."""
    mine = curve[curve["kind"] == curve["kind"].iloc[0]]
    wide = mine.pivot(index="snr_db", columns="detector", values="share")
    wide = wide[list(dict.fromkeys(mine["detector"]))].dropna()
    return [dict(row) for row in wide.reset_index().to_dict("records")]


def table(
    known: Mapping[str, Tested], resamples: int, seed: int
) -> tuple[pd.DataFrame, dict[str, dict[str, Any]]]:
    """Points of each detector and type with intervals, and the network's lead over the others.

    Returns
    -------
    kind, detector, events, found, and for each point its value, `_low`, `_high` and `_beyond`;
    `lead`, `lead_low`, `lead_high` and `lead_bound`: how many dB fainter the network's 50 % point
    is. And the points by type and detector, with the curves.
    """
    rows, every = [], {}
    for kind, one in known.items():
        points = recovery_curves.points(one, resamples, seed)
        leads = recovery_curves.differences(points, NETWORK)
        every[kind] = points
        for name, hit in one.found.items():
            row = {"kind": kind, "detector": name, "events": len(hit), "found": int(hit.sum())}
            for key in POINTS:
                mine = points[name][key]
                row |= {key: mine["value"]}
                row |= {f"{key}_{end}": mine[end] for end in ("low", "high", "beyond")}
            lead = leads.get(name, {"value": None, "low": None, "high": None, "bound": ""})
            row |= {"lead" if k == "value" else f"lead_{k}": v for k, v in lead.items()}
            rows.append(row)
    return pd.DataFrame(rows), every


def with_chance(points: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The table with `by_chance`: where so many are found without an event at these places, too.

    A lead is unknown where the network or the other one finds as many as `OFTEN`.
    """
    parts = _by_type(rows)
    pairs = zip(points["kind"], points["detector"], strict=True)
    chance = points.assign(
        by_chance=[parts[kind][f"without_{name}"].mean() for kind, name in pairs]
    )
    network = chance[chance["detector"] == NETWORK].set_index("kind")["by_chance"]
    often = np.maximum(chance["by_chance"], chance["kind"].map(network)) >= OFTEN
    unknown = often & (chance["detector"] != NETWORK)
    return chance.assign(lead_bound=chance["lead_bound"].mask(unknown, "unknown"))


def metrics(
    points: pd.DataFrame,
    rows: pd.DataFrame,
    validation: Mapping[str, Operated],
    test: Mapping[str, Operated],
) -> dict[str, Any]:
    """What metrics/recover.json holds: of each detector threshold, false alarms and points.

    Parameters
    ----------
    points : from `with_chance`.
    """
    content: dict[str, Any] = {"put_in": rows["kind"].value_counts().sort_index().to_dict()}
    for name, at in validation.items():
        per_day, low, high = test[name].per_day
        mine = points[points["detector"] == name].set_index("kind")
        content[name] = {
            "threshold": at.threshold,
            "validation_alarms_per_day": at.per_day[0],
            "test_alarms_per_day": {"value": per_day, "low": low, "high": high},
            "by_chance": mine["by_chance"].to_dict(),
        } | {key: {k: _point(mine.loc[k], key) for k in mine.index} for key in POINTS}
        if name != NETWORK:
            leads = {k: _point(mine.loc[k], "lead") for k in mine.index}
            content[f"lead_over_{name}"] = leads
    content["quiet_days"] = {
        "validation": validation[NETWORK].days,
        "test": test[NETWORK].days,
    }
    return content


def _point(row: pd.Series, key: str) -> dict[str, Any]:
    last = "bound" if key == "lead" else "beyond"
    return {"value": row[key]} | {k: row[f"{key}_{k}"] for k in ("low", "high", last)}


def text(points: pd.DataFrame, per_day: float) -> str:
    """The table as it is printed: points in dB, and the network's lead."""
    lines = [
        f"false alarms a day: {per_day:g}; events found half of the time, nine times of ten, in dB",
        f"{'':<14}{'':<14}{'half':<26}{'nine of ten':<26}network fainter by",
    ]
    for row in points.to_dict("records"):
        cells = "".join(f"{_cell(row, key):<26}" for key in POINTS)
        lead = "" if row["detector"] == NETWORK else _lead(row)
        lines.append(f"{row['kind']:<14}{row['detector']:<14}{cells}{lead}".rstrip())
    return "\n".join(lines)


def _cell(row: Mapping[str, Any], key: str) -> str:
    if row["by_chance"] >= OFTEN:
        return "by chance"
    if row[f"{key}_beyond"]:
        return f"{row[f'{key}_beyond']} {row[key]:.0f}"
    return f"{row[key]:.1f} [{row[f'{key}_low']:.1f}, {row[f'{key}_high']:.1f}]"


def _lead(row: Mapping[str, Any]) -> str:
    if row["lead_bound"] == "unknown":
        return "unknown"
    said = f"{row['lead_bound']} " if row["lead_bound"] else ""
    return f"{said}{row['lead']:.1f} [{row['lead_low']:.1f}, {row['lead_high']:.1f}]"
