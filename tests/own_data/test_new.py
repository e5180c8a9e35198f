"""A folder to a recipe: what is found, what is decided, and what is said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import obspy
import pandas as pd
import pytest
import soundfile
from support import folders, inprocess, project

from rarewave.base import yaml
from rarewave.experiments import recipes
from rarewave.frontend.grid import Grid, starts

Made = tuple[dict[str, Any], str, str]


@pytest.fixture
def new(tmp_path: Path) -> Callable[..., Made]:
    """Runs the command for a folder; gives the recipe, the terminal's text and the warnings."""
    project.copy_recipes(tmp_path)

    def make(folder: Path, *options: str, fails: bool = False) -> Made:
        done = inprocess.run(tmp_path, "rarewave", "new", "mine", str(folder), "--force", *options)
        assert "Traceback" not in done.stderr
        assert (done.returncode != 0) == fails, done.stderr
        written = tmp_path / "recipes/mine.yaml"
        recipe = yaml.read(written, "") if written.exists() else {}
        return recipe, done.stdout, done.stderr

    return make


def test_label_files_in_a_folder_of_their_own(tmp_path: Path, new: Callable[..., Made]) -> None:
    """Raven tables, times in names, a band and windows that fit bursts of 0.2 s."""
    recipe, said, _ = new(folders.of_files(tmp_path / "data"))
    ingest, clean, look = recipe["ingest"], recipe["clean"], recipe["spectrogram"]
    assert ingest["pattern"] == "audio/*.wav" and ingest["labels"] == "files"
    assert ingest["label_files"] == ["tables/{stem}.Table.1.selections.txt"]
    assert ingest["start_pattern"] == "%Y%m%d_%H%M%S"
    assert clean["target"] == "label" and clean["placement"] == "grid"
    window = clean["window_samples"] / clean["sample_rate_hz"]
    assert 0.03 < window < 0.2
    assert 300 < look["fmin_hz"] < 500 and 2100 < look["fmax_hz"] < 2600
    assert recipe["detect"]["min_s"] < folders.BURST_S and recipe["detect"]["smooth_s"] < 0.2
    assert "8 recordings" in said and "low" in said


def test_every_value_is_accepted_and_most_have_a_reason(
    tmp_path: Path, new: Callable[..., Made]
) -> None:
    """The recipe passes what `use` checks; comments give numbers."""
    new(folders.of_files(tmp_path / "data"))
    recipes.validate(yaml.read(tmp_path / "params.yaml", ""))
    lines = (tmp_path / "recipes/mine.yaml").read_text().splitlines()
    values = [line for line in lines if line.startswith("  ") and ":" in line]
    assert sum("#" in line for line in lines) > len(values) / 2
    report = (tmp_path / "reports/mine.md").read_text()
    assert "## Mind" in report and "clean.window_samples" in report
    assert (tmp_path / "reports/mine/contact_sheet.png").stat().st_size > 5000


def test_the_same_folder_gives_the_same_recipe(tmp_path: Path, new: Callable[..., Made]) -> None:
    """To the byte, the report too."""
    data = folders.beside(tmp_path / "data")
    texts = []
    for _ in range(2):
        new(data)
        texts.append(
            [(tmp_path / p).read_bytes() for p in ("recipes/mine.yaml", "reports/mine.md")]
        )
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("make", "form", "target", "group"),
    [
        (folders.beside, "files", "label", "recording"),
        (folders.of_table, "tables", "label", "recording"),
        (lambda root: folders.of_clips(root, "folders"), "folders", "label", "recording"),
        (lambda root: folders.of_clips(root, "names"), "names", "label", "given"),
        (lambda root: folders.of_clips(root, "tags"), "clips", "tags", "name"),
        (folders.of_catalogue, "catalogues", "event", "day"),
        (folders.one_long, "files", "label", "block"),
    ],
)
def test_every_form_of_labels(
    tmp_path: Path, new: Callable[..., Made], make: Callable[[Path], Path],
    form: str, target: str, group: str,
) -> None:  # fmt: skip
    """Told from content; groups as strict as can be dealt."""
    recipe, _, _ = new(make(tmp_path / "data"))
    assert recipe["ingest"]["labels"] == form
    assert recipe["clean"]["target"] == target
    assert recipe["ingest"]["group"] == group
    recipes.validate(yaml.read(tmp_path / "params.yaml", ""))


def test_labels_of_the_whole_and_times_of_some(tmp_path: Path, new: Callable[..., Made]) -> None:
    """The list is what is learnt from, the table of times what events are scored against."""
    recipe, said, minded = new(folders.of_weak_and_strong(tmp_path / "data"))
    ingest = recipe["ingest"]
    assert (ingest["labels"], ingest["label_files"]) == ("clips", ["heard.csv"])
    assert ingest["strong_files"] == ["times.tsv"] and ingest["label_separator"] == ";"
    assert recipe["clean"]["target"] == "tags"
    assert recipe["detect"]["collar_s"] == pytest.approx(0.2, abs=0.02)
    assert "times of 6 of 24 clips" in said
    assert "times" not in minded
    recipes.validate(yaml.read(tmp_path / "params.yaml", ""))


def test_what_has_times_is_tested(tmp_path: Path, new: Callable[..., Made]) -> None:
    """Else none may be in the test part, and no event is scored; a point with some is not."""
    data = folders.of_weak_and_strong(tmp_path / "data")
    assert new(data)[0]["split"]["test_groups"] == ["point4", "point5"]
    times = pd.read_csv(data / "times.tsv", sep="\t")
    times[times["filename"] != "point4_17.wav"].to_csv(data / "times.tsv", sep="\t", index=False)
    assert new(data)[0]["split"]["test_groups"] == ["point5"]


def test_clips_of_one_length_are_one_window_each(tmp_path: Path, new: Callable[..., Made]) -> None:
    """Nothing of the clip is left over, of which a second window would be made."""
    data, length = folders.of_weak_and_strong(tmp_path / "data"), 7950  # no whole frames
    for path in data.rglob("*.wav"):
        folders.write(path, soundfile.read(path)[0][:length])
    clean = new(data)[0]["clean"]
    grid = Grid(clean["window_samples"], clean["hop_samples"], 0, 0.1, clean["pad_short"])
    assert starts(length, grid).tolist() == [0]


def test_audiosets_table_beside_some_of_its_clips(tmp_path: Path, new: Callable[..., Made]) -> None:
    """Four times as many rows as files, in seconds of a video and not of the file."""
    recipe, _, _ = new(folders.of_audioset(tmp_path / "data"))
    ingest = recipe["ingest"]
    assert (ingest["labels"], ingest["label_files"]) == ("clips", ["balanced.csv"])
    assert ingest["label_separator"] == "," and ingest["group"] == "given"
    assert recipe["clean"]["target"] == "tags"
    recipes.validate(yaml.read(tmp_path / "params.yaml", ""))


def test_quakes_are_seen_with_their_band_and_length(
    tmp_path: Path, new: Callable[..., Made]
) -> None:
    """2 Hz for 5 minutes, once an hour."""
    recipe, _, _ = new(folders.of_catalogue(tmp_path / "data"))
    clean, look = recipe["clean"], recipe["spectrogram"]
    assert clean["sample_rate_hz"] == 20
    assert look["fmin_hz"] < 2 < look["fmax_hz"] < 6
    assert 40 < clean["window_samples"] / 20 < 100
    assert recipe["baselines"]["lta_s"] > recipe["baselines"]["sta_s"] > 20


def test_a_name_that_exists_is_kept(tmp_path: Path) -> None:
    """Without --force nothing is overwritten."""
    project.copy_recipes(tmp_path)
    data = folders.beside(tmp_path / "data")
    (tmp_path / "recipes/mine.yaml").write_text("clean: {}\n")
    done = inprocess.run(tmp_path, "rarewave", "new", "mine", str(data))
    assert done.returncode == 1 and "there already" in done.stderr
    assert (tmp_path / "recipes/mine.yaml").read_text() == "clean: {}\n"


def test_moved_labels_are_noticed(tmp_path: Path, new: Callable[..., Made]) -> None:
    """By a burst and a half; labels that fit are not accused."""
    _, _, right = new(folders.beside(tmp_path / "right"))
    _, _, moved = new(folders.beside(tmp_path / "moved", move_s=0.3))
    assert "look shifted" not in right
    assert "look shifted" in moved and "earlier" in moved


def test_a_name_without_a_time_costs_all_theirs_and_that_is_said(
    tmp_path: Path, new: Callable[..., Made]
) -> None:
    """It is named, so that it can be renamed."""
    data = folders.of_files(tmp_path / "data")
    odd = "Mönchsgrasmücke früh"
    (data / "audio/S1_20240303_060000.wav").rename(data / f"audio/{odd}.wav")
    table = data / "tables/S1_20240303_060000.Table.1.selections.txt"
    table.rename(table.with_name(f"{odd}.Table.1.selections.txt"))
    recipe, said, _ = new(data)
    assert "7 of 8 names hold a time (%Y%m%d_%H%M%S), and not audio/Mönchsgrasm" in said
    assert "start_pattern" not in recipe["ingest"]


def test_a_folder_outside_is_named_as_it_was_given(tmp_path: Path) -> None:
    """An absolute name holds in copies of the project, too."""
    project_folder = tmp_path / "project"
    project.copy_recipes(project_folder)
    data = folders.beside(tmp_path / "data")
    for given, wanted in ((data, data.as_posix()), (Path("../data"), "../data")):
        done = inprocess.run(project_folder, "rarewave", "new", "x", str(given), "--force")
        assert done.returncode == 0, done.stderr
        assert yaml.read(project_folder / "recipes/x.yaml", "")["ingest"]["data"] == wanted


def test_short_and_infinite_sound_without_labels(tmp_path: Path, new: Callable[..., Made]) -> None:
    """A recording of less than a window, and one with a sample that is no number."""
    data = tmp_path / "data"
    for number in range(3):
        folders.write(data / f"{number}.wav", folders.sound(10, [], number))
    folders.write(data / "short.wav", folders.sound(1, [], 9)[:900])
    wave = folders.sound(10, [], 5)
    wave[100] = np.inf
    soundfile.write(data / "inf.wav", wave, folders.RATE, "FLOAT")
    recipe, said, warned = new(data)
    assert recipe["ingest"]["labels"] == "none" and "truncated" not in said + warned
    assert "RuntimeWarning" not in warned
    windows = pd.read_csv(tmp_path / "reports/mine/windows.csv")
    assert {Path(path).stem for path in windows["path"]} == {"0", "1", "2", "short", "inf"}


def test_what_is_missing_is_said(tmp_path: Path, new: Callable[..., Made]) -> None:
    """Unlabelled recordings, two rates, clipping, few examples."""
    data = folders.beside(tmp_path / "data")
    (data / "song03.txt").unlink()
    rows = folders.calls(10, 9, ("low",))
    folders.write(data / "song99.wav", 50 * folders.sound(10, rows, 9, 16000), 16000)
    folders.audacity(data / "song99.txt", rows)
    _, _, said = new(data)
    assert "1 of 7 recordings have no labels, as song03.wav" in said
    assert "2 sampling rates (8000, 16000 Hz)" in said
    assert "clipped, as song99" in said


def test_what_ingest_will_say_is_said(tmp_path: Path, new: Callable[..., Made]) -> None:
    """A recording that is there twice, and labels of one that is not."""
    data = folders.of_table(tmp_path / "data")
    (data / "wav/copy.wav").write_bytes((data / "wav/r0a.wav").read_bytes())
    with (data / "events.csv").open("a") as stream:
        stream.write("gone.wav,1,2,low\n")
    _, _, said = new(data)
    assert "duplicated recordings: 1, as copy repeats r0a" in said
    assert "recording absent: 1, as gone.wav" in said


def test_labels_that_differ_in_capitals_are_told(tmp_path: Path, new: Callable[..., Made]) -> None:
    """With the line that makes them one; the rarer forms become the usual one."""
    data = folders.of_table(tmp_path / "data")
    _, _, right = new(data)
    lines = (data / "events.csv").read_text().splitlines()
    at = next(k for k, line in enumerate(lines) if line.endswith(",low"))
    lines[at] = lines[at].removesuffix("low") + "Low"
    (data / "events.csv").write_text("\n".join(lines) + "\n")
    _, _, said = new(data)
    assert "in capitals" not in right
    assert "1 of 2 labels are written in capitals and not, as low and Low" in said
    assert 'ingest.classes: {"Low": "low"}' in said


def test_counts_among_ground_motion_are_noticed(tmp_path: Path, new: Callable[..., Made]) -> None:
    """Half of the files in m/s."""
    data = folders.of_catalogue(tmp_path / "data")
    _, _, right = new(data)
    for path in sorted((data / "waveforms").iterdir())[::2]:
        trace = obspy.read(str(path))[0]
        trace.data = trace.data.astype(float) * 1e-9
        trace.write(str(path), format="MSEED", encoding="FLOAT64")
    _, _, mixed = new(data)
    assert "levels of recordings differ" not in right and "levels of recordings differ" in mixed


def test_a_folder_without_a_recording(tmp_path: Path, new: Callable[..., Made]) -> None:
    """One message, nothing written."""
    (tmp_path / "data").mkdir()
    recipe, _, said = new(tmp_path / "data", fails=True)
    assert not recipe and "no recording in" in said
    assert not (tmp_path / "reports").exists()


def test_quakes_that_nobody_has_labelled(tmp_path: Path, new: Callable[..., Made]) -> None:
    """The windows to label first hold them; the recipe is for pretraining."""
    data = folders.of_catalogue(tmp_path / "data", days=3)
    (data / "quakes.csv").unlink()
    recipe, said, _ = new(data)
    recipes.validate(yaml.read(tmp_path / "params.yaml", ""))
    assert recipe["ingest"]["labels"] == "none" and "no labels" in said
    assert recipe["clean"]["window_samples"] / 20 == pytest.approx(102, abs=2)
    assert recipe["spectrogram"]["scale"] == "linear" and "catalogue" in said
    picked = pd.read_csv(tmp_path / "reports/mine/label_first.csv")
    loud = picked[picked["above_db"] > 10]
    inside = [(loud["start_s"] < at + 300) & (loud["end_s"] > at) for at in (900, 3600)]
    assert all(flags.any() for flags in inside) and (inside[0] | inside[1]).all()


def test_names_that_look_like_labels_can_be_said_to_be_none(
    tmp_path: Path, new: Callable[..., Made]
) -> None:
    """Clips in folders by what somebody believes to be in them."""
    recipe, _, _ = new(folders.of_clips(tmp_path / "data", "folders"), "--labels", "none")
    assert recipe["ingest"]["labels"] == "none"
    picked = pd.read_csv(tmp_path / "reports/mine/label_first.csv")
    kinds = [set(mine["path"].str.split("/").str[0]) for _, mine in picked.groupby("kind")]
    assert {"low"} in kinds and {"high"} in kinds and {"low", "high"} not in kinds


def test_a_task_can_be_asked_for(tmp_path: Path, new: Callable[..., Made]) -> None:
    """One call or none, whatever its name."""
    recipe, _, _ = new(folders.beside(tmp_path / "data"), "--task", "event")
    assert recipe["clean"]["target"] == "event"


def test_a_grouping_that_cannot_be_is_refused(tmp_path: Path, new: Callable[..., Made]) -> None:
    """The message names those that can."""
    _, _, said = new(folders.beside(tmp_path / "data"), "--group", "day", fails=True)
    assert "--group day makes no groups" in said and "recording" in said
