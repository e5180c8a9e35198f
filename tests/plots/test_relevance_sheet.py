"""The sheet of relevance: what a title says of long names and of many labels."""

import pytest

from rarewave.plots import relevance_sheet, style


@pytest.mark.parametrize(
    ("names", "most", "wanted"),
    [
        (["bell"], 10, "bell"),
        (["bell", "hum"], 9, "bell, hum"),
        (["bell", "hum", "knock"], 10, "bell +2"),
        (["Eurasian Bullfinch", "hum"], 12, "Eura…inch +1"),
        (["Eurasian Bullfinch"], 9, "Eura…inch"),
    ],
)
def test_names_are_left_out_whole(names: list[str], most: int, wanted: str) -> None:
    """Those that fit, and how many more there are; only a first one too long loses its middle."""
    assert style.several(names, most) == wanted and len(wanted) <= most


def test_a_title_keeps_number_score_and_class() -> None:
    """However many labels a window has: they have a line of their own."""
    labels = ["Carduelis chloris call", "Parus major song", "Turdus philomelos call"]
    said = relevance_sheet.title_of(
        "false_alarm_12", "Phylloscopus collybita song", 0.98765, labels
    )
    assert said.split("\n") == [
        "false alarm 12: p = 0.988",
        "Phylloscopus collybita song",
        "holds Carduelis chloris call +2",
    ]
    assert max(map(len, said.split("\n"))) <= 34
