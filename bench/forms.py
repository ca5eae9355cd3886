"""Finds the forms of a page, so that a bench presses the same buttons as a person. Parses; asks nobody."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser

from bench.processes import BenchError


@dataclass(slots=True)
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)

    def mentions(self, word: str) -> bool:
        return word in self.action or word in self.fields.values()


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(said.get("action", ""), said.get("method", "get").upper()))
        elif tag in {"input", "button"} and said.get("name") and self.forms:
            self.forms[-1].fields[said["name"]] = said.get("value", "")


def find_form(page: str, fits: Callable[[Form], bool], what: str) -> Form:
    parser = _Parser()
    parser.feed(page)
    for form in parser.forms:
        if form.method == "POST" and fits(form):
            return form
    raise BenchError(f"The page has no form {what}. It begins: {' '.join(page.split())[:200]}")
