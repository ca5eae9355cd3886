"""What `carrel up` shows in a browser once it is ready."""

from pathlib import Path

import pytest

from carrel.app.machine import Announcement
from carrel.cli import browser, up


def test_the_sign_in_link_goes_through_a_private_file_beside_the_sockets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown: list[tuple[str, Path | None]] = []
    monkeypatch.setattr(browser, "show_secret", lambda url, folder: shown.append((url, folder)))
    monkeypatch.setattr(browser, "show", lambda url: shown.append((url, None)))
    up._show(Announcement("http://localhost:8000/hub/", "http://localhost:8000/hub/sign-in?link=x"), tmp_path)
    up._show(Announcement("http://localhost:8000/hub/", None), tmp_path)
    assert shown == [
        ("http://localhost:8000/hub/sign-in?link=x", tmp_path),
        ("http://localhost:8000/hub/", None),
    ]
