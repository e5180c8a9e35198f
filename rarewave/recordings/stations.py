"""Where stations stand, from StationXML."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rarewave.base import xml
from rarewave.base.errors import DataError

if TYPE_CHECKING:
    from obspy import Inventory


def read(path: Path) -> "Inventory":
    """The stations of a StationXML file.

    Raises
    ------
    DataError
        The file is missing, or is no StationXML.
    """
    import obspy

    if not Path(path).is_file():
        raise DataError(f"no file {path}: correct --stations")
    document, _ = xml.document(path, "Station", "correct --stations")
    try:
        return obspy.read_inventory(document, format="STATIONXML")
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path} is not StationXML ({reason}): correct --stations") from None


def place(inventory: "Inventory", channel_id: str, time: Any) -> tuple[float, float]:
    """Latitude and longitude in degrees of the station of NET.STA.LOC.CHA; NaN where unknown."""
    network, station, *_ = channel_id.split(".") if "." in channel_id else ("", "")
    known = None if pd.isna(time) else _utc(time)
    for chosen in (inventory.select(network, station, time=known), inventory):
        for one in chosen.select(network, station):
            if network and one.stations:
                return float(one.stations[0].latitude), float(one.stations[0].longitude)
    return np.nan, np.nan


def with_places(events: pd.DataFrame, inventory: "Inventory") -> pd.DataFrame:
    """Events with latitude and longitude of the station that their channel_id names."""
    times = zip(events["channel_id"], events["start"], strict=True)
    places = np.array([place(inventory, *one) for one in times]).reshape(-1, 2)
    return events.assign(latitude=places[:, 0], longitude=places[:, 1])


def _utc(time: pd.Timestamp) -> Any:
    from obspy import UTCDateTime

    return UTCDateTime(ns=time.as_unit("ns").value)
