"""How all pictures look, and how they are written."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from rarewave.base.files import whole

# Okabe and Ito's colours, then some of Tol's, told apart by colour-blind readers too.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#444444"]
COLOURS += ["#332288", "#882255", "#117733", "#DDCC77"]
GREY = "#BBBBBB"
PALE = "#E4E4E4"
# What tells things apart in a grey print; of other numbers than the colours, so that 55 are unlike.
_LINES: list[Any] = ["-", "--", ":", "-.", (0, (3, 1, 1, 1, 1, 1))]
_MARKS = "osD^v<>PX"
_HATCHES = ["", "///", "...", "xxx", "\\\\\\"]

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.formatter.useoffset": False,
    "legend.frameon": False,
    "hatch.linewidth": 0.6,
}


class Look(NamedTuple):
    """What one thing of several is drawn with."""

    colour: str
    line: Any
    mark: str
    hatch: str

    @property
    def bar(self) -> dict[str, Any]:
        """Arguments of a bar: its colour, hatched in white, or in grey where it is pale."""
        ink = "#777777" if self.colour == PALE else "white"
        return {"color": self.colour, "hatch": self.hatch, "edgecolor": ink, "linewidth": 0}

    @property
    def curve(self) -> dict[str, Any]:
        """Arguments of a line."""
        return {"color": self.colour, "linestyle": self.line}


def looks(names: Sequence[Any]) -> dict[Any, Look]:
    """A look for each name, unlike in colour and, for a grey print, in line, mark and hatch."""
    parts = (COLOURS, _LINES, _MARKS, _HATCHES)
    return {name: Look(*(part[k % len(part)] for part in parts)) for k, name in enumerate(names)}


def shortened(name: str, most: int) -> str:
    """A name of at most so many characters: its middle is left out."""
    if len(name) <= most:
        return name
    return f"{name[: (most - 1) // 2]}…{name[len(name) - most // 2 :]}"


def several(names: Sequence[str], most: int) -> str:
    """Names joined by commas in at most so many characters: those that fit, and how many do not."""
    for count in range(len(names), 0, -1):
        left = f" +{len(names) - count}" if count < len(names) else ""
        text = ", ".join(names[:count]) + left
        if len(text) <= most:
            return text
    left = f" +{len(names) - 1}" if len(names) > 1 else ""
    return shortened(names[0], most - len(left)) + left


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
