"""Open redirects: where a wish in an address may lead, and where it may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrel.rules.way_back import within_door, within_hub


@pytest.mark.parametrize(
    "wish", ["/hub/", "/hub/claims/abc", "/hub/open/lab?path=a/b.ipynb&x=https://a.example//b"]
)
def test_pages_of_the_hub_are_gone_back_to(wish: str) -> None:
    assert within_hub(wish) == wish


@pytest.mark.parametrize(
    "wish",
    [
        None,
        "",
        "https://evil.example/hub/",
        "//evil.example/hub/",
        "/\\evil.example",
        "/hub/\\evil.example",
        "/hub//evil.example",
        "/hub/../../evil",
        "/hub/%2e%2e/x",
        "/hub/%2E./x",
        "/hub/..%2fx",
        "/hub/%5c..",
        "/hubris",
        "hub/",
        " /hub/",
        "/hub/\r\nLocation: x",
        "/hub/\t",
        "/hub/#x",
        "/hub/é",
        "javascript:alert(1)",
        "/hub/" + "x" * 2048,
    ],
)
def test_anything_else_leads_to_the_hub_itself(wish: str | None) -> None:
    assert within_hub(wish) == "/hub/"


@pytest.mark.parametrize("wish", ["lab", "lab/tree/a%20b.ipynb", "lab?a=1&b=//x", ""])
def test_places_in_a_workspace_are_gone_back_to(wish: str) -> None:
    assert within_door(wish) == wish


@pytest.mark.parametrize(
    "wish", [None, "../hub/", "a/..", "a/%2e%2E/b", "a\\b", "a#b", "x" * 2049, "a b", "\x00"]
)
def test_anything_else_leads_to_the_workspaces_root(wish: str | None) -> None:
    assert within_door(wish) == ""


@given(st.text())
def test_whatever_is_wished_stays_relative_to_the_workspace(wish: str) -> None:
    assert not within_door(wish).startswith("/")
    assert within_door("/" + wish).isascii()
    assert within_hub(wish).startswith("/hub/")
