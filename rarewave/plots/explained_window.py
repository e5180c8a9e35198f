"""Pictures of an explanation: a window, its map, and what each band and layer is worth."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from rarewave.plots.axes import extent, limits_of, name_rows, picture, rows_label
from rarewave.plots.relevance_sheet import draw_relevance
from rarewave.plots.style import COLOURS, GREY, figure, save, styled


@styled
def window(path: Path, case: dict[str, Any]) -> None:
    """One window: spectrogram, relevance, activation map, bands beside it, layers below.

    `case`: spectrogram, heat and relevance (rows, frames; None where there is none), time_s,
    frequency_hz (NaN where rows are no frequencies), window_s (start and end), bands (first and
    last row of each), and what was `found`.
    """
    found = case["found"]
    layers = found["layers"]
    made = figure(14.5, 4.6 + 0.14 * len(layers))
    panels: Any = made.subfigures(2, 1, height_ratios=[3.4, 1.0 + 0.14 * len(layers)])
    upper, lower = panels
    made.suptitle(
        f"{found['class']}: probability {found['probability']:.3f} (log-odds "
        f"{found['log_odds']:.1f}), threshold {found['threshold']:.3f}, in {found['recording']}",
        fontsize=11,
    )
    panes = upper.subplots(1, 4, width_ratios=[4, 4, 4, 2.4], sharey=True)
    left, shares, middle, right = panes
    _relevance(shares, case)
    shown = _spectrogram(left, case, "inferno")
    hertz = case["frequency_hz"]
    left.set_title("What the network sees")
    left.set_ylabel(rows_label(hertz))
    if shown is not None:
        unit = "value" if np.isnan(hertz[0]) else "power [dB]"
        upper.colorbar(shown, ax=left, label=unit, pad=0.01)
    if not np.isnan(hertz[0]):
        left.set_title("Spectrogram, and the sound measured in it")
        _measured(left, case)
    _spectrogram(middle, case, "gray")
    cam = found["gradcam"]
    middle.set_title(f"{cam['method']}, layer {cam['layer']}" if cam else "no layer has an image")
    if case["heat"] is not None:
        bounds = extent(case["time_s"], len(case["frequency_hz"]))
        look: Any = {"origin": "lower", "aspect": "auto", "extent": bounds}
        middle.imshow(
            case["heat"], cmap="inferno", alpha=0.7 * case["heat"], vmin=0, vmax=1, **look
        )
        scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(0, 1), "inferno")
        upper.colorbar(scale, ax=middle, label="share of the maximum", pad=0.01)
    _bands(right, case)
    _layers(lower, layers)
    save(path, made)


def _relevance(axes: Any, case: dict[str, Any]) -> None:
    """What each pixel adds to the class, red, or takes from it, blue."""
    if case["relevance"] is None:
        axes.set_title("no rule of relevance for a layer")
        axes.axis("off")
        return
    bounds = extent(case["time_s"], len(case["frequency_hz"]))
    draw_relevance(axes, case["relevance"], bounds)
    axes.set_title(f"Relevance ({case['found']['relevance']['composite']}): for and against")
    _times(axes, case, bounds, GREY)


def _spectrogram(axes: Any, case: dict[str, Any], colours: str) -> Any:
    seen, hertz = case["spectrogram"], case["frequency_hz"]
    bounds = extent(case["time_s"], len(hertz))
    limits = limits_of(seen, hertz, (5, 99.5))
    shown = picture(axes, seen, hertz, colours, limits, extent=bounds, interpolation="nearest")
    name_rows(axes, hertz)
    _times(axes, case, bounds, "white" if shown is not None else GREY)
    return shown


def _times(
    axes: Any, case: dict[str, Any], bounds: tuple[float, float, float, float], colour: str
) -> None:
    """Seconds below, and lines where the window begins and ends within its context."""
    axes.set_xlabel("time from the start of the recording [s]")
    axes.locator_params(axis="x", nbins=5)
    axes.ticklabel_format(axis="x", useOffset=False)
    for edge in case["window_s"]:
        if bounds[0] < edge < bounds[1]:
            axes.axvline(edge, color=colour, linewidth=0.8, linestyle=":")


def _measured(axes: Any, case: dict[str, Any]) -> None:
    """A frame around band and duration, as far as they lie in the picture."""
    sound = case["found"]["measured"]
    if sound is None:
        return
    left, right, bottom, top = extent(case["time_s"], len(case["frequency_hz"]))
    at = np.interp([sound["low_hz"], sound["high_hz"]], *_rows(case["frequency_hz"]))
    begin, end = np.clip([sound["onset_s"], sound["offset_s"]], left, right)
    box = mpl.patches.Rectangle(
        (begin, at[0]), end - begin, at[1] - at[0], fill=False, color="white", linewidth=1.2
    )
    axes.add_patch(box)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)


def _rows(hertz: Any) -> tuple[Any, Any]:
    """Frequencies and where they lie on the axis of rows."""
    return hertz, np.arange(len(hertz)) + 0.5


def _bands(axes: Any, case: dict[str, Any]) -> None:
    """The log-odds that each band is worth, level with its rows."""
    found = case["found"]["bands"]
    axes.set_title("Band at the quiet level")
    if not found:
        axes.text(0.5, 0.5, "rows are no\nfrequencies", ha="center", transform=axes.transAxes)
        axes.axis("off")
        return
    lost = [band["log_odds_lost"] for band in found]
    for (first, stop), value in zip(case["bands"], lost, strict=True):
        axes.barh(
            (first + stop) / 2,
            value,
            height=0.9 * (stop - first),
            color=COLOURS[0] if value >= 0 else COLOURS[1],
        )
    axes.axvline(0, color="black", linewidth=0.6)
    axes.tick_params(labelleft=False, left=False)
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlabel("log-odds lost")


def _layers(panel: Any, layers: list[dict[str, Any]]) -> None:
    """Share by gradient, and log-odds lost by levelling, a row for each layer from the input on."""
    left, right = panel.subplots(1, 2, sharey=True)
    rows = range(len(layers))
    left.barh(rows, [100 * (row["gradient_share"] or 0.0) for row in layers], color=COLOURS[0])
    left.set(xlabel="share [%]")
    left.set_title("Layers: gradient x activation")
    values = [row["ablation_log_odds_lost"] for row in layers]
    colours = [COLOURS[0] if (value or 0) >= 0 else COLOURS[1] for value in values]
    right.barh(rows, [value or 0.0 for value in values], color=colours)
    for row, value in enumerate(values):
        if value is None:
            right.text(0, row, " no positions", fontsize=6, color=GREY, va="center")
    right.axvline(0, color="black", linewidth=0.6)
    right.set(xlabel="log-odds lost")
    right.set_title("Layers: channels at their mean over positions")
    left.set_yticks(rows, [row["layer"] for row in layers], fontsize=7)
    left.set_ylim(len(layers) - 0.5, -0.5)
    right.tick_params(labelleft=False, left=False)
