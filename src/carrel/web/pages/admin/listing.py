"""What admin pages with long lists share: filters and place in the address, so that a look can be kept and sent to somebody."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

LONGEST = 100


def said(query: QueryParams, name: str, longest: int = LONGEST) -> str:
    """One line of text as somebody typed it; nothing for what cannot be one."""
    return "".join(sign for sign in query.get(name, "") if sign.isprintable()).strip()[:longest]


def one_of(query: QueryParams, name: str, known: Mapping[str, str] | list[str]) -> str:
    """Nothing for a word that is none of them: an old link still shows something."""
    word = query.get(name, "")
    return word if word in known else ""


def address(path: str, values: Mapping[str, str | None]) -> str:
    """With what is not empty, in one order, so that the same look always has the same address."""
    given = {name: value for name, value in values.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
