"""Pretraining learns what windows are, repeats itself, and goes on after a stop to the bit."""

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from support import options, tasks
from support.changes import changing

from rarewave.base.errors import DataError
from rarewave.frontend import normalisation, spectrogram
from rarewave.networks import backend, inference, registry
from rarewave.networks.backend import keras
from rarewave.training import contrast, simclr
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.simclr import Pool, Row, Views, Watch

backend.start(2)

SHAPE = (16, 16, 1)
SPEC = replace(options.SPECTROGRAM, n_fft=32, hop=16, floor_db=-80.0)
RATE = 1000.0
OPTIONS = replace(options.PRETRAINING, epochs=8, batch_size=24, learning_rate=0.01)
CHANGES = changing(
    time_shift={"p": 1.0, "s": 0.25}, gain={"p": 1.0, "db": 3.0}, time_mask={"p": 0.5, "s": 0.08}
)


def patterns(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise in dB with one of three bands sounding at any time, so faint that it is learnt."""
    rng = np.random.default_rng(seed)
    y = (np.arange(count) % 3).astype(np.int8)
    X = rng.normal(-40, 3, (count, *SHAPE)).astype(np.float32)
    for row, kind in enumerate(y):
        at = rng.integers(0, 10)
        X[row, 5 * kind : 5 * kind + 3, at : at + 6] += 9
    X += rng.normal(0, 6, (count, 1, 16, 1)).astype(np.float32)  # louder and fainter moments
    return X, y


X, Y = patterns(96, 0)
SEEN, LABELS = patterns(96, 1)
SCALE = normalisation.fit(X, "sample")
POOL = Pool(96, lambda rows: X[rows], None, SCALE, RATE, SPEC)
WATCH = Watch(SEEN, LABELS, np.arange(48), np.arange(48, 96), 3)


def encoder(seed: int = 1) -> keras.Model:
    """A small one, from its seed."""
    keras.utils.set_random_seed(seed)
    return registry.encoder(
        registry.build("acoustic_cnn", SHAPE, tasks.of_outputs(1), slice(0, 16), 0.125)
    )


class Done(NamedTuple):
    """An encoder and what was reported of it."""

    encoder: keras.Model
    history: list[Row]


def run(
    folder: Path,
    pool: Pool = POOL,
    watch: Watch = WATCH,
    changes: Augmentation = CHANGES,
    stop_after: int | None = None,
    seed: int = 1,
    **change: Any,
) -> Done:
    """Pretrain; `stop_after` an epoch its report fails, as a kill would."""
    made, history = encoder(seed), []

    def report(row: Row) -> None:
        history.append(dict(row))
        if row["epoch"] == stop_after:
            raise KeyboardInterrupt

    how = replace(OPTIONS, seed=seed, **change)
    simclr.pretrain(made, pool, watch, how, changes, report, folder / "state.npz")
    return Done(made, history)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """One run to the end."""
    return run(tmp_path_factory.mktemp("pretraining"))


def test_pretraining_learns_what_windows_are(unbroken: Done) -> None:
    """The loss falls; nearest neighbours, of windows never seen, find the pattern more often."""
    history = unbroken.history
    assert [row["epoch"] for row in history] == list(range(9))
    assert "loss" not in history[0]
    assert history[-1]["loss"] < 0.8 * history[1]["loss"]
    assert history[-1]["knn_accuracy"] > history[0]["knn_accuracy"] + 0.1
    assert history[-1]["knn_accuracy"] > 0.9


def test_what_is_reported_is_what_the_features_say(unbroken: Done) -> None:
    """Of the encoder as it is at the end: votes of the training part on validation."""
    found = np.asarray(unbroken.encoder.predict_on_batch(SCALE(SEEN)))
    right = contrast.nearest(found[:48], LABELS[:48], found[48:], 3) == LABELS[48:]
    last = unbroken.history[-1]
    assert last["knn_accuracy"] == pytest.approx(right.mean())
    each = [right[LABELS[48:] == kind].mean() for kind in range(3)]
    assert last["knn_balanced_accuracy"] == pytest.approx(np.mean(each))
    assert last["uniformity"] < 0 <= last["alignment"] < 2


def test_balanced_accuracy_counts_classes_alike(tmp_path: Path) -> None:
    """Where one pattern is rare among those asked."""
    rare = np.concatenate([np.flatnonzero(LABELS == 0)[16:], np.flatnonzero(LABELS == 1)[-2:]])
    done = run(tmp_path, watch=WATCH._replace(asked=rare), epochs=0)
    found = np.asarray(encoder().predict_on_batch(SCALE(SEEN)))
    right = contrast.nearest(found[:48], LABELS[:48], found[rare], 3) == LABELS[rare]
    wanted = (right[:16].mean() + right[16:].mean()) / 2
    assert done.history[0]["knn_balanced_accuracy"] == pytest.approx(wanted)
    assert done.history[0]["knn_accuracy"] == pytest.approx(right.mean())


def test_the_first_loss_is_that_of_the_first_views(tmp_path: Path) -> None:
    """NT-Xent of the projected features of all batches, the optimiser standing still."""
    done = run(tmp_path, epochs=1, learning_rate=1e-12, weight_decay=0.0, batch_size=48)
    made = encoder()
    model = simclr._with_projection(made)
    feed = Views(POOL, replace(OPTIONS, batch_size=48), CHANGES)
    feed.at(1)
    found = [np.asarray(model(feed[i][0], training=True)) for i in range(2)]
    losses = [float(np.mean(np.asarray(contrast.nt_xent(z, 0.2)))) for z in found]
    assert done.history[1]["loss"] == pytest.approx(np.mean(losses), rel=1e-4)


def same(a: Done, b: Done) -> bool:
    """Weights, statistics and history, bit for bit."""
    weights = zip(a.encoder.get_weights(), b.encoder.get_weights(), strict=True)
    return all(np.array_equal(x, y) for x, y in weights) and a.history == b.history


def test_the_same_seed_gives_the_same_weights(unbroken: Done, tmp_path: Path) -> None:
    """And history; another seed others."""
    assert same(run(tmp_path), unbroken)
    assert not same(run(tmp_path, seed=2), unbroken)


@pytest.mark.parametrize(
    "stop", [pytest.param(1, marks=pytest.mark.slow), 4, pytest.param(8, marks=pytest.mark.slow)]
)
def test_a_stopped_run_ends_as_an_unbroken_one(unbroken: Done, tmp_path: Path, stop: int) -> None:
    """After the first epoch, in the midst and after the last; then nothing is left behind."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop_after=stop)
    assert (tmp_path / "state.npz").exists()
    again = run(tmp_path)
    assert same(again, unbroken)
    for row, wanted in zip(again.history, unbroken.history, strict=True):
        assert list(row) == list(wanted)  # columns of a table stay where they are
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_run_may_be_stopped_twice(unbroken: Done, tmp_path: Path) -> None:
    """And goes on from the later stop."""
    for stop in (2, 3):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, stop_after=stop)
    assert same(run(tmp_path), unbroken)


def test_a_stop_before_the_first_epoch_leaves_nothing(tmp_path: Path) -> None:
    """There is nothing yet to go on from."""
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stop_after=0)
    assert list(tmp_path.iterdir()) == []


def test_without_epochs_the_encoder_stays_and_is_looked_at(tmp_path: Path) -> None:
    """Its weights bit for bit; one report, the first of every run; no file."""
    done = run(tmp_path, epochs=0)
    for a, b in zip(done.encoder.get_weights(), encoder().get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(done.history) == 1 and done.history[0]["epoch"] == 0
    assert list(tmp_path.iterdir()) == []


def test_the_first_report_is_the_same_whether_training_follows(
    unbroken: Done, tmp_path: Path
) -> None:
    """So that what pretraining gains can be read off."""
    assert run(tmp_path, epochs=0).history[0] == unbroken.history[0]


@pytest.mark.parametrize(
    ("pool", "changes", "words"),
    [
        (POOL, changing(), "views of a window would be equal: set a probability in views"),
        (POOL, changing(CHANGES, mixup={"p": 0.5}), r"views\.mixup mixes targets.*set its p to 0"),
        (POOL, changing(CHANGES, stretch={"p": 0.5, "classes": {"a": 0.5}}), "views have none"),
        (POOL._replace(size=1), CHANGES, "1 windows to pretrain on: add recordings"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(
    tmp_path: Path, pool: Pool, changes: Augmentation, words: str
) -> None:
    """Equal views, blended targets, a single window; before any epoch."""
    with pytest.raises(DataError, match=words):
        run(tmp_path, pool, changes=changes)
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_diverges_says_so(tmp_path: Path) -> None:
    """The epoch and what to change; the last good state is no finished encoder."""
    with pytest.raises(DataError, match=r"diverged in epoch \d: lower pretrain\.learning_rate"):
        run(tmp_path, learning_rate=1e30, warmup=0.0)


def test_fewer_windows_than_a_batch_are_one_batch(tmp_path: Path) -> None:
    """The whole pool; two windows are enough."""
    small = POOL._replace(size=2)
    feed = Views(small, OPTIONS, CHANGES)
    feed.at(1)
    assert len(feed) == 1 and feed[0][0].shape == (4, *SHAPE)
    assert np.isfinite(run(tmp_path, small, epochs=1).history[-1]["loss"])


def test_the_two_views_differ_and_belong_together() -> None:
    """Rows i and i + n are of one window, normalised; no two are equal."""
    rows = np.array([7, 3, 50])
    found = simclr.views(POOL, rows, CHANGES, np.random.default_rng(0))
    assert found.shape == (6, *SHAPE) and found.dtype == np.float32
    np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), 0, atol=1e-4)
    assert len({view.tobytes() for view in found}) == 6
    # Level of a window is kept by the gain alone, so without normalisation it names the window.
    plain = Pool(
        96, lambda r: X[r], None, normalisation.fit(np.zeros_like(X), "dataset"), RATE, SPEC
    )
    gain = changing(gain={"p": 1.0, "db": 3.0})
    found = simclr.views(plain, rows, gain, np.random.default_rng(0)) * np.float32(1e-3)
    for view, row in zip(found, [*rows, *rows], strict=True):
        difference = (view - X[row]).ravel()
        assert np.ptp(difference) < 0.01 and 0 < abs(difference.mean()) <= 3.001
    assert np.abs(found[:3] - found[3:]).max() > 0.01


def test_an_epoch_sees_every_window_once_and_each_epoch_anew() -> None:
    """In whole batches; the same batch whenever it is asked for."""
    feed = Views(POOL, OPTIONS, CHANGES)
    orders = []
    for epoch in (1, 2):
        feed.at(epoch)
        assert len(feed) == 4
        assert sorted(feed.order) == list(range(96))
        later, first = feed[3][0], feed[0][0]
        np.testing.assert_array_equal(feed[0][0], first)
        np.testing.assert_array_equal(feed[3][0], later)
        orders.append(feed.order)
    assert (orders[0] != orders[1]).any()
    odd = Views(POOL, replace(OPTIONS, batch_size=40), CHANGES)
    odd.at(1)
    assert len(odd) == 2 and len(odd[1][0]) == 80


@pytest.fixture(scope="module")
def sounding() -> Pool:
    """A pool with the samples of its windows."""
    waves = np.random.default_rng(0).standard_normal((40, 272)).astype(np.float32)
    spectra = spectrogram.spectrograms(waves, RATE, SPEC)
    scale = normalisation.fit(spectra, "sample")
    return Pool(40, lambda rows: spectra[rows], lambda rows: waves[rows], scale, RATE, SPEC)


@pytest.mark.parametrize(
    "changes",
    [
        changing(noise={"p": 1.0, "snr_low_db": 0.0, "snr_high_db": 0.0}),
        changing(pitch={"p": 1.0, "semitones": 4.0}),
    ],
    ids=["noise", "pitch"],
)
def test_samples_are_changed_where_they_are_given(sounding: Pool, changes: Augmentation) -> None:
    """Both views differ from the window and from each other."""
    rows = np.arange(5)
    plain = sounding.normalise(sounding.spectrograms(rows))
    found = simclr.views(sounding, rows, changes, np.random.default_rng(0))
    for one, other in ((found[:5], plain), (found[5:], plain), (found[:5], found[5:])):
        assert np.abs(one - other).mean() > 0.05


def test_samples_are_not_read_in_vain(sounding: Pool) -> None:
    """Where every change is one of the spectrogram."""

    def never(rows: np.ndarray) -> np.ndarray:
        raise AssertionError(f"samples of {rows} were read")

    pool = sounding._replace(waveforms=never)
    gain = changing(gain={"p": 1.0, "db": 6.0})
    assert len(simclr.views(pool, np.arange(3), gain, np.random.default_rng(0))) == 6


def test_other_windows_of_the_pool_are_mixed_in() -> None:
    """As background: a loud band of all others shows in every view of a window without it."""
    spectra = np.full((10, *SHAPE), -60.0, np.float32)
    spectra[1:, 3] = 0.0
    spectra[0, 12] = 0.0
    pool = Pool(10, lambda rows: spectra[rows], None, SCALE, RATE, SPEC)
    mixed = changing(background={"p": 1.0, "snr_low_db": 0.0, "snr_high_db": 0.0})
    found = simclr.views(pool, np.repeat(0, 20), mixed, np.random.default_rng(0))
    heard = found[:, 3].mean(axis=(1, 2)) > found[:, 8].mean(axis=(1, 2)) + 1
    assert heard.mean() > 0.6


def test_the_projection_is_thrown_away(unbroken: Done) -> None:
    """The encoder has its own layers, and gives features (n, 64)."""
    names = {layer.name for layer in unbroken.encoder.layers}
    assert not any("projection" in name for name in names)
    assert unbroken.encoder.output_shape == (None, 64)


def test_features_do_not_depend_on_the_batch(unbroken: Done, monkeypatch: Any) -> None:
    """Rows in the order asked for."""
    rows = np.array([5, 90, 0, 31, 7])
    one = inference.outputs(unbroken.encoder, SEEN, rows, SCALE)
    monkeypatch.setattr(inference, "BATCH", 2)
    other = inference.outputs(unbroken.encoder, SEEN, rows, SCALE)
    np.testing.assert_allclose(one, other, atol=1e-5)
    np.testing.assert_allclose(
        one[1], np.asarray(unbroken.encoder(SCALE(SEEN[90:91]), training=False))[0], atol=1e-5
    )
