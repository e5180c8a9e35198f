"""No function is longer than a screen: what has a name of its own stands by itself."""

import ast

from support.places import ROOT

MOST = 60  # lines, the docstring among them


def test_no_function_is_longer_than_a_screen() -> None:
    """All of them at once, so that one run tells what to do."""
    long = [
        f"{path.relative_to(ROOT)}: {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for folder in ("rarewave", "stages")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > MOST
    ]
    assert not long, "\n".join(long)
