"""The command embed: what a model's last layer is given of every segment or window."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.commands import each_file
from rarewave.commands.each_file import SPANS, Wishes
from rarewave.commands.growing import growing
from rarewave.dataset.label_first import feature_names
from rarewave.detection import scanning
from rarewave.detection.scanning import Scorer
from rarewave.model.detector import Detector
from rarewave.networks import inference, last_layer


def embed(model: str, paths: Sequence[Path], out: Path, wishes: Wishes) -> bool:
    """Write the features of recordings, each for itself, into a table: parquet or csv.

    Returns
    -------
    Whether every file was whole.

    Raises
    ------
    DataError
        No model, no recordings, or most of them in another unit than the model's.
    """
    package, files = each_file.opened(model, paths, wishes)
    scorer = scorer_of_features(package.detector)
    front_end, names = scorer.front_end, list(scorer.names)
    covers, gaps = [], 0
    schema = SPANS | dict.fromkeys(names, "float32")
    with growing(out, schema) as add, each_file.progress(files, "embed") as progress:
        for one in files:
            with each_file.scratch(out) as folder:
                scan = None
                if one.stream is not None:
                    scan = scanning.scan(scorer, one.stream, folder / "features.f32", progress)
                for table, features in each_file.tables(one, scan, front_end):
                    add(table.join(pd.DataFrame(features, columns=names)))
                covers.append(each_file.accounted(one, scan, front_end))
                gaps += each_file.gaps(scan)
    return each_file.said(covers, gaps, out)


def scorer_of_features(model: Detector) -> Scorer:
    """What gives (windows or segments, features): what the last dense layer is given.

    A network of segments that is scored by window gives the mean over the window's.
    """
    segments = model.segments
    body = (last_layer.averaged if segments is None else last_layer.body)(model.network)

    def features(X: NDArray[np.float32]) -> NDArray[np.float64]:
        if segments is None:
            found = inference.outputs(body, X, np.arange(len(X)), model.normalisation)
        else:
            found = np.asarray(body(model.normalisation(X), training=False), np.float32)[0]
        return found.astype(np.float64)

    names = feature_names(int(body.output_shape[-1]))
    return Scorer(model.scans, names, features, segments)
