"""A template from what somebody sent or typed: the same tables, the same checks and the same sentences as in the configuration file."""

import tomllib
from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from carrel.domain.errors import Invalid
from carrel.domain.ids import is_name
from carrel.domain.template import Template
from carrel.settings.complaints import as_invalid
from carrel.settings.lines import lines_of
from carrel.settings.recipes import TemplateSettings
from carrel.settings.template_tree import hidden, revealed, tree_of
from carrel.settings.toml_text import toml_text

LONGEST: Final = 200_000
"""Characters of one definition."""
_TABLE: Final = "templates"


def text_of(template: Template) -> str:
    """As TOML, to be shown and changed; secrets stay behind."""
    return toml_text(hidden(tree_of(template)), (_TABLE, template.name))


def template_from(
    name: str,
    tree: Mapping[str, object],
    *,
    base: Template | None = None,
    origins: Mapping[str, str] | None = None,
) -> Template:
    """`base` has the secrets that the tables leave out. `origins` says of dotted keys where they stand. Raises Invalid."""
    _refuse_odd(tree)
    whole = revealed(tree, tree_of(base) if base is not None else {})
    try:
        return TemplateSettings.model_validate(whole).to_domain(name)
    except ValidationError as error:
        raise as_invalid(error, origins or {}, within=(_TABLE, name)) from error


def template_from_text(name: str, text: str, *, base: Template | None = None) -> Template:
    """TOML with the table of this template and no other. Raises Invalid; each of its lines names one of the text's."""
    trees = trees_in(text)
    if set(trees) != {name}:
        raise Invalid(f"Expected the table [{_TABLE}.{name}] and no other template.")
    origins = {".".join(path): f"line {line}" for path, line in lines_of(text).items()}
    return template_from(name, trees[name], base=base, origins=origins)


def trees_in(text: str) -> dict[str, dict[str, object]]:
    """By name. Raises Invalid for what is no TOML, or holds anything besides templates."""
    if len(text) > LONGEST:
        raise Invalid(f"Expected a definition of at most {LONGEST:,} characters.")
    try:
        found = tomllib.loads(text.replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid(f"This is not valid TOML: {error}.") from error
    trees = found.pop(_TABLE, None)
    if found or not isinstance(trees, dict) or not trees:
        raise Invalid(f"Expected tables [{_TABLE}.NAME] and nothing else.")
    for name, tree in trees.items():
        if not is_name(name) or not isinstance(tree, dict):
            raise Invalid(f"Expected tables [{_TABLE}.NAME]; {name[:60]!r} is none.")
    return trees


def _refuse_odd(value: object, depth: int = 0) -> None:
    """What neither a database nor a process can take."""
    if isinstance(value, str) and ("\0" in value or _is_torn(value)):
        raise Invalid("Expected texts without characters that stand for nothing (NUL, half of a pair).")
    if depth > 6:
        raise Invalid("Expected no tables so deep within each other.")
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _refuse_odd(name, depth + 1)
            _refuse_odd(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _refuse_odd(inner, depth + 1)


def _is_torn(text: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in text)
