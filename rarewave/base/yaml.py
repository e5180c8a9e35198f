"""Read YAML that somebody wrote by hand: maps, lists, numbers and text, and nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor, SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

from rarewave.base.errors import DataError
from rarewave.base.files import text_of

# More is no file of parameters.
_MOST = 1_000_000
_TIME = "tag:yaml.org,2002:timestamp"


class _Plain(SafeConstructor):
    """A date stays the text that it is: 1971-02-30 is no error, but no day either."""


class _Commented(RoundTripConstructor):
    """The same, comments kept."""


for _constructor in (_Plain, _Commented):
    _constructor.add_constructor(_TIME, lambda made, node: made.construct_scalar(node))


def read(path: Path, missing: str) -> dict[str, Any]:
    """The map in a YAML file.

    Parameters
    ----------
    missing : what to do where it does not exist.

    Raises
    ------
    DataError
        The file is missing, not UTF-8, not YAML or no map, or has aliases or tags, which may
        stand for far more than is written.
    """
    return mapping(text_of(path, missing), str(path))


def read_commented(path: Path, missing: str) -> Any:
    """The same with its comments, as ruamel's `CommentedMap`; an empty file is an empty map."""
    text = text_of(path, missing)
    return _checked(writer(), text, str(path)) if text.strip() else {}


def mapping(text: str, name: str) -> dict[str, Any]:
    """The map in YAML text; see `read`. `name` is what messages call it."""
    return _checked(_safe(), text, name)


def value(text: str) -> Any:
    """One value as YAML reads it; text that is no YAML, as `*.mseed`, is itself."""
    try:
        _refuse_more(text)
        return _safe().load(text)
    except (YAMLError, DataError, RecursionError, ValueError):
        return text


def writer() -> YAML:
    """What writes parameters so that comments and quotation marks stay."""
    yaml = YAML()
    yaml.Constructor = _Commented
    yaml.preserve_quotes = True
    yaml.width = 120
    yaml.representer.add_representer(
        type(None), lambda r, _: r.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    return yaml


def _safe() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Plain
    return yaml


def _checked(yaml: YAML, text: str, name: str) -> Any:
    try:
        _refuse_more(text)
        content = yaml.load(text)
    except DataError as error:
        raise DataError(f"{name}{error}") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or "it cannot be parsed"
        raise DataError(f"{name} is not YAML{where}: {reason}; correct it there") from None
    except (RecursionError, ValueError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise DataError(f"{name} is not YAML: {reason}; correct it") from None
    if not isinstance(content, Mapping):
        raise DataError(
            f"{name} is no map of sections: it must be as in 'ingest:' with names below it"
        )
    return content


def _refuse_more(text: str) -> None:
    """Raise `DataError` for text that is too long, aliases and tags; the name comes before."""
    if len(text) > _MOST:
        raise DataError(f" has {len(text)} characters: that is no file of parameters")
    for event in YAML(typ="safe", pure=True).parse(text):
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent):
            raise DataError(
                f", line {line}: *{event.anchor} is an alias of YAML: write it in quotation marks, "
                'as "*.mseed", or what it stands for'
            )
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            raise DataError(f", line {line}: {tag} is a tag of YAML: write the value alone")
