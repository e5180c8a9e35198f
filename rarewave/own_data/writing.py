"""A recipe as text: each value with the reason for it."""

import io
import textwrap
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from rarewave.base import yaml
from rarewave.own_data.survey import Choices

_COLUMN = 37  # of comments, as in params.yaml
_WIDTH = 110


def recipe(choices: Choices, head: str) -> str:
    """YAML text of a recipe; `head` is its first comment."""
    lines = [f"# {line}" for line in textwrap.wrap(head, _WIDTH - 2)]
    for section, values in choices.items():
        lines.append(f"{section}:")
        for name, choice in values.items():
            line = f"  {name}: {_value(choice.value)}"
            why = " ".join(choice.why.split())
            if why and len(line) < _COLUMN - 1 and _COLUMN + len(why) + 2 <= _WIDTH:
                line = f"{line:<{_COLUMN}}# {why}"
            elif why:
                lines += [f"  # {part}" for part in textwrap.wrap(why, _WIDTH - 4)]
            lines.append(line)
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """One value on one line."""
    text = io.StringIO()
    writer = yaml.writer()
    writer.width = 10_000
    writer.dump(CommentedMap(value=_flow(value)), text)
    return text.getvalue().strip().removeprefix("value:").strip()


def _flow(value: Any) -> Any:
    if isinstance(value, dict):
        made = CommentedMap({key: _flow(inner) for key, inner in value.items()})
        made.fa.set_flow_style()
        return made
    if isinstance(value, list | tuple):
        listed = CommentedSeq([_flow(inner) for inner in value])
        listed.fa.set_flow_style()
        return listed
    if isinstance(value, str) and (not value.isidentifier() or value in ("null", "true", "false")):
        return DoubleQuotedScalarString(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value
