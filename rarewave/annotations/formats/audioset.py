"""AudioSet's tables: a YouTube clip, from when to when, and what sounds in it."""

from collections.abc import Iterator

_JOINED = "_-"  # what stands between start and end


def names(ytid: str, start: str, end: str) -> list[str]:
    """What downloaders call the file of a segment, without its ending, the longest first.

    Parameters
    ----------
    ytid : of eleven letters, which may begin with a hyphen.
    start, end : seconds as the table writes them, `30.000`; anything else is passed over.
    """
    begins, ends = list(_written(start)), list(_written(end))
    times = [f"{a}{sign}{b}" for sign in _JOINED for a in begins for b in ends] + begins
    stems = [f"{ytid}_{time}" for time in times] + [ytid]
    return [prefix + stem for stem in stems for prefix in ("", "Y")]


def _written(text: str) -> Iterator[str]:
    """Seconds as they may stand in a name: with decimals or without, or in milliseconds."""
    try:
        seconds = float(text)
    except ValueError:
        return
    yield from dict.fromkeys(
        (text, f"{seconds:.3f}", f"{seconds:.1f}", f"{seconds:g}", f"{seconds * 1000:.0f}")
    )
