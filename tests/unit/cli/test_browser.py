"""A browser is shown a page, and no secret on its command line."""

import asyncio
import stat
import webbrowser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from carrel.cli import browser

SECRET = "http://localhost:8000/hub/sign-in?link=very-secret&next=%2Fhub%2F"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []
    monkeypatch.setenv("BROWSER", "some-browser")
    monkeypatch.setattr(webbrowser, "open", lambda url: seen.append(url) or True)
    monkeypatch.setattr(browser, "REMOVED_AFTER", 0)
    return seen


def test_a_secret_address_is_in_a_file_that_only_its_owner_reads(
    opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "_remove_later", lambda page: None)
    assert browser.show_secret(SECRET, tmp_path)
    [url] = opened
    assert "very-secret" not in url
    page = Path(unquote(urlsplit(url).path))
    assert page.parent == tmp_path
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert "link=very-secret&amp;next=" in page.read_text(encoding="utf-8")


async def test_the_file_is_gone_soon_after(opened: list[str], tmp_path: Path) -> None:
    assert browser.show_secret(SECRET, tmp_path)
    async with asyncio.timeout(10):
        while list(tmp_path.iterdir()):
            await asyncio.sleep(0.02)


def test_a_browser_that_did_not_start_leaves_no_file(
    opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    assert not browser.show_secret(SECRET, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_where_there_is_no_display_nothing_is_opened(
    opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "has_browser", lambda environ: False)
    assert not browser.show_secret(SECRET, tmp_path)
    assert not browser.show("http://localhost:8000/hub/")
    assert (opened, list(tmp_path.iterdir())) == ([], [])


@pytest.mark.parametrize(
    "url", ["--gpu-launcher=sh", "file:///etc/passwd", "javascript:alert(1)", "", " http://x"]
)
def test_only_addresses_are_shown(opened: list[str], url: str) -> None:
    assert not browser.show(url)
    assert opened == []
    assert browser.show("https://carrel.example.org/hub/")
    assert opened == ["https://carrel.example.org/hub/"]


def test_a_display_or_a_named_browser_is_one() -> None:
    assert browser.has_browser({"DISPLAY": ":0"})
    assert browser.has_browser({"WAYLAND_DISPLAY": "wayland-0"})
    assert browser.has_browser({"BROWSER": "firefox"})
