"""How Keras is started."""

import subprocess
import sys

from support.places import ROOT

LOADED = """
import sys
from rarewave.networks.backend import keras
heavy = {"sklearn", "scipy.stats", "matplotlib", "mlflow", "librosa", "obspy"} & sys.modules.keys()
import sklearn.base, matplotlib.figure
print(sorted(heavy), sklearn.base.BaseEstimator.__name__, keras.Model.__name__)
"""


TRACED = """
from rarewave.networks.backend import tf

def score(x):
    return x + 1

for n in range(8):
    tf.function(score)(tf.zeros(n))
tf.get_logger().warning("told")
"""


def test_a_function_that_is_traced_for_each_member_is_not_told() -> None:
    """Five networks of one package are meant; other warnings of TensorFlow are."""
    done = subprocess.run([sys.executable, "-c", TRACED], cwd=ROOT, capture_output=True, text=True)
    assert "retracing" not in done.stderr and "told" in done.stderr, done.stderr


def test_keras_comes_without_what_it_is_not_asked_for() -> None:
    """It would take scikit-learn and matplotlib in, 2 s of a `detect`; both stay usable."""
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[] BaseEstimator Model", done.stderr
