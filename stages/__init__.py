"""The pipeline: each stage reads params.yaml and files, calls rarewave, writes files.

Run as `python -m stages.<name>` from the project folder, by DVC or by hand.
"""

import os
import signal
import sys
import time

# What comes before the work counts as imports: `python -m rarewave times`.
BEGAN = time.time()


def _leave(number: int, frame: object) -> None:
    os.write(2, b"stopped before it began\n")
    os._exit(1)


# Ctrl-C during imports: nothing is written yet. `stages.shared.run` takes over.
if sys.argv[:1] == ["-m"]:
    signal.signal(signal.SIGINT, _leave)
    signal.signal(signal.SIGTERM, _leave)

# Before numpy and TensorFlow load: OpenBLAS gives other bits with other thread counts, and
# nobody reads TensorFlow's start-up lines.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("MPLCONFIGDIR", os.path.join(os.getcwd(), ".rarewave", "matplotlib"))
