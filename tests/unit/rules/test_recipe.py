"""The version of a template follows from its recipe and from nothing else."""

from dataclasses import fields, replace
from types import MappingProxyType

import pytest

from carrel.domain.container import Companion, Container
from carrel.domain.ids import TemplateName
from carrel.domain.parameter import Number, Text
from carrel.domain.preparation import Repository, Startup
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
    "icon": "flask",
    "parameters": (Text("topic"),),
    "claim_environment": MappingProxyType({"A": "{user}"}),
    "repository": Repository("https://git.example.org/course.git", "course"),
    "startup": Startup(("make",)),
    "data": MappingProxyType({"shared": "/srv/shared"}),
    "activity_command": ("in-use",),
    "activity_writes": ("api/contents",),
    "activity_bytes": 64,
    "container": Container(companions=(Companion("database", "postgres"),)),
}


def test_the_same_recipe_has_the_same_version_whatever_it_was_called_before() -> None:
    assert versioned(replace(RECIPE, version="old")) == versioned(RECIPE)
    one = replace(RECIPE, environment={"A": "1", "B": "2"})
    other = replace(RECIPE, environment={"B": "2", "A": "1"})
    assert versioned(one).version == versioned(other).version


def test_a_kind_of_parameter_counts_even_where_its_fields_are_the_same() -> None:
    one, other = replace(RECIPE, parameters=(Text("a", "1"),)), replace(RECIPE, parameters=(Number("a", 1),))
    assert versioned(one).version != versioned(other).version


def test_how_often_a_startup_is_tried_counts() -> None:
    one, other = (replace(RECIPE, startup=Startup(("make",), retries=number)) for number in (1, 2))
    assert versioned(one).version != versioned(other).version


@pytest.mark.parametrize("field", [field.name for field in fields(Template) if field.name != "version"])
def test_a_difference_anywhere_is_another_version(field: str) -> None:
    changed = replace(RECIPE, **{field: OTHERS[field]})  # type: ignore[arg-type]
    assert versioned(changed).version != versioned(RECIPE).version
