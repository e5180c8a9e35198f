"""Where the labels of a folder are, and in which form; told from content, not from names."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from rarewave.annotations import cells, reading
from rarewave.annotations.formats import audioset, clips
from rarewave.base.errors import DataError
from rarewave.own_data.folder import Folder
from rarewave.recordings.seismic import name_of

_SEPARATORS = r"[_\-. ]+"
# Folders so called say how data were dealt or recorded, not what sounds.
_NO_LABEL = re.compile(
    r"(train|test|val|valid|validation|dev|eval|fold|split|part|site|station|day|night|recorder|"
    r"audio|wav|flac|data|recordings?|\d)[\W_\d]*",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"(site|station|point|plot|place|rec|mic|unit|recorder)[\W_]*\d*", re.IGNORECASE
)
_DATE = re.compile(r"(?<!\d)(19|20)\d\d[-_]?[01]\d[-_]?[0-3]\d")
# A label file for each of so many recordings is no accident; a single one is enough for one file.
_LEAST_SHARE = 0.1
_MOST_CLASSES = 200
# Told from their first line: a mistake further down does not make them something else.
_UNMISTAKABLE = ("raven", "sonic_visualiser", "audacity", "kaleidoscope")
_SHOWN = 3  # texts of which is said why they are no labels


class Labels(NamedTuple):
    """Parameters of `ingest` that say where labels are, and why."""

    form: str  # a value of ingest.labels, or none
    files: tuple[str, ...]
    why: str
    name_pattern: str | None = None
    separator: str | None = None
    grouped: bool = False  # whether a clip table or the names give groups
    named: frozenset[str] = frozenset()  # the recordings that tables name
    strong: tuple[str, ...] = ()  # tables of events with times of some of them


def find(folder: Folder) -> list[Labels]:
    """All forms of labels that a folder holds, the most telling first: times before whole clips."""
    beside, texts = _files(folder)
    rest = folder._replace(texts=texts)
    ways: list[Callable[[Folder], Labels | None]] = [_tables, _catalogues]
    if folder.seismic:
        ways = [_catalogues, _tables]
    else:
        ways += [_clips, _folders, _names]
    found = _with_strong([labels for way in ways if (labels := way(rest))])
    return found if beside is None else [beside, *found]


def _with_strong(found: list[Labels]) -> list[Labels]:
    """The forms, first a table of clips if times are known of fewer than half of those."""
    of = {labels.form: labels for labels in found}
    if not {"tables", "clips"} <= of.keys():
        return found
    timed = of["tables"]
    if 2 * len(timed.named & of["clips"].named) >= len(of["clips"].named):
        return found
    why = f"{of['clips'].why}, and times of {len(timed.named)} of {len(of['clips'].named)} clips"
    both = of["clips"]._replace(strong=timed.files, why=why)
    return [both, *(labels for labels in found if labels.form not in ("tables", "clips"))]


def _table(folder: Folder, text: Path) -> pd.DataFrame:
    return reading.read(folder.root / text, folder.label_column, folder.columns)


def _catalogue(folder: Folder, text: Path) -> pd.DataFrame:
    return reading.read_catalogue(folder.root / text, folder.columns)


def refuse_unread(folder: Folder) -> None:
    """Raise `DataError` for tables that cannot be read as labels, where nothing else is labels."""
    tables = tuple(text for text in folder.texts if _is_table(folder.root / text))
    said = _unread(folder._replace(texts=tables))
    if said:
        raise DataError(
            f"{folder.root} has texts that may be labels, and none could be used. "
            + "; ".join(said)
            + ". Correct them; or name their columns, as --columns start=t0,end=t1,label=what,"
            "file=name (those that there are); or go on without labels: --labels none"
        )


def _is_table(path: Path) -> bool:
    """Whether the first lines of a text have as many cells each, two at least."""
    try:
        lines = cells.lines_of(cells.text_of(path))[:3]
    except DataError:
        return False
    for sign in "\t;,":
        counts = {line.count(sign) for _, line in lines}
        if lines and len(counts) == 1 and min(counts) > 0:
            return True
    return False


def _unread(folder: Folder) -> list[str]:
    """Why texts of a folder that seems to have no labels are not read as labels."""
    said = []
    read = _catalogue if folder.seismic else _table
    for text in folder.texts:
        try:
            count = len(read(folder, text))
        except DataError as error:
            said.append(f"{text.as_posix()} is not read as labels: {error}")
            continue
        if count:
            said.append(
                f"{text.as_posix()} holds {count} labels, and no recording is called so: call it "
                f"as the recording that it is of, as {name_of(folder.recordings[0])}.txt, or name "
                "that in a column"
            )
    more = [f"and {len(said) - _SHOWN} more texts"] if len(said) > _SHOWN else []
    return said[:_SHOWN] + more


def _files(folder: Folder) -> tuple[Labels | None, tuple[Path, ...]]:
    """A label file for each recording, beside it or in a folder of its own; and other texts."""
    by_stem = defaultdict(list)
    for path in folder.recordings:
        by_stem[name_of(path)].append(path)
    one_folder = len({path.parent for path in folder.recordings}) == 1
    labelled: dict[str, list[Path]] = defaultdict(list)
    for text in folder.texts:
        stem = _stem_of(text.name, by_stem)
        if not stem:
            continue
        beside = any(path.parent == text.parent for path in by_stem[stem])
        place = text.parent.as_posix()
        before, behind = (_escaped(part) for part in (f"{place}/", text.name[len(stem) :]))
        if beside and not one_folder:
            before = "{folder}/"
        pattern = f"{before}{{stem}}{behind}".removeprefix("./")
        labelled[pattern].append(text)
    good = {p: files for p, files in labelled.items() if _are_labels(folder, files)}
    if not good and len(folder.recordings) == 1:
        good = _of_the_only(folder)
    count = sum(map(len, good.values()))
    if count < max(1, _LEAST_SHARE * len(folder.recordings)):
        return None, folder.texts
    patterns = sorted(good, key=lambda p: -len(good[p]))
    why = f"{count} of {len(folder.recordings)} recordings have a label file"
    taken = {text for files in good.values() for text in files}
    others = tuple(text for text in folder.texts if text not in taken)
    return Labels("files", tuple(patterns), why), others


def _of_the_only(folder: Folder) -> dict[str, list[Path]]:
    """The one label file of the one recording, whatever it is called."""
    there = [text for text in folder.texts if _speaks_of_one(folder, text)]
    return {_escaped(there[0].as_posix()): there} if len(there) == 1 else {}


def _speaks_of_one(folder: Folder, text: Path) -> bool:
    """Whether a file holds labels that name no recording."""
    try:
        table = _table(folder, text)
    except DataError:
        return False
    return bool(len(table)) and bool((table["file"] == "").all())


def _escaped(text: str) -> str:
    """Braces that are no place to fill in."""
    return text.replace("{", "{{").replace("}", "}}")


def _stem_of(name: str, known: dict[str, list[Path]]) -> str:
    """The longest stem of a recording that a file's name begins with, up to a word's end."""
    for end in range(len(name), 0, -1):
        if name[:end] in known and not name[end : end + 1].isalnum():
            return name[:end]
    return ""


def _are_labels(folder: Folder, files: Sequence[Path]) -> bool:
    """Whether most of some files can be read as labels of one recording."""
    some = files[:: max(1, len(files) // 10)]
    return sum(_is_label_file(folder, path) for path in some) > len(some) / 2


def _is_label_file(folder: Folder, text: Path) -> bool:
    """Whether a file is one of labels, be there a mistake in a row, of which ingest will tell."""
    try:
        return _readable(folder, text) or reading.form(folder.root / text) in _UNMISTAKABLE
    except DataError:
        return False


def _readable(folder: Folder, text: Path) -> bool:
    try:
        _table(folder, text)
    except DataError:
        return False
    return True


def _tables(folder: Folder) -> Labels | None:
    """Tables of events that name the recording of each row."""
    found: dict[str, list[str]] = {}
    for text in folder.texts:
        try:
            table = _table(folder, text)
            named = table["file"].tolist() if (table["file"] != "").all() else []
        except DataError:  # perhaps of one row, of which ingest will tell
            named = _named(folder, text)
        if named and _are_known(named, folder):
            found[text.as_posix()] = [*named, *_named(folder, text)]
    if not found:
        return None
    all_named = frozenset(_stem(name) for names in found.values() for name in names)
    why = "rows that name a recording, onset and end"
    return Labels("tables", tuple(found), why, named=all_named)


def _named(folder: Folder, text: Path) -> list[str]:
    """The recordings that a table of events names, be its rows right or not."""
    try:
        return reading.named_files(folder.root / text, folder.columns)
    except DataError:
        return []


def _are_known(names: Sequence[str], folder: Folder) -> bool:
    """Whether at least half of the names are recordings of the folder."""
    known = {name_of(path) for path in folder.recordings}
    names = list(dict.fromkeys(names))
    return 2 * sum(_stem(name) in known for name in names) >= len(names)


def _stem(name: str) -> str:
    return name_of(Path(name.replace("\\", "/")))


def _of_segments(table: pd.DataFrame, folder: Folder) -> frozenset[str]:
    """The recordings that AudioSet's table names, whose files have several names."""
    known = {name_of(path) for path in folder.recordings}
    rows = table[["file", "start", "end"]].drop_duplicates()
    called = (stem for row in rows.itertuples(index=False) for stem in audioset.names(*row))
    return frozenset(stem for stem in called if stem in known)


def _catalogues(folder: Folder) -> Labels | None:
    """Catalogues of times of day."""
    found = {}
    for text in folder.texts:
        try:
            table = _catalogue(folder, text)
        except DataError:
            continue
        if len(table):
            found[text.as_posix()] = table["end"].notna().any()
    ended = [name for name, ends in found.items() if ends]
    names = ended or list(found)
    without = sorted(set(found) - set(names))
    why = f"{len(names)} catalogue(s) of times of day"
    if without:
        why += f"; {', '.join(without)} left out: it has no end of any event"
    return Labels("catalogues", tuple(names), why) if names else None


def _clips(folder: Folder) -> Labels | None:
    """Tables that name clips and what each holds as a whole, without times."""
    found: dict[str, pd.DataFrame] = {}
    named: set[str] = set()
    for text in folder.texts:
        try:
            table = clips.read(
                folder.root / text, folder.label_column, separator="\0", columns=folder.columns
            )
        except DataError:
            continue
        if (table["start"] != "").any():  # it names millions, of which some are here
            segments = _of_segments(table, folder)
            if 2 * len(segments) >= len(folder.recordings):
                found[text.as_posix()] = table
                named |= segments
            continue
        timed = _is_label_file(folder, text) or _named(folder, text)
        if len(table) and _are_known(table["file"], folder) and not timed:
            found[text.as_posix()] = table
            named |= {_stem(name) for name in table["file"]}
    if not found:
        return None
    whole = pd.concat(found.values(), ignore_index=True)
    every = named >= {name_of(path) for path in folder.recordings}
    grouped, separator = every and bool((whole["group"] != "").all()), _separator(whole)
    why = "a table of clips and classes" if separator is None else "a table of clips and tags"
    return Labels("clips", tuple(found), why, None, separator, grouped, frozenset(named))


def _separator(table: pd.DataFrame) -> str | None:
    """What stands between labels of a cell: splitting at it leaves fewer different labels."""
    labels = table["label"]
    for separator in (";", "|", ","):
        if labels.str.contains(separator, regex=False).any():
            parts = labels.str.split(separator).explode().str.strip()
            if parts.nunique() < labels.nunique():
                return separator
    several = (labels == "").any() or table["file"].duplicated().any()
    return ";" if several else None


def _folders(folder: Folder) -> Labels | None:
    """Folders named after what their clips hold."""
    counts = Counter(path.parent.name for path in folder.recordings)
    named = [name for name in counts if name and not _NO_LABEL.fullmatch(name)]
    several = sum(count > 1 for count in counts.values()) > len(counts) / 2  # no folder for each
    usual = 2 <= len(counts) <= _MOST_CLASSES and several
    if not usual or len(named) < len(counts) or any(map(_DATE.search, counts)):
        return None
    return Labels("folders", (), f"{len(counts)} folders of clips, named after what they hold")


def _names(folder: Folder) -> Labels | None:
    """A word of the names, the first that some clips share; the next such word is the group."""
    stems = [path.stem for path in folder.recordings]
    words = [re.split(_SEPARATORS, stem) for stem in stems]
    if len({len(each) for each in words}) > 1 or len(words[0]) < 2 or any(map(_DATE.search, stems)):
        return None
    shared = []
    for place in range(len(words[0])):
        counts = Counter(each[place] for each in words)
        placed = all(_PLACE.fullmatch(word) for word in counts)
        few = 2 <= len(counts) <= min(_MOST_CLASSES, len(stems) // 4)
        if few and min(counts.values()) >= 3 and not placed:
            shared.append(place)
    if not shared:
        return None
    parts = dict(zip(shared, ("label", "group"), strict=False))
    expression = r"[_\-. ]+".join(
        f"(?P<{parts[k]}>[^_\\-. ]+)" if k in parts else r"[^_\-. ]+" for k in range(len(words[0]))
    )
    why = f"word {shared[0] + 1} of the file names, as in {stems[0]}"
    return Labels("names", (), why, expression, grouped=len(shared) > 1)
