"""Start TensorFlow so that the same seed gives the same weights in every process."""

import os


def start(threads: int) -> None:
    """Fix thread counts and turn deterministic kernels on; call before the first network.

    The count of intra-op threads changes the order of sums and so the bits: it is a parameter,
    not the number of cores. More than one inter-op thread is not repeatable at all.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        # Already running, as in a notebook: weights are then not repeatable, scores still are
        # to rounding.
        pass
    tf.config.experimental.enable_op_determinism()
