"""The command explain, as a user runs it."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import obspy
import pytest
from support import tasks, tiny

from rarewave.detection import event_list, scanning
from rarewave.frontend import cleaning, normalisation
from rarewave.frontend.spectrogram import spectrograms
from rarewave.model import beside, detector, neighbours
from rarewave.model.detector import Detector
from rarewave.model.neighbours import Examples
from rarewave.model.package import Source, load, save
from rarewave.networks.backend import keras

pytestmark = [
    pytest.mark.filterwarnings("ignore:Skipping variable loading"),  # of the optimiser
]

Run = Callable[..., str]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a tiny network, with its windows of a song as examples."""
    folder = tmp_path_factory.mktemp("model") / "detector"
    made = tiny.package(folder)
    inner = load(str(folder))
    X = np.random.default_rng(0).normal(-30, 10, (12, *tiny.FRONT.shape)).astype(np.float32)
    known = Examples(
        neighbours.features(made.network, made.normalisation(X)).astype(np.float16),
        np.array([f"w{k}" for k in range(12)]),
        np.array(["train"] * 10 + ["x"] * 2),
        np.arange(12) * 0.5,
        np.array(["low", "high", "background"] * 4),
    )
    path = folder / "model.keras"
    source = folder.parent / "made" / path.name
    save(folder, source, inner.thresholds, inner.joining, inner.bands, known)
    return folder


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of 20 s."""
    return tiny.write(tmp_path_factory.mktemp("wav") / "x.wav", tiny.song(20.0))


@pytest.fixture
def run(command: Run) -> Run:
    """The command explain in this process."""
    return partial(command, "explain")


def content(out: Path) -> dict[str, Any]:
    """What was written, all of it there."""
    found = json.loads((out / "explanation.json").read_text())
    wanted = {"explanation.json", "summary.md", *(w["picture"] for w in found["windows"])}
    assert {path.name for path in out.iterdir()} == wanted
    for window in found["windows"]:
        assert (out / window["picture"]).read_bytes().startswith(b"\x89PNG")
    return found


def test_a_wav_is_explained(tmp_path: Path, model: Path, wav: Path, run: Run) -> None:
    """The highest window of each class that reaches its threshold, as the detector scores it."""
    said = run(model, wav, "--out", tmp_path / "out")
    found = content(tmp_path / "out")
    package = load(str(model))
    table = package.detector.score_recording(tiny_wave(wav), 1000.0)
    assert [w["class"] for w in found["windows"]] == ["low", "high"]
    for window in found["windows"]:
        name = window["class"]
        best = table[f"p_{name}"].idxmax()
        assert window["probability"] == pytest.approx(table.loc[best, f"p_{name}"], abs=1e-5)
        assert window["start_s"] == pytest.approx(table.loc[best, "start_s"])
        assert window["reached"] and window["probability"] >= window["threshold"]
        assert sum(window["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert len(window["bands"]) == 8 and window["bands"][-1]["high_hz"] > 500
        assert [row["layer"] for row in window["layers"]] == ["conv1"]
        assert window["layers"][0]["gradient_share"] == pytest.approx(1)
        assert window["gradcam"]["layer"] == "conv1"
        near = window["similar"]
        assert (near["stored"], near["of_this_recording"], len(near["nearest"])) == (12, 2, 5)
        similarity = [one["similarity"] for one in near["nearest"]]
        assert similarity == sorted(similarity, reverse=True) and similarity[0] <= 1.001
    assert (tmp_path / "out/summary.md").read_text().strip() == said.strip()


def tiny_wave(path: Path) -> np.ndarray:
    """Its samples."""
    import soundfile

    return soundfile.read(path)[0]


N = r"(-?[\d.]*\d)"  # a number; what ends a sentence is none of it
Phrases = Iterator[tuple[str, list[float]]]


def phrases(window: dict[str, Any], criteria: dict[str, float]) -> Phrases:
    """Every phrase with numbers that a window has, and which numbers must stand there."""
    name, event, near = window["class"], window["event"], window["similar"]
    span = [window["start_s"], window["end_s"]]
    yield rf"^{name}, {N} s to {N} s\n", span
    reached = [window["probability"], window["threshold"]]
    yield rf"{name} with probability {N}, which reaches the threshold {N}", reached
    yield rf"in the window from {N} s to {N} s", span
    for other, p in window["probabilities"].items():
        if other != name and p >= criteria["least_probability"]:
            yield rf"(?:Beside it: |, ){other} {N}", [p]
    if event:
        fields = [event[k] for k in ("onset_s", "offset_s", "windows", "peak")]
        yield (
            rf"lists {name} from {N} s to {N} s, joined from {N} windows, of peak score {N}",
            fields,
        )
    yield from of_the_sound(window["measured"], criteria)
    yield from of_the_network(window)
    yield rf"nearest of {N} by cosine", [near["stored"]]
    for one in near["nearest"]:
        place = rf"{one['label']} \({one['recording']} at {N} s, {N}\)"
        yield place, [one["start_s"], one["similarity"]]
    yield rf"{N} of the stored ones are of a recording", [near["of_this_recording"]]


def of_the_sound(sound: dict[str, Any] | None, criteria: dict[str, float]) -> Phrases:
    """What is measured, or what is not reached."""
    if sound is None:
        least = [criteria["above_db"], criteria["least_snr_db"]]
        yield rf"\({N} dB in a place, {N} dB in all\)", least
        return
    low, high, peak = (sound[k] for k in ("low_hz", "high_hz", "peak_hz"))
    begin, end, long, db = (sound[k] for k in ("onset_s", "offset_s", "duration_s", "snr_db"))
    tails = [100 * criteria["tails"], 100 - 100 * criteria["tails"]]
    band = rf"lies between {N} and {N} Hz \({N}-{N} %\), strongest at {N} Hz"
    yield band, [low, high, *tails, peak]
    time = rf"from {N} s to {N} s \({N}-{N} %: {N} s\), {N} dB over"
    yield time, [begin, end, *tails, long, db]
    if sound["modulation_hz"] is not None:
        rate = [sound["modulation_hz"], 100 * sound["modulation_depth"]]
        yield rf"falls {N} times a second, by {N}% of", rate
    if sound["slope_hz_s"] is not None:
        yield rf"(?:rises|falls) by {N} Hz a second", [abs(sound["slope_hz_s"])]
    if sound["slope_fit"] is not None:
        yield rf"\(R² {N}\)", [sound["slope_fit"]]


def of_the_network(window: dict[str, Any]) -> Phrases:
    """Bands, map and layers."""
    bands = sorted(window["bands"], key=lambda band: -band["log_odds_lost"])
    told = []
    if bands[0]["log_odds_lost"] > 0:
        told.append(("occluding", "lowers the probability most ", bands[0]))
        told += [("next", "", band) for band in bands[1:2] if band["log_odds_lost"] > 0]
    if bands[-1]["log_odds_lost"] < 0:
        told.append(("occluding", "raises the probability most ", bands[-1]))
    for lead, words, band in told:
        fields = [band["low_hz"], band["high_hz"], window["probability"], band["probability"]]
        odds = [window["log_odds"], band["log_odds"]]
        text = rf"{lead} {N}-{N} Hz {words}\({N} to {N}, log-odds {N} to {N}\)"
        yield text, fields + odds
    cam, (layer,) = window["gradcam"], window["layers"]
    if cam["mean_hz"] is not None:
        yield rf"middle {N} % of what speaks for {window['class']} at the layer conv1 lies", [80]
        fields = [cam[k] for k in ("low_hz", "high_hz", "low_s", "high_s")]
        yield rf"between {N} and {N} Hz, and from {N} s to {N} s", fields
        yield rf"\({N}% of the evidence there is for it\)", [100 * cam["share"]]
    shared = window["relevance"]
    fields = [shared["explained"], shared["for"], -shared["against"]]
    yield rf"the sum for {window['class']} is {N}: pixels add {N} and take {N} away", fields
    fields = [shared[k] for k in ("low_hz", "high_hz", "low_s", "high_s")]
    yield rf"middle {N} % of what they add lies between {N} and {N} Hz", [80, *fields[:2]]
    yield rf", and from {N} s to {N} s\.", fields[2:]
    share = [100 * layer["gradient_share"], 1]
    yield rf"conv1 carries the largest share \({N}% over {N} layers", share
    levelled = [abs(layer["ablation_log_odds_lost"])]
    yield rf"changes the log-odds most \(\w+ them by {N}\)", levelled


def stated(said: str, pattern: str, wanted: list[float]) -> str:
    """The text without the first phrase of this pattern, whose numbers are the wanted ones."""
    match = re.search(pattern, said)
    assert match, (pattern, said)
    for text, value in zip(match.groups(), wanted, strict=True):
        unit = 10.0 ** -len(text.partition(".")[2])
        if "a second" in match[0]:  # two digits of a rate: 310 stands for 312
            unit = max(unit, 10.0 ** (len(text.partition(".")[0]) - 2))
        assert abs(float(text) - value) <= 0.5001 * unit, (match[0], text, value)
    return said[: match.start()] + said[match.end() :]


def test_every_number_of_the_summary_is_that_of_its_phrase(
    tmp_path: Path, model: Path, wav: Path, run: Run
) -> None:
    """Each phrase has the numbers of its own fields of explanation.json; no others are left."""
    run(model, wav, "--out", tmp_path, "--top", 3)
    found = content(tmp_path)
    head, *sections = (tmp_path / "summary.md").read_text().split("\n## ")
    (part,) = found["recording"]["parts"]
    scored = [part[k] for k in ("duration_s", "windows_scored", "windows")]
    assert not re.search(r"\d", stated(head, rf"{N} s, {N} of {N} windows scored", scored))
    assert len(sections) == len(found["windows"]) > 3
    for said, window in zip(sections, found["windows"], strict=True):
        for pattern, wanted in phrases(window, found["criteria"]):
            said = stated(said, pattern, wanted)
        assert not re.search(r"(?<!conv)\d", said), said


def test_the_same_again_is_the_same_bytes(tmp_path: Path, model: Path, wav: Path, run: Run) -> None:
    """In another folder, and over what is there: pictures of before go."""
    run(model, wav, "--out", tmp_path / "a")
    run(model, wav, "--out", tmp_path / "b", "--top", 3)
    assert len(content(tmp_path / "b")["windows"]) > 2
    run(model, wav, "--out", tmp_path / "b")
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert names == sorted(p.name for p in (tmp_path / "b").iterdir())
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_at_a_second(tmp_path: Path, model: Path, wav: Path, run: Run) -> None:
    """The window there, though nothing reaches a threshold: that is said."""
    high = tmp_path / "high"
    inner = load(str(model))
    source = model.parent / "made" / "model.keras"
    save(high, source, {"low": 1.0, "high": 1.0}, inner.joining, inner.bands)
    said = run(high, wav, "--out", tmp_path / "out", "--at", 7.5)
    (window,) = content(tmp_path / "out")["windows"]
    assert window["start_s"] <= 7.5 <= window["end_s"]
    assert not window["reached"] and window["similar"] is None
    assert "No class reaches its threshold at 7.5 s" in said
    assert "stays below the threshold" in said and "not stored in this package" in said


def test_the_sound_of_a_window_is_measured(tmp_path: Path, model: Path, run: Run) -> None:
    """A tone of 350 Hz that begins within the window; nothing but noise before it."""
    path = tiny.write(tmp_path / "x.wav", tiny.calls(20_000, [("high", 5.06, 5.6)]))
    run(model, path, "--out", tmp_path / "on", "--at", 5.06)
    for window in content(tmp_path / "on")["windows"]:
        sound = window["measured"]
        assert sound["low_hz"] < 350 < sound["high_hz"]
        assert sound["peak_hz"] == pytest.approx(350, abs=5)
        assert sound["onset_s"] == pytest.approx(5.06, abs=0.02)
        assert sound["duration_s"] == pytest.approx(sound["offset_s"] - sound["onset_s"])
        assert sound["snr_db"] > 10 and sound["modulation_hz"] is None
    said = run(model, path, "--out", tmp_path / "off", "--at", 15)
    assert content(tmp_path / "off")["windows"][0]["measured"] is None
    assert "nothing stands out of the quiet level" in said


def test_event_or_not(tmp_path: Path, wav: Path, run: Run) -> None:
    """A network of one output, as for moonquakes, with a front end of two channels and mel."""
    spectrogram = replace(tiny.FRONT.spectrogram, scale="mel", n_mels=12, floor_s=2.0)
    front = replace(tiny.FRONT, spectrogram=spectrogram)
    three = tiny.network_detector(front)
    keras.utils.set_random_seed(4)
    out = keras.layers.Dense(1, activation="sigmoid", name="event")(
        three.network.get_layer("peak").output
    )
    network = keras.Model(three.network.input, out, name="tiny")
    network.compile("adam", "binary_crossentropy")
    made = Detector(network, "tiny", front, tasks.EVENT, three.normalisation)
    detector.save(made, tmp_path / "model.keras")
    save(tmp_path / "p", tmp_path / "model.keras", {"event": 0.0}, tiny.JOINING, {})
    run(tmp_path / "p", wav, "--out", tmp_path / "out")
    (window,) = content(tmp_path / "out")["windows"]
    p = window["probabilities"]
    assert window["class"] == "event" and p["background"] == pytest.approx(1 - p["event"])
    assert window["probability"] == pytest.approx(p["event"], abs=1e-5)
    odds = np.log(p["event"] / p["background"])
    assert window["log_odds"] == pytest.approx(odds, rel=1e-2)


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a network that scores segments of 2.064 s and learnt from windows of 4.816 s."""
    folder = tmp_path_factory.mktemp("segments") / "detector"
    made, p = tiny.detector_of_segments(pad_short=False)
    at = dict(zip(tasks.TAGS.names, p.max(axis=0).tolist(), strict=True))
    at["high"] = float(np.median(p[:, 0]))
    detector.save(made, folder.parent / "model.keras")
    low = dict.fromkeys(tasks.TAGS.names, 0.0)
    save(folder, folder.parent / "model.keras", at, tiny.JOINING, {}, window_thresholds=low)
    return folder


def test_a_recording_between_a_segment_and_a_window_is_one_window(
    tmp_path: Path, segments: Path, run: Run
) -> None:
    """As `score` and `detect` take it; what holds no segment is told in seconds of one."""
    path = tiny.write(tmp_path / "x.wav", tiny.song(3.0))
    run(segments, path, "--out", tmp_path / "out")
    found, inner = content(tmp_path / "out"), load(str(segments)).detector
    samples = cleaning.clean(tiny_wave(path), 1000.0, inner.front_end.clean).samples
    X = spectrograms(samples[None], 1000.0, inner.front_end.spectrogram)
    p = inner.score(X)[0]
    assert [window["class"] for window in found["windows"]] == list(tasks.TAGS.names)
    for window, value in zip(found["windows"], p, strict=True):
        assert (window["start_s"], window["end_s"]) == (0.0, 3.0)
        assert window["probability"] == pytest.approx(value, abs=1e-5)
    short = tiny.write(tmp_path / "short.wav", tiny.noise(2000))
    said = run(segments, short, "--out", tmp_path / "no", code=1)
    assert "short.wav is shorter than a window: 2 s, and a window has 2.06 s" in said


def test_of_segments_events_are_those_of_detect(tmp_path: Path, segments: Path, run: Run) -> None:
    """Made of segments at the thresholds of events; windows reach those of windows."""
    path = tiny.write(tmp_path / "x.wav", tiny.song(20.0, seed=3))
    run(segments, path, "--out", tmp_path / "out", "--top", 3)
    found, package = content(tmp_path / "out"), load(str(segments))
    scorer = beside.scorer_alone(package.detector)
    scan = scanning.scan(scorer, tiny.joined([path])[0], tmp_path / "x.f32")
    classes = {name: k for k, name in enumerate(tasks.TAGS.names)}
    given = package.thresholds, package.joining, package.bands
    wanted = event_list.events([scan], package.detector.scans, classes, *given)
    listed = set(zip(wanted["label"], wanted["onset_s"].round(6), strict=True))
    assert wanted["label"].value_counts().get("high", 0) > 0
    events = [(w["class"], w["event"]) for w in found["windows"]]
    shown = {(label, round(event["onset_s"], 6)) for label, event in events if event}
    assert shown and shown <= listed and {label for label, _ in shown} == set(wanted["label"])
    assert all(w["reached"] and w["threshold"] == 0.0 for w in found["windows"])
    assert set(found["model"]["thresholds"].values()) == {0.0}


def test_a_band_that_the_network_ignores_is_worth_nothing(tmp_path: Path, run: Run) -> None:
    """Though its loud tone rules the mean and deviation that each window is scaled by."""
    layers = keras.layers
    given = keras.Input(tiny.FRONT.shape, name="spectrogram")
    x = layers.Cropping2D(((tiny.FRONT.shape[0] // 2 + 1, 0), (0, 0)), name="upper")(given)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    x = layers.Dense(1, activation="sigmoid", kernel_initializer="ones", name="event")(x)
    network = keras.Model(given, x, name="tiny")
    network.compile("adam", "binary_crossentropy")
    scale = normalisation.fit(np.zeros((1, *tiny.FRONT.shape), np.float32), "sample")
    made = Detector(network, "tiny", tiny.FRONT, tasks.EVENT, scale)
    detector.save(made, tmp_path / "model.keras")
    save(tmp_path / "p", tmp_path / "model.keras", {"event": 0.0}, tiny.JOINING, {})
    path = tiny.write(tmp_path / "x.wav", tiny.calls(8000, [("low", 2.0, 3.0)]))
    run(tmp_path / "p", path, "--out", tmp_path / "out", "--at", 2.5)
    (window,) = content(tmp_path / "out")["windows"]
    lost = [abs(band["log_odds_lost"]) for band in window["bands"]]
    assert max(lost[:4]) < 1e-4 < min(lost[5:])


def test_miniseed_of_two_channels(tmp_path: Path, model: Path, run: Run) -> None:
    """The highest of both, named, with the time of day."""
    stream = obspy.Stream()
    for channel, seed in (("MHN", 0), ("MHZ", 3)):
        about = {"network": "XA", "station": "S12", "channel": channel, "sampling_rate": 1000.0}
        about["starttime"] = obspy.UTCDateTime(2024, 3, 1, 2)
        stream += obspy.Trace(tiny.song(8.0, seed=seed).astype(np.float32), about)
    stream.write(str(tmp_path / "x.mseed"), format="MSEED")
    said = run(model, tmp_path / "x.mseed", "--out", tmp_path / "out")
    found = content(tmp_path / "out")
    assert [part["channel"][-3:] for part in found["recording"]["parts"]] == ["MHN", "MHZ"]
    assert "2024-03-01 02:00:0" in said and " UTC)" in said
    assert all(w["recording"].endswith(("MHN", "MHZ")) for w in found["windows"])


def test_a_truncated_file_is_explained_as_far_as_it_goes(
    tmp_path: Path, model: Path, wav: Path, run: Run
) -> None:
    """And that is said."""
    (tmp_path / "cut.wav").write_bytes(wav.read_bytes()[: 44 + 2 * 12_000])
    said = run(model, tmp_path / "cut.wav", "--out", tmp_path / "out")
    assert (
        "Not read in full" in said
        and "truncated" in content(tmp_path / "out")["recording"]["problem"]
    )


def test_what_cannot_be_explained_is_told(tmp_path: Path, model: Path, wav: Path, run: Run) -> None:
    """One line each, exit code 1, nothing written."""
    out = tmp_path / "out"
    tiny.write(tmp_path / "short.wav", tiny.noise(100))
    tiny.write(tmp_path / "slow.wav", tiny.noise(4000), 400)
    tiny.write(tmp_path / "none.wav", np.zeros(0))
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    gap = tiny.song(4.0).astype(np.float32)
    gap[1000:2000] = np.nan
    about = {"channel": "MHZ", "sampling_rate": 1000.0}
    parts = [obspy.Trace(gap[:1000], about), obspy.Trace(gap[2000:], about)]
    parts[1].stats.starttime += 2
    obspy.Stream(parts).write(str(tmp_path / "gap.mseed"), format="MSEED")
    cases: list[tuple[list[object], str]] = [
        ([model, tmp_path / "gone.wav"], r"gone\.wav does not exist"),
        ([model, tmp_path], "is a folder: name one recording"),
        ([tmp_path / "nomodel", wav], "no model .*nomodel"),
        ([model, tmp_path / "short.wav"], "shorter than a window: 0.1 s, and a window has 0.128 s"),
        ([model, tmp_path / "slow.wav"], "wrong sampling rate: it is 400 Hz"),
        ([model, tmp_path / "none.wav"], "none.wav holds no sample"),
        ([model, tmp_path / "bad.wav"], "bad.wav cannot be read"),
        ([model, wav, "--at", 20.5], "--at 20.5 lies outside of .*x.wav, which has 20 s"),
        ([model, wav, "--at=-1"], "--at -1 lies outside"),
        ([model, tmp_path / "gap.mseed", "--at", 1.5], "--at 1.5: the window there is a gap"),
        ([model, wav, "--top", 0], "--top is 0"),
    ]
    for arguments, says in cases:
        said = run(*arguments, "--out", out, code=1)
        assert re.search(says, said), (says, said)
        assert "Traceback" not in said and len(said.strip().splitlines()) == 1
        assert not out.exists()
    said = run(model, wav, "--out", wav, code=1)
    assert "is a file: name a folder" in said


def test_a_recording_that_is_all_gap_is_told(tmp_path: Path, model: Path, run: Run) -> None:
    """Silence of one value holds no signal."""
    about = {"channel": "MHZ", "sampling_rate": 1000.0}
    parts = [obspy.Trace(tiny.noise(20).astype(np.float32), about) for _ in range(9)]
    for k, part in enumerate(parts):
        part.stats.starttime += 0.5 * k
    obspy.Stream(parts).write(str(tmp_path / "gaps.mseed"), format="MSEED")
    said = run(model, tmp_path / "gaps.mseed", "--out", tmp_path / "out", code=1)
    assert "of every window more than 10% of the samples are missing" in said


def test_a_file_of_another_program_is_kept(
    tmp_path: Path, model: Path, wav: Path, run: Run
) -> None:
    """An explanation.json that is none is not written over."""
    (tmp_path / "explanation.json").write_text("[1]")
    said = run(model, wav, "--out", tmp_path, code=1)
    assert "is not of this program: name another --out" in said
    assert (tmp_path / "explanation.json").read_text() == "[1]"


def test_help(run: Run) -> None:
    """Says what there is to say."""
    said = run("--help")
    assert "--at SECONDS" in said and "--top N" in said


def test_the_channel_is_that_of_the_model_or_the_user(
    tmp_path: Path, model: Path, run: Run
) -> None:
    """The second alone is explained as a file of its own would be; the mean is another."""
    both = np.stack([tiny.noise(20_000), tiny.song(20.0)], axis=1)
    path = tiny.write(tmp_path / "both" / "x.wav", both)
    alone = tiny.write(tmp_path / "alone" / "x.wav", both[:, 1])
    made = load(str(model))
    given = (made.thresholds, made.joining, made.bands, made.examples)
    save(tmp_path / "second", model / "model.keras", *given, Source(channel=2))
    run(model, alone, "--out", tmp_path / "wanted")
    run(tmp_path / "second", path, "--out", tmp_path / "learnt")
    run(model, path, "--channel", 2, "--out", tmp_path / "said")
    run(tmp_path / "second", path, "--channel", "mean", "--out", tmp_path / "mean")
    run(model, path, "--out", tmp_path / "as_mean")
    found = {p.name: content(p)["windows"] for p in tmp_path.iterdir() if p.name in NAMED}
    assert found["learnt"] == found["said"] == found["wanted"]
    assert found["mean"] == found["as_mean"] != found["wanted"]
    said = run(tmp_path / "second", alone, "--out", tmp_path / "no", code=1)
    assert "has 1 channel(s), and channel 2 is wanted" in said
    assert "channels count from 1" in run(model, path, "--channel", 0, code=1)


NAMED = ("wanted", "learnt", "said", "mean", "as_mean")
