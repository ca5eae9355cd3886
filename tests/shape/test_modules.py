"""Every module has a name that says its subject, a short sentence on what it does, and its imports at the top."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "carrel"

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "core"}
SENTENCES = 3
LINES = 5
"""A docstring may have more sentences if it stays this short, or more lines (a drawing) if it has few sentences."""

LATE_IMPORTS: dict[str, str] = {
    "store/engine.py": "asyncpg is an optional extra",
    "store/revision.py": "Alembic takes 12 MB and is needed only where the tables change",
}
"""Modules that may import inside a function, and why. An entry that is no longer needed fails."""


def faults(source: str, name: str) -> Iterator[str]:
    parts = Path(name).with_suffix("").parts
    for part in parts:
        if part in FORBIDDEN_NAMES:
            yield f'{name}: "{part}" says nothing about its subject'
    tree = ast.parse(source)
    docstring = ast.get_docstring(tree)
    if not docstring:
        yield f"{name}: no docstring"
    elif sentences(docstring) > SENTENCES and len(docstring.splitlines()) > LINES:
        yield f"{name}: a docstring of {sentences(docstring)} sentences"
    if name not in LATE_IMPORTS and any(late_imports(tree)):
        yield f"{name}: imports inside a function"


def sentences(docstring: str) -> int:
    """Sentences of running text; an indented drawing or list is none, and neither are "e.g." and "i.e."."""
    text = "\n".join(line for line in docstring.splitlines() if not line.startswith("  "))
    return len(re.findall(r"(?<!e\.g)(?<!i\.e)[.!?](?=[\s)\"]|$)", text))


def late_imports(tree: ast.AST) -> Iterator[ast.AST]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom))


def modules() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.read_text(encoding="utf-8"), str(path.relative_to(SOURCE))


def test_every_module_says_what_it_does() -> None:
    found = [fault for source, name in modules() for fault in faults(source, name)]
    assert not found, "\n".join(found)


def test_no_exception_outlives_its_need() -> None:
    needed = {name for source, name in modules() if any(late_imports(ast.parse(source)))}
    assert set(LATE_IMPORTS) - needed == set()


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        ('"""Fine."""', "web/utils.py", 'web/utils.py: "utils" says nothing about its subject'),
        ('"""Fine."""', "core/claim.py", 'core/claim.py: "core" says nothing about its subject'),
        ("x = 1", "a.py", "a.py: no docstring"),
        ('"""One. Two.\n\n\n\n\nThree. Four.\n"""', "a.py", "a.py: a docstring of 4 sentences"),
        ('"""Fine."""\ndef f():\n    import os', "a.py", "a.py: imports inside a function"),
        (
            '"""Fine."""\nclass A:\n    async def f(self):\n        from os import path',
            "a.py",
            "a.py: imports inside a function",
        ),
    ],
)
def test_a_faulty_module_is_found(source: str, name: str, expected: str) -> None:
    assert list(faults(source, name)) == [expected]


def test_drawings_and_abbreviations_are_no_sentences() -> None:
    docstring = "Errors, e.g. of a caller. Drawn here (as a tree).\n\n    a. b. c.\n    d. e.\n\nAnd no more."
    assert sentences(docstring) == 3
