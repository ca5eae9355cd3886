"""What is delivered into a workspace once it is somebody's, and what can be: names of variables, paths. Pure.

Of two variables with one name the template's counts before the person's own, and what the person chose between them: a course relies on
its own. Names that begin with CARREL_ are ours, and the few that shells and kernels cannot do without nobody may set.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final

from carrel.domain.account import User
from carrel.domain.delivery import Delivery
from carrel.domain.parameter import Value
from carrel.domain.template import Template
from carrel.rules.parameters import text, variables

ENVIRONMENT: Final = frozenset({"environment", "environment.json"})
"""Where a driver may keep the variables among the files; no delivered file may take its place."""
OURS: Final = "CARREL_"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_LEFT_ALONE: Final = frozenset(
    {
        *(
            "HOME",
            "PATH",
            "PWD",
            "OLDPWD",
            "SHELL",
            "_",
        ),  # set where it is started; nothing would be found without them
        *(
            "IFS",
            "ENV",
            "BASH_ENV",
            "OPTIND",
            "SHELLOPTS",
            "BASHOPTS",
        ),  # change how every script of others reads
        *("UID", "EUID", "PPID", "BASH_VERSINFO"),  # a shell that may not set them ends
    }
)
_PLACEHOLDER: Final = re.compile(r"\{(user|display_name|email|parameter:[^{}]*)\}")


def is_variable(name: str) -> bool:
    """Whether a person or a template may set it in a workspace that is somebody's."""
    return bool(_NAME.fullmatch(name)) and name not in _LEFT_ALONE and not name.startswith(OURS)


def delivery(user: User, template: Template, chosen: Mapping[str, Value], own: Mapping[str, str]) -> Delivery:
    """`own`: the variables they keep for all their workspaces."""
    about = {"user": user.name, "display_name": user.display_name, "email": user.email or ""}
    filled = {name: _filled(value, about, chosen) for name, value in template.claim_environment.items()}
    known = {f"{OURS}{name.upper()}": value for name, value in about.items() if value}
    return Delivery(
        environment={**own, **filled, **variables(chosen), **known},
        files={"gitconfig": git_config(user), "person.json": _person(user, chosen)},
    )


def git_config(user: User) -> str:
    """Read as the system's, so that whatever the person set for themselves counts before it; the machine's own still counts."""
    lines = ["[include]", "\tpath = /etc/gitconfig", "[user]"]
    lines += [
        f"\t{name} = {_quoted(value)}"
        for name, value in (("name", user.display_name or user.name), ("email", user.email))
        if value
    ]
    return "\n".join(lines) + "\n"


def refusal(wanted: Delivery) -> str | None:
    """Why a driver cannot take it, without a value in it; None where it can."""
    return next(
        (sentence for sentence in (*_bad_variables(wanted), *_bad_paths(wanted.files)) if sentence), None
    )


def _bad_variables(wanted: Delivery) -> Iterable[str]:
    for name, value in wanted.environment.items():
        if not _NAME.fullmatch(name):
            yield f'"{name[:60]}" cannot be delivered: it is no name of a variable.'
        if "\0" in value:
            yield f"The variable {name[:60]} cannot be delivered: its value holds a zero byte."


def _bad_paths(paths: Iterable[str]) -> Iterable[str]:
    for path in paths:
        parts = path.split("/")
        if "\0" in path or {"", ".", ".."} & set(parts):
            yield f'"{path[:200]}" cannot be delivered: it must be a path inside the person\'s folder.'
        elif parts[0] in ENVIRONMENT:
            yield f'"{path[:200]}" cannot be delivered: the environment is kept there.'


def _filled(value: str, about: Mapping[str, str], chosen: Mapping[str, Value]) -> str:
    """A parameter that a former version of the template had is empty."""

    def meant(found: re.Match[str]) -> str:
        kind, _, name = found[1].partition(":")
        if kind != "parameter":
            return about[kind]
        return text(chosen[name]) if name in chosen else ""

    return _PLACEHOLDER.sub(meant, value).replace("\0", "")


def _quoted(value: str) -> str:
    plain = " ".join(value.split())
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _person(user: User, chosen: Mapping[str, Value]) -> str:
    about = {
        "name": user.name,
        "display_name": user.display_name,
        "email": user.email,
        "parameters": dict(chosen),
    }
    return json.dumps(about, ensure_ascii=False, indent=2) + "\n"
