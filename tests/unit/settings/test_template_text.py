"""A template written as TOML says the same template again, hides what is secret, and is refused with the line of each mistake."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrel.domain.errors import Invalid
from carrel.domain.template import Template
from carrel.rules.difference import differences
from carrel.rules.recipe import versioned
from carrel.rules.telling import HIDDEN
from carrel.settings import load
from carrel.settings.recipes import TemplateSettings
from carrel.settings.shown import in_effect
from carrel.settings.template_reading import template_from, template_from_text, text_of
from carrel.settings.template_tree import tree_of

EVERYTHING = {
    "command": ["lab", "--port={port}", 'it\'s "quoted" \\ and ünïcode\x7f'],
    "title": "Genetics",
    "description": "Notebooks.",
    "icon": "notebook",
    "image": "example.org/lab:1",
    "path": "strip",
    "home": "ephemeral",
    "memory": "2GiB",
    "price_per_hour": 0.25,
    "activity": "command",
    "activity_command": ["busy"],
    "activity_writes": ["api/"],
    "activity_bytes": "4KiB",
    "environment": {"HOME": "{home}", "API_TOKEN": "hush-hush", "TOKEN": "{secret}"},
    "files": {"etc/a b.json": "{\n  'x': 1\n}\n", "etc/c": "it's\n'''"},
    "claim_environment": {"DATA": "{parameter:data-set}"},
    "data": {"data/genomes": "/srv/genomes"},
    "parameters": {
        "data-set": {"type": "choice", "options": ["a", "b"], "default": "b", "title": "Data"},
        "cores": {"type": "number", "least": 1, "most": 8, "step": 0.5, "default": 2},
        "note": {"type": "text", "pattern": "[a-z]*", "longest": 20, "description": "What for."},
    },
    "repository": {"url": "https://example.org/course.git", "ref": "main"},
    "startup": {
        "command": ["sh", "-c", "make"],
        "check": ["true"],
        "retries": 0,
        "backoff": "0s",
        "timeout": "90s",
    },
}


def everything() -> Template:
    return template_from("genetics", EVERYTHING)


def test_what_is_written_says_the_same_template() -> None:
    template = everything()
    assert template_from("genetics", tree_of(template)) == template
    assert template_from_text("genetics", text_of(template), base=template) == template


def test_what_carrel_comes_with_can_be_written_and_read() -> None:
    for template in load(None, {}, {"HOME": "/nowhere"}).domain_templates():
        assert template_from_text(template.name, text_of(template)) == template


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@given(
    TEXTS,
    st.lists(TEXTS.filter(bool), min_size=1, max_size=3),
    st.dictionaries(TEXTS.filter(bool), TEXTS, max_size=3),
)
def test_any_text_survives(title: str, command: list[str], environment: dict[str, str]) -> None:
    command = [word.replace("{secret}", "") or "x" for word in command]
    settings = TemplateSettings(command=tuple(command), title=title, environment=environment)
    template = settings.to_domain("any")
    assert template_from_text("any", text_of(template), base=template) == template


def test_secrets_are_not_written_and_stay_as_they_are_where_nobody_changes_them() -> None:
    template = everything()
    text = text_of(template)
    assert "hush-hush" not in text
    assert f'API_TOKEN = "{HIDDEN}"' in text
    assert 'TOKEN = "{secret}"' in text
    changed = template_from_text("genetics", text.replace("2GiB", "3GiB"), base=template)
    assert changed == versioned(replace(template, memory=3 * 1024**3))
    with pytest.raises(Invalid, match="API_TOKEN: expected its value"):
        template_from_text("genetics", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[templates.lab]\ncommand = []", "line 2: templates.lab.command: expected a program"),
        ("[templates.lab]\n\ncomand = ['x']", "line 3: there is no setting templates.lab.comand; did you mean"),
        ("[templates.lab]\ntitle = 'x'", "line 1: templates.lab: expected a command to run, or an image"),
        ("[templates.lab]\ncommand = ['x']\n[templates.lab.startup]\nretries = 1", "templates.lab.startup.command is"),
        ("[templates.lab]\ncommand = ['x'", "This is not valid TOML"),
        ("[templates.other]\ncommand = ['x']", "Expected the table [templates.lab] and no other template."),
        ("[templates.lab]\ncommand = ['x']\n[pools.lab]\nwarm = 1", "Expected tables [templates.NAME] and nothing"),
        ("templates = 3", "Expected tables [templates.NAME]"),
        ("", "Expected tables [templates.NAME]"),
        ("[templates.lab]\ncommand = ['x', \"\\u0000\"]", "Expected texts without characters that stand for nothing"),
        ("#" * 200_001, "at most 200,000 characters"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(text: str, expected: str) -> None:
    with pytest.raises(Invalid) as raised:
        template_from_text("lab", text)
    assert expected in raised.value.sentence


def test_differences_are_told_field_by_field_and_hide_secrets() -> None:
    old = everything()
    tree = EVERYTHING | {
        "memory": "3GiB",
        "environment": {"HOME": "{home}", "API_TOKEN": "other", "NEW": "1"},
        "parameters": {"cores": {"type": "number", "least": 2, "most": 8, "step": 0.5, "default": 2}},
        "claim_environment": {},
    }
    del tree["startup"]
    told = [str(one) for one in differences("", old, template_from("genetics", tree))]
    assert "memory: 2GiB → 3GiB" in told
    assert f"environment.API_TOKEN: {HIDDEN} → another one, not shown" in told
    assert "environment.NEW: nothing → 1" in told
    assert "parameters.cores.least: 1.0 → 2.0" in told
    assert "parameters.data-set.options: a b → nothing" in told
    assert "startup.command: sh -c make → nothing" in told
    assert not any(one.startswith(("version", "title")) for one in told)
    assert list(differences("", old, old)) == []


def test_a_new_parameter_is_told_without_what_nobody_wrote_about_it() -> None:
    asked = {"parameters": {"seed": {"type": "text", "default": "7"}}}
    old, new = (
        template_from("genetics", {"title": "Genetics", "command": ["run"], **more}) for more in ({}, asked)
    )
    told = [str(one) for one in differences("", old, new)]
    assert "parameters.seed.default: nothing → 7" in told
    assert not [one for one in told if "nothing → nothing" in one or ".name" in one]


def test_what_stands_in_a_parameter_or_a_start_is_shown_among_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[templates.x]\ncommand = ['x']\n[templates.x.parameters.p]\ntype = 'number'\nmost = 3\n")
    shown = {row.key: row for row in in_effect(load(path, {}, {"HOME": "/nowhere"}))}
    assert (shown["templates.x.parameters.p.most"].value, shown["templates.x.parameters.p.most"].line) == (
        "3.0",
        5,
    )
    assert "templates.x.parameters.p.step" not in shown
