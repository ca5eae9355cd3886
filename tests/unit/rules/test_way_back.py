"""Open redirects: where a wish in an address may lead, and where it may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrel.rules.way_back import as_linked, within_door, within_hub


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


@pytest.mark.parametrize(
    ("wish", "place"),
    [
        ("lab/tree/week 1.ipynb", "lab/tree/week%201.ipynb"),
        ("lab/tree/week%201.ipynb", "lab/tree/week%201.ipynb"),
        ("/lab/tree/Übung.ipynb", "lab/tree/%C3%9Cbung.ipynb"),
        ("lab/tree/100% sure#2.ipynb", "lab/tree/100%25%20sure%232.ipynb"),
        (
            "git-pull?repo=https://a.example/b&urlpath=lab/tree/c",
            "git-pull?repo=https://a.example/b&urlpath=lab/tree/c",
        ),
        ("lab?q=ä b", "lab?q=%C3%A4%20b"),
        # Stay below the workspace's own root whatever they say.
        ("https://evil.example/", "https://evil.example/"),
        ("//evil.example", "evil.example"),
        ("\\\\evil.example", "%5C%5Cevil.example"),
        # Lead to the root.
        (None, ""),
        ("../../hub/", ""),
        ("a/%2e%2e/b", ""),
        ("a\\..\\b", ""),
        ("lab\r\nLocation: x", ""),
        ("ü" * 400, ""),
    ],
)
def test_what_people_write_into_a_link_is_spelled_as_an_address(wish: str | None, place: str) -> None:
    assert as_linked(wish) == place
    assert as_linked(place) == place.lstrip("/")


@given(st.text())
def test_a_link_is_spelled_the_same_the_second_time(wish: str) -> None:
    assert as_linked(as_linked(wish)) == as_linked(wish) == within_door(as_linked(wish))


@given(st.text())
def test_whatever_is_wished_stays_relative_to_the_workspace(wish: str) -> None:
    assert not within_door(wish).startswith("/")
    assert within_door("/" + wish).isascii()
    assert within_hub(wish).startswith("/hub/")
