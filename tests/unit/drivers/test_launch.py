"""Recipes become argument lists and environments, and what can never work is refused in words that name it."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from carrel.domain.ids import InstallationId, PoolName, TemplateName, WorkspaceId
from carrel.domain.template import Template
from carrel.drivers.local.launch import Owner, check, render
from carrel.drivers.local.options import Options
from carrel.ports.driver import Rejected, Spec

OWNER = Owner(InstallationId("installation00id"), "local")
OPTIONS = Options(path="/usr/bin:/bin")


def spec(
    *command: str, environment: dict[str, str] | None = None, files: dict[str, str] | None = None
) -> Spec:
    template = Template(TemplateName("tiny"), command, environment=environment or {}, files=files or {})
    return Spec(WorkspaceId("abcdefghij012345"), PoolName("desk"), template, "hush")


def test_placeholders_are_filled_in_arguments_and_environment() -> None:
    made = render(
        spec(
            "sh",
            "{host}:{port}{base_path}",
            "{id}",
            environment={"A": "{home}", "B": "{slot}", "C": "{secret}"},
        ),
        OPTIONS,
        owner=OWNER,
        slot="/s",
        port=20001,
    )
    assert made.argv[1:] == ("127.0.0.1:20001/w/abcdefghij012345/", "abcdefghij012345")
    assert {name: made.environment[name] for name in "ABC"} == {"A": "/s/home", "B": "/s", "C": "hush"}


def test_a_filled_in_value_is_not_looked_at_again() -> None:
    made = render(spec("sh", "{slot}", environment={}), OPTIONS, owner=OWNER, slot="/{secret}", port=1)
    assert made.argv[1] == "/{secret}"


def test_braces_that_hold_no_word_stay() -> None:
    kept = ('{"a": {}}', "${HOME}", "{1}", "{ host }")
    made = render(spec("sh", *kept), OPTIONS, owner=OWNER, slot="/s", port=1)
    assert made.argv[1:] == kept


def test_no_recipe_can_change_our_tags() -> None:
    made = render(
        spec("sh", environment={"CARREL_WORKSPACE": "other"}), OPTIONS, owner=OWNER, slot="/s", port=1
    )
    assert made.environment["CARREL_WORKSPACE"] == "abcdefghij012345"


@pytest.mark.parametrize(
    ("impossible", "named"),
    [
        (spec(), "templates.tiny.command is empty"),
        (spec("sh", "--token={secret}"), "templates.tiny.environment"),
        (spec("sh", "{prot}"), "{prot}"),
        (spec("sh", environment={"A": "{hme}"}), "templates.tiny.environment.A holds {hme}"),
        (spec("sh", environment={"A=B": ""}), "A=B"),
        (spec("sh", files={"../out": ""}), "../out"),
        (spec("sh", files={"/etc/passwd": ""}), "/etc/passwd"),
        (spec("sh", files={"home/.bashrc": ""}), "home/.bashrc"),
        (spec("sh", files={"": ""}), "inside the slot"),
        (spec("no-such-program"), '"no-such-program" was not found on PATH'),
        (spec("./sh"), "absolute path"),
        (spec("/no/such/program"), "was not found"),
        (spec("/etc/passwd"), "may not be executed"),
    ],
)
def test_what_can_never_work_is_refused_by_name(impossible: Spec, named: str) -> None:
    with pytest.raises(Rejected) as refused:
        check(impossible, OPTIONS)
    assert named in refused.value.sentence
    assert "hush" not in refused.value.sentence


def test_a_program_is_looked_up_on_the_path_that_the_app_will_have(tmp_path: Path) -> None:
    program = tmp_path / "mine"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    check(spec("mine", environment={"PATH": str(tmp_path)}), OPTIONS)
    check(spec("mine"), replace(OPTIONS, path=f"/bin{os.pathsep}{tmp_path}"))
    with pytest.raises(Rejected):
        check(spec("mine"), OPTIONS)
