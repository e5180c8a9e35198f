"""The responses of instruments, from StationXML or RESP: counts to ground motion."""

import hashlib
import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base import xml
from rarewave.base.errors import DataError
from rarewave.base.files import content_of, whole

if TYPE_CHECKING:
    from obspy import Inventory

# Raw samples and their rate in Hz to samples in m/s or m.
Respond = Callable[[NDArray[np.float64], float], NDArray[np.float64]]

# Seconds from sample to sample and their number to a response and its frequencies in Hz.
Transfer = Callable[[float, int], tuple[NDArray[Any], NDArray[Any]]]

_OUTPUTS = {"displacement": 0, "velocity": 1}  # times that displacement is differentiated
_UNITS = {"M": 0, "M/S": 1, "M/S**2": 2, "M/S/S": 2, "M/(S**2)": 2}
_MOTION = re.compile(r"[NUMC]?M(/S|/S\*\*2|/S/S|/\(S\*\*2\))?")  # ObsPy knows nm, mm and cm
_MISSING = "correct clean.response, which lies below ingest.data"


@dataclass(frozen=True)
class Responses:
    """The instruments of a file, and the digest of its content."""

    path: Path
    digest: str
    inventory: "Inventory"

    def of(
        self,
        channel: str,
        start: pd.Timestamp,
        output: str,
        low_hz: float | None,
        high_hz: float | None,
    ) -> Respond:
        """What turns the counts of a channel into ground motion.

        Without stages the counts are divided by the sensitivity (ObsPy's `remove_response` and
        `remove_sensitivity` both need stages). With stages, or where the sensor's unit is another
        than the wanted one, the spectrum is divided by the response within `pre_filter`.

        Parameters
        ----------
        channel : NET.STA.LOC.CHA.
        start : of the recording (UTC), for the epoch; NaT: the first.
        output : `velocity` (m/s) or `displacement` (m).
        low_hz, high_hz : the band that is kept afterwards; None: open.

        Raises
        ------
        DataError
            The file has no response of that channel then, its unit is no motion, or the low end
            of the band is open where a division by the response needs one.
        """
        response = self._found(channel, start)
        sensitivity, stages = response.instrument_sensitivity, response.response_stages
        staged = bool(stages)
        unit = ((stages[0] if staged else sensitivity).input_units or "").upper()
        if not _MOTION.fullmatch(unit) or not (staged or (unit in _UNITS and sensitivity.value)):
            raise DataError(
                f"{self.path}: {channel} measures {unit or 'in no unit'}, which is no motion: "
                "correct it, or set clean.output to counts"
            )
        order = 0 if staged else _UNITS[unit] - _OUTPUTS[output]
        if not staged and not order:
            gain = float(sensitivity.value)
            return lambda samples, rate: samples / gain
        if low_hz is None:
            raise DataError(
                f"clean.low_hz is null, and clean.output {output} needs a lower end of the band: "
                "a division by the response has none at 0 Hz"
            )
        low = low_hz
        evaluate = (
            self._evaluated(response, channel, output)
            if staged
            else _integrated(float(sensitivity.value), order)
        )
        return lambda samples, rate: _divided(samples, rate, evaluate, low, high_hz)

    def _evaluated(self, response: Any, channel: str, output: str) -> Transfer:
        """The stages, as ObsPy evaluates them."""
        kind = "VEL" if output == "velocity" else "DISP"

        def evaluate(delta: float, count: int) -> tuple[NDArray[Any], NDArray[Any]]:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    return response.get_evalresp_response(delta, count, output=kind)
            except Exception as error:
                raise DataError(
                    f"{self.path}: the response of {channel} cannot be evaluated "
                    f"({str(error).splitlines()[0][:200]}): correct it"
                ) from None

        return evaluate

    def _found(self, channel: str, start: pd.Timestamp) -> Any:
        from obspy import UTCDateTime

        time = None if pd.isna(start) else UTCDateTime(ns=start.as_unit("ns").value)
        parts = channel.split(".") if channel.count(".") == 3 else [""] * 4
        names = dict(zip(("network", "station", "location", "channel"), parts, strict=True))
        chosen = self.inventory.select(**names, time=time)
        for network in chosen:
            for station in network:
                for one in station:
                    response = one.response
                    usable = response and (
                        response.response_stages or response.instrument_sensitivity
                    )
                    if one.location_code == names["location"] and usable:
                        return response
        when = "" if time is None else f" at {time.date}"
        raise DataError(
            f"{self.path} has no response of {channel}{when}: {_MISSING}, or set clean.output to "
            "counts"
        )


def _integrated(gain: float, order: int) -> Transfer:
    """A sensor of the wanted motion differentiated so many times."""

    def evaluate(delta: float, count: int) -> tuple[NDArray[Any], NDArray[Any]]:
        hertz = np.fft.rfftfreq(count, delta)
        with np.errstate(divide="ignore", invalid="ignore"):  # at 0 Hz, which is left out
            return gain * (2j * np.pi * hertz) ** order, hertz

    return evaluate


def pre_filter(
    low_hz: float, high_hz: float | None, sample_rate: float
) -> tuple[float, float, float, float]:
    """Corners in Hz of the cosine taper within which a response is divided out.

    Whole from half of the lower end of the band to 1.25 of the upper one, nothing below a
    quarter and above 1.5; at most 0.8 and 1 of the Nyquist frequency.
    """
    nyquist = sample_rate / 2
    top = nyquist if high_hz is None else high_hz
    return low_hz / 4, low_hz / 2, min(1.25 * top, 0.8 * nyquist), min(1.5 * top, nyquist)


def _divided(
    samples: NDArray[np.float64],
    sample_rate: float,
    evaluate: Transfer,
    low_hz: float,
    high_hz: float | None,
) -> NDArray[np.float64]:
    from obspy.signal.invsim import cosine_sac_taper
    from scipy.fft import next_fast_len

    count = next_fast_len(2 * len(samples), real=True)
    count += count % 2  # as evalresp counts frequencies
    response, hertz = evaluate(1 / sample_rate, count)
    inverse = np.zeros(len(hertz), complex)
    taper = cosine_sac_taper(hertz, flimit=pre_filter(low_hz, high_hz, sample_rate))
    inside = (taper > 0) & (np.abs(response) > 0)
    inverse[inside] = taper[inside] / response[inside]
    return np.fft.irfft(np.fft.rfft(samples, count) * inverse, count)[: len(samples)]


FILE = "response.xml"  # what it is called in a package, StationXML or not


def keep(known: Responses, folder: Path) -> None:
    """Copy the file of responses into a folder."""
    with whole(folder / FILE) as part:
        part.write_bytes(content_of(known.path))


def load(path: Path) -> Responses:
    """The responses of a StationXML or RESP file, told from its content.

    Raises
    ------
    DataError
        The file is missing or is neither.
    """
    import obspy

    content = content_of(path, _MISSING)
    form, document = "RESP", io.BytesIO(content)
    if content.lstrip()[:1] == b"<" or content.startswith(b"\xef\xbb\xbf<"):
        form = "STATIONXML"
        document, _ = xml.document(path, "Station", _MISSING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            inventory = obspy.read_inventory(document, format=form)
    except Exception as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise DataError(f"{path} is neither StationXML nor RESP ({reason}): {_MISSING}") from None
    return Responses(Path(path), hashlib.sha256(content).hexdigest()[:16], inventory)
