"""Every kind of finding has a test that makes the fact and gets the finding: a code that nobody ever saw is a guess."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from carrel.rules.checkup.catalog import KINDS

TESTS = Path(__file__).resolve().parents[1] / "integration" / "doctor"


def seen(source: str) -> Iterator[str]:
    """The codes that tests of this source claim with `produced(found, code, an outcome that is not good)`."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name.startswith("test_"):
            for call in ast.walk(function):
                if (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Name)
                    and call.func.id == "produced"
                ):
                    yield from codes(call)


def codes(call: ast.Call) -> Iterator[str]:
    match call.args:
        case [_, ast.Constant(value=str(code)), outcome, *_] if ast.unparse(outcome) != "Outcome.GOOD":
            yield code


def test_every_code_is_produced_by_a_test() -> None:
    found = {code for path in TESTS.glob("test_*.py") for code in seen(path.read_text(encoding="utf-8"))}
    assert found == {kind.code for kind in KINDS}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('def test_a():\n    produced(await look(), "CRL101", Outcome.BAD)', ["CRL101"]),
        ('async def test_a():\n    x = produced(f, "CRL101", outcome, about="b").found', ["CRL101"]),
        ('def test_a():\n    produced(f, "CRL101", Outcome.GOOD)', []),
        ('def helper():\n    produced(f, "CRL101", Outcome.BAD)', []),
        ('def test_a():\n    "CRL101"', []),
    ],
)
def test_what_is_claimed_is_read_from_the_source(source: str, expected: list[str]) -> None:
    assert list(seen(source)) == expected
