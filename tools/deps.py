"""The code dependencies of every stage in dvc.yaml, read from the imports.

`python tools/deps.py` writes them, `--check` only says what differs. A room of the package is
listed whole where a stage uses at least half of its files, else its files.
"""

import argparse
import ast
import io
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def module_path(name: str) -> Path | None:
    """The file of a module of rarewave or stages, or None."""
    stem = ROOT.joinpath(*name.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


@cache
def imported(path: Path) -> set[Path]:
    """The project's files that one file imports, packages' __init__ included.

    A file that imports pkgutil finds the files beside it by itself, and needs them all.
    """
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    ours = {name for name in names if name.split(".")[0] in ("rarewave", "stages")}
    ours |= {name.rsplit(".", n)[0] for name in ours for n in range(1, name.count(".") + 1)}
    beside = set(path.parent.glob("*.py")) if "pkgutil" in names else set()
    return beside | {found for name in ours if (found := module_path(name))}


def closure(path: Path) -> set[str]:
    """All files of the project that running `path` as a module reads, as paths below the root."""
    seen: set[Path] = set()
    todo = [path, path.parent / "__init__.py"]
    while todo:
        here = todo.pop()
        if here not in seen:
            seen.add(here)
            todo += imported(here)
    return {found.relative_to(ROOT).as_posix() for found in seen if not is_charter(found)}


@cache
def is_charter(path: Path) -> bool:
    """Whether a file is nothing but a docstring, which changes no output."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return all(isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant) for n in body)


def code(stage: str) -> list[str]:
    """What a stage lists as its code: whole rooms of which it uses half, else files."""
    used = closure(ROOT / "stages" / f"{stage}.py")
    rooms: dict[str, set[str]] = defaultdict(set)
    for path in used:
        parts = path.split("/")
        rooms["/".join(parts[:2]) if len(parts) > 2 else path].add(path)
    listed: set[str] = set()
    for room, files in rooms.items():
        everything = [p for p in (ROOT / room).glob("**/*.py") if not is_charter(p)]
        listed |= {room} if 2 * len(files) >= len(everything) else files
    return sorted(listed)


def pipeline(path: Path) -> tuple[Any, Any]:
    """The YAML reader that keeps comments and style, and the content of dvc.yaml."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 96
    return yaml, yaml.load(path.read_text(encoding="utf-8"))


def is_code(dependency: str) -> bool:
    """Whether an entry of `deps` is code of the project, and not data."""
    return dependency.split("/")[0] in ("rarewave", "stages")


def outdated(path: Path) -> dict[str, tuple[list[str], list[str]]]:
    """For each stage whose entries are not what it imports: those missing, those too many."""
    _, content = pipeline(path)
    found = {}
    for name, stage in content["stages"].items():
        listed, wanted = {d for d in stage["deps"] if is_code(d)}, set(code(name))
        if listed != wanted:
            found[name] = (sorted(wanted - listed), sorted(listed - wanted))
    return found


def write(path: Path) -> None:
    """Bring the code among the dependencies of every stage up to date, after its data."""
    from ruamel.yaml.comments import CommentedSeq

    yaml, content = pipeline(path)
    for name, stage in content["stages"].items():
        deps = CommentedSeq([d for d in stage["deps"] if not is_code(d)] + code(name))
        deps.fa.set_flow_style()
        stage["deps"] = deps
    text = io.StringIO()
    yaml.dump(content, text)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if outdated")
    if not parser.parse_args().check:
        write(ROOT / "dvc.yaml")
        return
    found = outdated(ROOT / "dvc.yaml")
    for name, (missing, needless) in found.items():
        print(f"{name}: lacks {missing}, does not import {needless}")
    sys.exit("run python tools/deps.py" if found else 0)


if __name__ == "__main__":
    main()
