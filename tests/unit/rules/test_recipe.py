"""The version of a template follows from its recipe and from nothing else."""

from dataclasses import fields, replace
from types import MappingProxyType

import pytest

from carrel.domain.ids import TemplateName
from carrel.domain.template import HomeKind, PathMode, Template
from carrel.rules.recipe import versioned

RECIPE = Template(name=TemplateName("lab"), command=("lab", "--port={port}"))

OTHERS: dict[str, object] = {
    "name": TemplateName("other"),
    "command": ("lab", "--port", "{port}"),
    "title": "Lab",
    "description": "A lab.",
    "image": "lab:1",
    "open": "lab",
    "path": PathMode.STRIP,
    "ready": "api",
    "authorization": "token {secret}",
    "activity": "jupyter",
    "home": HomeKind.NONE,
    "memory": 1024,
    "price_per_hour": 0.5,
    "environment": MappingProxyType({"A": "b"}),
    "files": MappingProxyType({"a": "b"}),
}


def test_the_same_recipe_has_the_same_version_whatever_it_was_called_before() -> None:
    assert versioned(replace(RECIPE, version="old")) == versioned(RECIPE)
    one = replace(RECIPE, environment={"A": "1", "B": "2"})
    other = replace(RECIPE, environment={"B": "2", "A": "1"})
    assert versioned(one).version == versioned(other).version


@pytest.mark.parametrize("field", [field.name for field in fields(Template) if field.name != "version"])
def test_a_difference_anywhere_is_another_version(field: str) -> None:
    changed = replace(RECIPE, **{field: OTHERS[field]})  # type: ignore[arg-type]
    assert versioned(changed).version != versioned(RECIPE).version
