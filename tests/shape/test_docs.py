"""What the pages say exists does exist: links, rooms and files, and every piece of configuration they show."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from carrel.domain.errors import Invalid
from carrel.settings import load

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "carrel"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "bench").glob("*.md")])

LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)")
PLACE = re.compile(r"`([a-z_]+/[\w./-]*|[a-z_]+\.(?:py|toml|md))`")
TOML = re.compile(r"^```toml\n(.*?)^```", re.DOTALL | re.MULTILINE)
COPY = re.compile(r"carrel template show \w+ --toml \| sed 's/templates\\\.(\w+)/templates\.(\w+)/'")


def dead_links(page: Path) -> Iterator[str]:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if not (page.parent / target).exists():
            yield f"{page.relative_to(ROOT)} links to {target}"


def missing_places(text: str) -> Iterator[str]:
    """Files and folders that a page names in backticks; `<noun>` stands for any."""
    for place in PLACE.findall(text):
        if not any((base / place).exists() for base in (SOURCE, ROOT)):
            yield place


def configurations() -> Iterator[tuple[str, str]]:
    """Where a page begins with a copy of a template that comes along, with that copy before what is shown."""
    for page in PAGES:
        whole = page.read_text(encoding="utf-8")
        copied = "".join(copy_of(*names) for names in COPY.findall(whole))
        for number, text in enumerate(TOML.findall(whole), 1):
            if not text.startswith("[project"):
                yield f"{page.relative_to(ROOT)} {number}", copied + text


def copy_of(template: str, name: str) -> str:
    text = (SOURCE / "builtin" / f"{template}.toml").read_text(encoding="utf-8").partition("[pools.")[0]
    return text.replace(f"[templates.{template}", f"[templates.{name}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_dead(page: Path) -> None:
    assert list(dead_links(page)) == []


@pytest.mark.parametrize("name", ["docs/map.md", "CONTRIBUTING.md", "docs/how-to/add-a-driver.md"])
def test_every_place_that_is_named_is_there(name: str) -> None:
    assert list(missing_places((ROOT / name).read_text(encoding="utf-8"))) == []


def test_every_room_is_on_the_map() -> None:
    rooms = {path.stem for path in SOURCE.iterdir() if path.is_dir() or path.suffix == ".py"}
    rooms -= {"__pycache__", "__init__", "__main__"}
    named = set(re.findall(r"`([a-z]+)/?`", (ROOT / "docs" / "map.md").read_text(encoding="utf-8")))
    assert rooms - named == set()


@pytest.mark.parametrize(("name", "text"), [pytest.param(*found, id=found[0]) for found in configurations()])
def test_every_configuration_that_is_shown_is_accepted(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "carrel.toml"
    path.write_text(text, encoding="utf-8")
    try:
        load(path, {}, {"HOME": os.fspath(tmp_path)})
    except Invalid as error:
        pytest.fail(f"{name}: {error.sentence}")


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_is_not_there_is_found() -> None:
    assert LINK.findall("[a](nowhere.md) [b](https://example.org) [c](#here) [d](x.md#y)") == [
        "nowhere.md",
        "x.md",
    ]
    assert list(missing_places("`rules/nowhere.py` and `rules/plan.py`")) == ["rules/nowhere.py"]
