"""Labels in the names of files."""

import re
from pathlib import PurePath

from rarewave.base.errors import DataError


def labels_from_name(
    pattern: str, name: str, parameter: str = "ingest.name_pattern"
) -> dict[str, str]:
    r"""Named groups of a regular expression that the whole stem of a file name matches.

    >>> labels_from_name(r"(?P<label>\d)_(?P<group>\w+)_\d+", "clips/7_jackson_12.wav")
    {'label': '7', 'group': 'jackson'}

    Raises
    ------
    DataError
        The pattern is no regular expression or names no group, or the name does not match.
        The parameter is named.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise DataError(
            f"{parameter} {pattern!r} is no regular expression ({error}): correct it"
        ) from None
    if not compiled.groupindex:
        raise DataError(
            f"{parameter} {pattern!r} names no group: write (?P<label>...) around the label"
        )
    found = compiled.fullmatch(PurePath(name).stem)
    if found is None:
        raise DataError(
            f"{name}: its name does not match {parameter} {pattern!r}: correct the "
            "pattern or rename the file"
        )
    return {group: text or "" for group, text in found.groupdict().items()}
