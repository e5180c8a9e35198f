"""XML of strangers is parsed without entities."""

from pathlib import Path

import pytest

from rarewave.base import xml
from rarewave.base.errors import DataError

BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("declared", [BOMB, OUTSIDE, '<!DOCTYPE x SYSTEM "x.dtd">'])
def test_entities_are_refused_in_any_encoding(tmp_path: Path, declared: str, encoding: str) -> None:
    """Those that grow, and those that read other files."""
    path = tmp_path / "a.xml"
    text = f'<?xml version="1.0" encoding="{encoding}"?>{declared}<x>1</x>'
    path.write_bytes(text.encode(encoding))
    with pytest.raises(DataError, match=r"a\.xml has a DOCTYPE"):
        xml.document(path, "x", "make it")


def test_elements_are_counted_whatever_their_name_space(tmp_path: Path) -> None:
    """So that what a reader leaves out is noticed."""
    path = tmp_path / "a.xml"
    path.write_text('<q:top xmlns:q="urn:a" xmlns="urn:b"><event/><q:event/><other/></q:top>')
    content, count = xml.document(path, "event", "make it")
    assert (content.read(), count) == (path.read_bytes(), 2)
