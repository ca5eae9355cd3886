"""What Envoy says by itself when nobody answers behind it: small pages that need no script and lead back to the hub, and sentences for programs."""

from html import escape
from importlib import resources
from string import Template
from typing import Final, NamedTuple


class Notice(NamedTuple):
    title: str
    sentence: str
    comes_again: bool
    """Whether the page reloads itself every two seconds."""
    is_about_one: bool = True
    """The way to the hub then leads to what the hub knows of this very workspace."""


NOTICES: Final = {
    "gone": Notice(
        "This workspace does not answer",
        "It may have been stopped, or its program has ended. Your saved files are kept.",
        comes_again=False,
    ),
    "full": Notice(
        "Too many connections",
        "This workspace has as many open connections as it may have. Close a tab that you no longer need.",
        comes_again=False,
    ),
    "moment": Notice(
        "One moment",
        "Carrel is starting or busy. This page comes again by itself.",
        comes_again=True,
        is_about_one=False,
    ),
}


_DOOR_HERE: Final = "DOOR-HERE"
_DOOR: Final = "%DYNAMIC_METADATA(envoy.lb:door)%"
"""What the ticket or the control plane says, never what the visitor sent; a dash where nobody said anything."""


def values(hub: str) -> dict[str, object]:
    """`page_<name>` and `sentence_<name>` for each notice, as formats of Envoy (which reads % as the beginning of a command)."""
    page = Template(resources.files(__package__).joinpath("notice.html").read_text("utf-8"))
    found: dict[str, object] = {}
    for name, notice in NOTICES.items():
        html = page.substitute(
            refresh='<meta http-equiv="refresh" content="2">' if notice.comes_again else "",
            title=escape(notice.title),
            sentence=escape(notice.sentence),
            hub=escape(hub) + ("why" + _DOOR_HERE if notice.is_about_one else ""),
            link="See what became of it" if notice.is_about_one else "To your workspaces",
        )
        found[f"page_{name}"] = html.replace("%", "%%").replace(_DOOR_HERE, _DOOR)
        found[f"sentence_{name}"] = f"{notice.sentence} The hub: {hub}".replace("%", "%%")
    return found
