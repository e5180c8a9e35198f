"""The detector as an MLflow model: waveforms in, scores and decisions out.

MLflow runs this file in a copy of the package that it stores with the model, so that what
treats the data is what trained the network.
"""

from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel
from numpy.typing import NDArray


class WaveformDetector(PythonModel):
    """Scores every window of every waveform that it is given.

    Input: a row per recording, `samples` (raw, as recorded, whole numbers or not; null where
    missing), `sample_rate` in Hz, and for sound that is not from -1 to 1 `full_scale`, the sample
    of the loudest sound: 32768 of 16 bits. Output: a row per window, `recording` (row of the
    input), `start_s`, `duration_s`, `status` (`scored` or `gap`), `p_<class>` of every class but
    background, `event` (whether any reaches its threshold of windows) and `labels` (those that do,
    joined by +).
    """

    def load_context(self, context: Any) -> None:
        """Load network, front end and thresholds."""
        from rarewave.model.package import load

        package = load(context.artifacts["detector"])
        self.detector, self.thresholds = package.detector, package.of_windows

    def predict(
        self,
        context: Any,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Scores and decisions, a row per window."""
        tables = []
        for number, row in enumerate(model_input.to_dict("records")):
            table = self.detector.score_recording(_wave(row), float(row["sample_rate"]))
            table.insert(0, "recording", number)
            over = {
                name: (table[f"p_{name}"] >= threshold).to_numpy()
                for name, threshold in self.thresholds.items()
            }
            table["event"] = np.any(list(over.values()), axis=0)
            table["labels"] = [
                "+".join(name for name, flags in over.items() if flags[row])
                for row in range(len(table))
            ]
            tables.append(table)
        return pd.concat(tables, ignore_index=True)


def _wave(row: dict[Any, Any]) -> NDArray[np.float64]:
    """The samples of a row as the model's recordings were read."""
    known = row.get("full_scale")
    scale = 1.0 if known is None or np.isnan(known) else float(known)
    return np.array([np.nan if v is None else v for v in row["samples"]], np.float64) / scale


set_model(WaveformDetector())
