"""What no file of the repository may hold: where packages come from, whose machine it was written on, silent exceptions."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LEFT_OUT = {"__pycache__", "state", "dist", "node_modules", "test-results"}
KEPT = {".ci", ".gitignore", ".github"}

# Written in two halves, so that this file does not hold what it forbids.
REGISTRIES = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry.npmjs" + ".org",
    "registry.yarnpkg" + ".com",
    "proxy.golang" + ".org",
    "conda.anaconda" + ".org",
]

RULES: dict[str, re.Pattern[str]] = {
    "the address of a package registry": re.compile("|".join(map(re.escape, REGISTRIES))),
    "a path of somebody's machine": re.compile(
        r"(?<![\w.~/])/(?:home/(?!ada\b)\w+|Users/\w+|root|work)/[\w.]"
    ),
    "a note to come back later": re.compile(r"\b(?:TO" + "DO|FIX" + r"ME|X{3})\b"),
}

PYTHON_RULES: dict[str, re.Pattern[str]] = {
    "a silenced lint rule without its reason": re.compile(
        r"#\s*no" + r"qa(?!:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*\s+-\s+\S)"
    ),
    "a silenced type error without its code": re.compile(
        r"#\s*type:\s*ig" + r"nore(?!\[[a-z-]+(?:,\s*[a-z-]+)*\])"
    ),
}

LOCK_LINE = re.compile(
    r"[a-z0-9][a-z0-9.-]*(?:\[[a-z0-9,-]+\])?==[\w.!+]+(?: ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}(?: \\)?"
)


def files() -> Iterator[Path]:
    for folder, below, names in os.walk(ROOT):
        below[:] = [
            name for name in below if name not in LEFT_OUT and (not name.startswith(".") or name in KEPT)
        ]
        yield from (Path(folder) / name for name in names if not name.startswith(".") or name in KEPT)


def texts() -> Iterator[tuple[str, str]]:
    for path in sorted(files()):
        try:
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def faults(name: str, text: str) -> Iterator[str]:
    rules = RULES | (PYTHON_RULES if name.endswith(".py") else {})
    for number, line in enumerate(text.splitlines(), 1):
        yield from (
            f"{name}:{number} holds {what}" for what, pattern in rules.items() if pattern.search(line)
        )


def lock_faults(text: str) -> list[str]:
    return [line for line in text.splitlines() if not LOCK_LINE.fullmatch(line)]


def test_no_file_holds_what_does_not_belong_there() -> None:
    found = [fault for name, text in texts() for fault in faults(name, text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_a_lock_holds_names_versions_and_hashes_only(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert lock_faults(text) == []
    pinned = re.split(r"\n(?=\S)", text.strip())
    assert [block.split()[0] for block in pinned if "--hash=sha256:" not in block] == []


def test_both_kinds_of_file_are_looked_at() -> None:
    names = {name for name, _ in texts()}
    assert {"Makefile", "pyproject.toml", "src/carrel/settings/model.py", ".ci/run", "README.md"} <= names
    assert not any(name.startswith((".venv", ".lab", ".git/")) for name in names)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.txt", "index-url = https://files." + REGISTRIES[1] + "/packages"),
        ("a.md", "see " + REGISTRIES[0]),
        ("a.py", 'PATH = "/home/' + 'grace/carrel"'),
        ("a.sh", "cd /Users/" + "grace/x"),
        ("a.py", "# TO" + "DO: later"),
        ("a.py", "x = 1  # no" + "qa"),
        ("a.py", "x = 1  # no" + "qa: S101"),
        ("a.py", "x = 1  # type: ig" + "nore"),
    ],
)
def test_what_does_not_belong_is_found(name: str, line: str) -> None:
    assert len(list(faults(name, line))) == 1


@pytest.mark.parametrize(
    "line", ["a @ file:///a.whl", "--index-url x", "a==1", "    # via b", "    --hash=md5:abc", "a>=1 \\", ""]
)
def test_a_lock_line_of_another_kind_is_found(line: str) -> None:
    assert lock_faults(line + "\n") == [line]


def test_reasons_and_codes_are_accepted() -> None:
    good = (
        "x = f()  # no" + "qa: S101, PLR2004 - asserts are the point\ny = g()  # type: ig" + "nore[arg-type]"
    )
    assert list(faults("a.py", good)) == []
