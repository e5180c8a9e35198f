"""Keras on TensorFlow, started so that the same seed gives the same weights in every process.

Every module that needs Keras takes it from here, so that the settings below come first.
"""

import gc
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextmanager
def _silence() -> Iterator[None]:
    """Keep lines off the terminal that C++ writes before any log level counts."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Hide libraries that Keras takes in where they are there, for what nobody here asks of it.

    Its wrappers for scikit-learn and its galleries cost a short `detect` half of its time.
    """
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def _kept() -> Iterator[None]:
    """Let the garbage collector pass over what is loaded here, which stays until the end.

    TensorFlow makes millions of objects; looking through them, again and again while it loads and
    once more at the end, costs a short `detect` a third of its time.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()


def quiet() -> None:
    """Keep warnings back of what is meant.

    Keras: a recording is one segment, and its weight 1. TensorFlow: a function is traced again, as
    it is once for each network of an ensemble.
    """
    warnings.filterwarnings(
        "ignore", "You are using a softmax over axis 1 of .* size 1", UserWarning
    )
    logging.getLogger("tensorflow").addFilter(_not_of_tracing)


def _not_of_tracing(record: logging.LogRecord) -> bool:
    return "triggered tf.function retracing" not in record.getMessage()


quiet()
with _silence(), _without("sklearn", "matplotlib"), _kept():
    import keras
    import tensorflow as tf

__all__ = ["keras", "quiet", "start", "tf"]


def start(threads: int) -> None:
    """Fix thread counts and turn deterministic kernels on; call before the first network.

    The count of intra-op threads changes the order of sums and so the bits: it is a parameter,
    not the number of cores. More than one inter-op thread is not repeatable at all.
    """
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        # Already running, as in a notebook: weights are then not repeatable, scores still are
        # to rounding.
        pass
    tf.config.experimental.enable_op_determinism()
