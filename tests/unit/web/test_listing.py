"""What admin lists share: what the address says."""

from starlette.datastructures import QueryParams

from carrel.domain.workspace import LIVE, Phase
from carrel.domain.workspace_list import Holding, Order, Sort
from carrel.web.pages.admin.listing import address, said
from carrel.web.pages.admin.workspaces import Look


def test_what_is_typed_is_one_line_of_text() -> None:
    query = QueryParams({"q": " a\x00d\na ", "long": "x" * 500})
    assert (said(query, "q"), said(query, "none"), len(said(query, "long"))) == ("ada", "", 100)


def test_an_address_holds_what_is_said_and_no_more() -> None:
    assert address("/hub/x", {"a": "", "b": None}) == "/hub/x"
    assert address("/hub/x", {"q": "a&b", "a": "ä"}) == "/hub/x?q=a%26b&a=%C3%A4"


def look(**query: str) -> Look:
    return Look.of(QueryParams(query))


def test_without_anything_the_live_ones_are_looked_at_newest_first() -> None:
    plain = look()
    assert (plain.wanted.phases, plain.order, plain.is_filtered) == (LIVE, Order(), False)
    assert plain.at() == "?"


def test_a_look_is_kept_in_its_address() -> None:
    query = {
        "q": "x y",
        "owner": "ada",
        "pool": "lab",
        "phase": "failed",
        "holding": "warm",
        "sort": "owner",
        "order": "desc",
    }
    kept = look(**query)
    assert dict(QueryParams(kept.at().removeprefix("?"))) == query
    assert kept.wanted.phases == {Phase.FAILED}
    assert (kept.wanted.holding, kept.order) == (Holding.WARM, Order(Sort.OWNER, is_descending=True))
    assert look(phase="any").wanted.phases is None


def test_words_that_are_none_of_ours_are_forgotten() -> None:
    odd = look(sort="colour", order="up", phase="asleep", holding="cold", pool="../x")
    assert odd == look()


def test_a_heading_sorts_and_then_sorts_the_other_way() -> None:
    assert look().sorted_by(Sort.OWNER) == "?sort=owner"
    assert look(sort="owner").sorted_by(Sort.OWNER) == "?sort=owner&order=desc"
    assert look(sort="owner", order="desc").sorted_by(Sort.OWNER) == "?sort=owner"
    assert look().sorted_by(Sort.CREATED_AT) == "?order=asc"
    assert look(order="asc").sorted_by(Sort.CREATED_AT) == "?"
    assert look(sort="pool", q="x").sorted_by(Sort.OWNER) == "?q=x&sort=owner"
    assert (look().sort_of(Sort.CREATED_AT), look().sort_of(Sort.POOL)) == ("descending", None)
