"""What is delivered: names, choices and variables, and which of them counts."""

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from carrel.domain.account import User
from carrel.domain.actor import Role
from carrel.domain.delivery import Delivery
from carrel.domain.ids import TemplateName, UserId
from carrel.domain.template import Template
from carrel.rules.delivery import delivery, git_config, is_variable, refusal

ADA = User(
    UserId("uadaadaadaadaada"),
    "ada",
    "Ada Lovelace",
    Role.USER,
    datetime(2026, 11, 21, tzinfo=UTC),
    email="ada@example.org",
)
TEMPLATE = Template(
    TemplateName("course"),
    ("app",),
    claim_environment={
        "WHO": "{display_name} <{email}> is {user}",
        "SET": "{parameter:data-set} in {parameter:gone} {other} ${HOME}",
    },
)


def test_the_person_the_choices_and_their_own_are_delivered() -> None:
    made = delivery(ADA, TEMPLATE, {"data-set": "iris", "size": 2.0}, {"API_KEY": "secret"})
    assert made.environment == {
        "API_KEY": "secret",
        "WHO": "Ada Lovelace <ada@example.org> is ada",
        "SET": "iris in  {other} ${HOME}",
        "CARREL_PARAMETER_DATA_SET": "iris",
        "CARREL_PARAMETER_SIZE": "2",
        "CARREL_USER": "ada",
        "CARREL_DISPLAY_NAME": "Ada Lovelace",
        "CARREL_EMAIL": "ada@example.org",
    }
    assert json.loads(made.files["person.json"]) == {
        "name": "ada",
        "display_name": "Ada Lovelace",
        "email": "ada@example.org",
        "parameters": {"data-set": "iris", "size": 2.0},
    }
    assert refusal(made) is None


def test_what_the_template_says_counts_before_the_persons_own() -> None:
    made = delivery(ADA, TEMPLATE, {}, {"WHO": "somebody", "MINE": "1"})
    assert made.environment["WHO"].startswith("Ada")
    assert made.environment["MINE"] == "1"


def test_no_secret_is_in_a_file_that_describes_the_person() -> None:
    made = delivery(ADA, TEMPLATE, {}, {"API_KEY": "secret"})
    assert not any("secret" in text for text in made.files.values())


@pytest.mark.parametrize(
    "name", ['Ada "the first" Lovelace', "back\\slash", "Ada # Lovelace; x", "[user]", "Zoë", "a\tb"]
)
def test_git_reads_whatever_somebody_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / "gitconfig").write_text(git_config(replace(ADA, display_name=name)))
    read = [
        subprocess.run(
            ["git", "config", "--file", "gitconfig", key],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.rstrip("\n")
        for key in ("user.name", "user.email")
    ]
    assert read == [" ".join(name.split()), "ada@example.org"]


def test_whoever_has_no_address_has_none_in_git() -> None:
    assert "email" not in git_config(replace(ADA, email=None))


@pytest.mark.parametrize("name", ["API_KEY", "a", "_x", "LANG", "LD_LIBRARY_PATH", "X" * 100])
def test_what_may_be_set(name: str) -> None:
    assert is_variable(name)


@pytest.mark.parametrize(
    "name", ["", "1A", "A-B", "A B", "É", "A\n", "PATH", "HOME", "CARREL_USER", "UID", "IFS", "X" * 101]
)
def test_what_may_not_be_set(name: str) -> None:
    assert not is_variable(name)


def test_a_refusal_never_holds_a_value() -> None:
    said = [refusal(Delivery({name: "hidden\0"})) for name in ("A", "A-B")]
    assert all(sentence and "hidden" not in sentence for sentence in said)
    assert refusal(Delivery(files={"environment": "hidden"})) is not None
