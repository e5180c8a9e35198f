"""An explanation in words: every phrase stands on numbers of `explanation.json`."""

import math
from collections.abc import Mapping
from typing import Any

Found = Mapping[str, Any]

LEAST = 0.001  # the smallest probability of another class that is told


def summary(content: Found) -> str:
    """The whole explanation as Markdown, one section for each window."""
    about, windows = content["recording"], content["windows"]
    lines = [f"# {about['file']}", ""]
    for part in about["parts"]:
        channel = f" of {part['recording']}" if len(about["parts"]) > 1 else ""
        lines.append(
            f"{_number(part['duration_s'], 1)} s{channel}, {part['windows_scored']} of "
            f"{part['windows']} windows scored by the network {content['model']['network']}."
        )
    if about["problem"]:
        lines.append(f"Not read in full: {about['problem']}.")
    lines += [f"Warning: {says}." for says in about["odd"]]
    where = "" if about["at_s"] is None else f" at {about['at_s']:g} s"
    if content["reached"]:
        names = dict.fromkeys(w["class"] for w in windows)
        listed = dict.fromkeys(w["class"] for w in windows if w["event"])
        lines.append(
            f"Reaching the threshold{where}: {', '.join(names)}. Listed by detect: "
            f"{', '.join(listed) or 'no event there'}."
        )
    else:
        lines.append(
            f"No class reaches its threshold{where}; explained is the highest score all the same."
        )
    for window in windows:
        lines += ["", *_window(window, content["criteria"], len(about["parts"]) > 1)]
    return "\n".join(lines)


def _window(found: Found, criteria: Found, several: bool) -> list[str]:
    seconds = _places(found["time_step_s"])
    name, start, end = found["class"], found["start_s"], found["end_s"]
    span = f"{_number(start, seconds)} s to {_number(end, seconds)} s"
    place = f" of {found['recording']}" if several else ""
    utc = f" ({found['start_utc'][:19].replace('T', ' ')} UTC)" if found["start_utc"] else ""
    verb = "reaches" if found["reached"] else "stays below"
    others = (
        ", ".join(
            f"{other} {_probability(p)}"
            for other, p in sorted(found["probabilities"].items(), key=lambda item: -item[1])
            if other != name and p >= criteria["least_probability"]
        )
        or f"no class of {criteria['least_probability']:g} or more"
    )
    lines = [
        f"## {name}, {span}",
        f"{name} with probability {_probability(found['probability'])}, which {verb} the threshold "
        f"{_probability(found['threshold'])}, in the window from {span}{place}{utc}. "
        f"Beside it: {others}.",
        "",
    ]
    if "members" in found:
        lines[-1:] = [
            f"Of the {found['members']} networks of the ensemble, whose mean this is, the first "
            f"gives {_probability(found['first_member'])}; what follows is its evidence.",
            "",
        ]
    lines.append("- **Event**: " + _event(found, seconds))
    lines.append("- **Sound**: " + _sound(found, criteria, seconds))
    lines.append("- **Frequency bands**: " + _bands(found))
    method = found["gradcam"]["method"] if found["gradcam"] else "Grad-CAM"
    lines.append(f"- **{method}**: " + _gradcam(found, seconds))
    lines.append("- **Relevance**: " + _relevance(found, seconds))
    lines.append("- **Layers**: " + _layers(found["layers"]))
    lines.append("- **Training examples**: " + _similar(found["similar"], seconds))
    return lines


def _event(found: Found, seconds: int) -> str:
    name, event = found["class"], found["event"]
    if event:
        return (
            f"detect lists {name} from {_number(event['onset_s'], seconds)} s to "
            f"{_number(event['offset_s'], seconds)} s, joined from {event['windows']} windows, of "
            f"peak score {_probability(event['peak'])}."
        )
    if found["reached"]:
        return (
            f"detect lists no {name} here: joined with the windows around it, the score stays "
            "below the threshold or above it for too short a time."
        )
    return f"detect lists no {name} here."


def _sound(found: Found, criteria: Found, seconds: int) -> str:
    sound = found["measured"]
    if not found["has_samples"]:
        return "a picture has no samples of which band, duration or modulation could be measured."
    if sound is None:
        return (
            f"nothing stands out of the quiet level of the recording ({criteria['above_db']:g} dB "
            f"in a place, {criteria['least_snr_db']:g} dB in all): no band, duration or modulation "
            "is measured."
        )
    tails = 100 * criteria["tails"]
    band = f"{tails:g}-{100 - tails:g} %"
    text = (
        f"energy above the quiet level of the recording lies between "
        f"{_hertz(found, sound['low_hz'], sound['high_hz'])} ({band}), strongest at "
        f"{_hertz(found, sound['peak_hz'])}, from {_number(sound['onset_s'], seconds)} s to "
        f"{_number(sound['offset_s'], seconds)} s ({band}: "
        f"{_number(sound['duration_s'], seconds)} s), {sound['snr_db']:.0f} dB over that level."
    )
    if sound["modulation_hz"] is not None:
        text += (
            f" Its amplitude rises and falls {_significant(sound['modulation_hz'])} times a second,"
            f" by {sound['modulation_depth']:.0%} of its mean."
        )
    else:
        text += " No regular modulation of its amplitude is clear."
    if sound["slope_hz_s"] is not None:
        verb = "rises" if sound["slope_hz_s"] > 0 else "falls"
        text += (
            f" Its strongest frequency {verb} by {_significant(abs(sound['slope_hz_s']))} Hz a "
            f"second (R² {sound['slope_fit']:.2f})."
        )
    elif sound["slope_fit"] is not None:
        text += (
            " No straight rise or fall of its strongest frequency is clear "
            f"(R² {sound['slope_fit']:.2f})."
        )
    return text


def _bands(found: Found) -> str:
    if not found["bands"]:
        return "the rows that the network sees are no frequencies: none can be occluded."
    bands = sorted(found["bands"], key=lambda band: -band["log_odds_lost"])
    first, last = bands[0], bands[-1]
    texts = []
    if first["log_odds_lost"] > 0:
        texts.append(_occlusion(found, first, "lowers", "most"))
        second = bands[1] if len(bands) > 1 else None
        if second and second["log_odds_lost"] > 0:
            texts.append("next " + _occlusion(found, second, "", ""))
    else:
        texts.append("occluding no band lowers the probability")
    if last["log_odds_lost"] < 0:
        texts.append(_occlusion(found, last, "raises", "most"))
    return "; ".join(texts) + "."


def _occlusion(found: Found, band: Found, verb: str, most: str) -> str:
    hertz = _hertz(found, band["low_hz"], band["high_hz"], "-")
    change = (
        f"({_probability(found['probability'])} to {_probability(band['probability'])}, log-odds "
        f"{found['log_odds']:.1f} to {band['log_odds']:.1f})"
    )
    if not verb:
        return f"{hertz} {change}"
    return f"occluding {hertz} {verb} the probability {most} {change}"


def _gradcam(found: Found, seconds: int) -> str:
    cam = found["gradcam"]
    if cam is None:
        return "the network has no layer with an image."
    before = cam["tried_before"]
    if cam["mean_s"] is None:
        tried = list(dict.fromkeys(one["layer"] for one in [*before, cam]))
        return f"no place speaks for {found['class']}, at none of the layers {', '.join(tried)}."
    band = ""
    if cam["mean_hz"] is not None:
        band = f"between {_hertz(found, cam['low_hz'], cam['high_hz'])}, and "
    text = (
        f"the middle 80 % of what speaks for {found['class']} at the layer {cam['layer']} lies "
        f"{band}from {_number(cam['low_s'], seconds)} s to {_number(cam['high_s'], seconds)} s "
        f"({cam['share']:.0%} of the evidence there is for it)."
    )
    if before:
        listed = ", ".join(f"{one['method']} at {one['layer']}" for one in before)
        text += f" Tried before, and next to nothing spoke for it there: {listed}."
    return text


def _relevance(found: Found, seconds: int) -> str:
    shared = found["relevance"]
    if shared is None:
        return "the network has a layer for which there is no rule."
    if shared["mean_s"] is None:
        return f"no pixel speaks for {found['class']}."
    band = ""
    if shared["mean_hz"] is not None:
        band = f"between {_hertz(found, shared['low_hz'], shared['high_hz'])}, and "
    return (
        f"the sum for {found['class']} is {shared['explained']:.1f}: pixels add "
        f"{shared['for']:.1f} and take {-shared['against']:.1f} away, and shifts make the rest. "
        f"The middle 80 % of what they add lies {band}from {_number(shared['low_s'], seconds)} s "
        f"to {_number(shared['high_s'], seconds)} s."
    )


def _layers(layers: list[Found]) -> str:
    texts = []
    known = [row for row in layers if row["gradient_share"] is not None]
    if known:
        best = max(known, key=lambda row: row["gradient_share"])
        texts.append(
            f"by gradient, {best['layer']} carries the largest share "
            f"({best['gradient_share']:.0%} over {len(layers)} layers)"
        )
    moved = [row for row in layers if row["ablation_log_odds_lost"] is not None]
    if moved:
        best = max(moved, key=lambda row: abs(row["ablation_log_odds_lost"]))
        lost = best["ablation_log_odds_lost"]
        verb = "lowers" if lost > 0 else "raises"
        texts.append(
            f"levelling {best['layer']} over its positions changes the log-odds most ({verb} them "
            f"by {abs(lost):.1f})"
        )
    return "; ".join(texts) + "." if texts else "none has a gradient or positions."


def _similar(found: Found | None, seconds: int) -> str:
    if found is None:
        return "not stored in this package; the stage detect writes them to newer ones."
    near = found["nearest"]
    if not near:
        return f"none of the {found['stored']} stored ones is similar."
    listed = ", ".join(
        f"{one['label']} ({one['recording']} at {_number(one['start_s'], seconds)} s, "
        f"{one['similarity']:.2f})"
        for one in near
    )
    text = f"nearest of {found['stored']} by cosine: {listed}."
    if found["of_this_recording"]:
        text += f" {found['of_this_recording']} of the stored ones are of a recording of this name."
    return text


def _number(value: float, places: int) -> str:
    return f"{value:.{places}f}"


def _places(step: float) -> int:
    """Decimals that tell steps of this size apart."""
    return max(0, math.ceil(-math.log10(step)))


def _significant(value: float) -> str:
    """Two significant digits, without an exponent."""
    return f"{value:.{max(0, 1 - math.floor(math.log10(value)))}f}" if value > 0 else "0"


def _probability(p: float) -> str:
    return f"{p:.3f}" if 0.001 <= p <= 0.999 else f"{p:.5f}"


def _hertz(found: Found, low: float, high: float | None = None, join: str = " and ") -> str:
    """One or two frequencies with their unit, as finely as the spectrogram tells them apart."""
    scale, unit = (1e3, "kHz") if found["top_hz"] >= 2000 else (1.0, "Hz")
    places = _places(found["frequency_step_hz"] / scale)
    texts = [f"{value / scale:.{places}f}" for value in (low, high) if value is not None]
    return f"{join.join(texts)} {unit}"
