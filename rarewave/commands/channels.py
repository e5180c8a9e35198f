"""The option --channel of several commands."""


def channel_of(text: str) -> int | str:
    """A number from 1, `mean`, or a pattern of identifiers; raises ValueError for others."""
    return text if text == "mean" or "." in text or "*" in text else int(text)
