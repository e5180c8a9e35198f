"""Which modules of the project a module imports, transitively, read from the source."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent


def module_path(name: str) -> Path | None:
    """The file of a module of rarewave or stages, or None."""
    stem = ROOT.joinpath(*name.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None


def imported(path: Path) -> set[Path]:
    """The project's files that one file imports, packages' __init__ included."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    ours = {name for name in names if name.split(".")[0] in ("rarewave", "stages")}
    ours |= {name.rsplit(".", 1)[0] for name in ours}
    return {found for name in ours if (found := module_path(name))}


def closure(path: Path) -> set[str]:
    """All files of the project that running `path` as a module reads, as paths below the root."""
    seen: set[Path] = set()
    todo = [path, path.parent / "__init__.py"]
    while todo:
        here = todo.pop()
        if here not in seen:
            seen.add(here)
            todo += imported(here)
    return {found.relative_to(ROOT).as_posix() for found in seen}


def write(pipeline: Path) -> None:
    """Bring the code among the dependencies of every stage in dvc.yaml up to date."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 200
    content = yaml.load(pipeline.read_text(encoding="utf-8"))
    for name, stage in content["stages"].items():
        data = [d for d in stage["deps"] if not d.endswith(".py")]
        stage["deps"] = data + sorted(closure(ROOT / "stages" / f"{name}.py"))
    with pipeline.open("w", encoding="utf-8") as stream:
        yaml.dump(content, stream)


if __name__ == "__main__":
    write(ROOT / "dvc.yaml")
