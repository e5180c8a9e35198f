"""The option --channel of several commands."""


def channel_of(text: str) -> int | str:
    """A number from 1, or `mean`; raises ValueError for others."""
    return text if text == "mean" else int(text)
