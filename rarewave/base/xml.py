"""Read XML that may come from anywhere: without entities, which grow without end and read files."""

import io
from pathlib import Path
from xml.parsers import expat

from rarewave.base.errors import DataError
from rarewave.base.files import content_of


def document(path: Path, element: str, missing: str) -> tuple[io.BytesIO, int]:
    """The bytes of an XML file, to be parsed, and how many elements of a name it has.

    Parameters
    ----------
    element : a name, without its name space.
    missing : what to do where the file does not exist.

    Raises
    ------
    DataError
        The file is missing or is not XML, or has a DOCTYPE.
    """
    content = content_of(path, missing)
    count = 0

    def refuse(*declared: object) -> None:
        raise DataError(f"{path} has a DOCTYPE, which none of its kind needs: take it out")

    def found(name: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += name.rsplit(":", 1)[-1] == element

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = found
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError) as error:
        raise DataError(f"{path} is not XML ({error}): write it again") from None
    return io.BytesIO(content), count
