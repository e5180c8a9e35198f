"""How all pictures look, and how they are written."""

import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from rarewave.base.files import whole

# Okabe and Ito's colours, told apart by colour-blind readers too.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#999999"]
GREY = "#BBBBBB"

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "legend.frameon": False,
}


def figure(width: float, height: float) -> Figure:
    """An empty figure, in inches."""
    made = Figure((width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(made)
    return made


def save(path: Path, drawn: Figure) -> None:
    """Write a PNG without dates or program names; texts are names, and no formulas."""
    for text in drawn.findobj(Text):
        text.set_parse_math(False)
    with whole(path) as part, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # an emoji is a box
        drawn.savefig(part, format="png", metadata={"Software": None})


def styled(draw: Any) -> Any:
    """Run a drawing function in the common style."""

    def inner(*args: Any, **kwargs: Any) -> Any:
        with mpl.rc_context(_STYLE):
            return draw(*args, **kwargs)

    inner.__doc__ = draw.__doc__
    return inner
