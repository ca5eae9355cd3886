"""Turns a recipe into an argument list and a whole environment. Refuses what can never work; starts nothing."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from carrel.domain.ids import InstallationId
from carrel.domain.reason import ReasonCode
from carrel.drivers.local.options import Options
from carrel.drivers.placeholders import filled, refuse_outside, refuse_unknown
from carrel.ports.driver import Rejected, Spec

WORKSPACE_TAG = "CARREL_WORKSPACE"
INSTALLATION_TAG = "CARREL_INSTALLATION"
BACKEND_TAG = "CARREL_BACKEND"
POOL_TAG = "CARREL_POOL"
PERSON = "CARREL_PERSON"
"""Tells everything in the instance where to find what was delivered."""

HOST = "127.0.0.1"

RESERVED = frozenset(
    {
        *("home", "blank", "person", "deliveries", "log", "log.1", "run.lock"),
        *("instance.json", "process.json", "ended.json"),
    }
)
"""What the driver itself keeps in a slot; no file of a template may take its place."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose instances these are: what the tags of each process say."""

    installation: InstallationId
    backend: str


@dataclass(frozen=True, slots=True)
class Launch:
    argv: tuple[str, ...]
    """Begins with the program's absolute path."""
    environment: Mapping[str, str]


def check(spec: Spec, options: Options) -> None:
    """Everything that can be refused before anything is made. Raises Rejected."""
    template = spec.template
    where = f"templates.{template.name}"
    if not template.command:
        raise Rejected(
            f"{where}.command is empty: say which program to run on this machine; an image is for backends that run containers."
        )
    for argument in template.command:
        refuse_unknown(argument, f"{where}.command")
        if "{secret}" in argument:
            raise Rejected(
                f"{where}.command holds {{secret}}, which every user of the machine could read there. "
                f"Hand it over in {where}.environment."
            )
    for name, value in template.environment.items():
        refuse_unknown(value, f"{where}.environment.{name}")
        if not name or "=" in name or "\0" in name + value:
            raise Rejected(f"{where}.environment.{name} cannot be a variable's name and value.")
    for path in template.files:
        refuse_outside(path, where, reserved=RESERVED)
    _program(spec, options)


def render(spec: Spec, options: Options, *, owner: Owner, slot: str, port: int) -> Launch:
    """Raises Rejected as `check` does."""
    values = {
        "host": HOST,
        "port": str(port),
        "base_path": spec.base_path,
        "home": f"{slot}/home",
        "slot": slot,
        "person": f"{slot}/person",
        "secret": spec.secret,
        "id": spec.workspace_id,
    }
    own = {name: filled(value, values) for name, value in spec.template.environment.items()}
    tags = {
        WORKSPACE_TAG: spec.workspace_id,
        INSTALLATION_TAG: owner.installation,
        BACKEND_TAG: owner.backend,
        POOL_TAG: spec.pool,
    }
    arguments = [filled(argument, values) for argument in spec.template.command[1:]]
    return Launch(
        argv=(_program(spec, options), *arguments),
        environment={"PATH": options.path, "LANG": options.language, PERSON: values["person"]} | own | tags,
    )


def _program(spec: Spec, options: Options) -> str:
    name = spec.template.command[0]
    where = f"templates.{spec.template.name}.command"
    path = spec.template.environment.get("PATH", options.path)
    if "{" in name or ("/" in name and not name.startswith("/")):
        raise Rejected(f'{where} begins with "{name}": name a program on PATH, or give its absolute path.')
    found = shutil.which(name, path=path)
    if found is not None:
        return os.path.abspath(found)  # noqa: PTH100 - resolve() would follow a venv's link out of the venv
    if name.startswith("/") and os.path.exists(name):  # noqa: PTH110 - beside shutil.which, which takes text too
        sentence = f'The program "{name}" may not be executed: check its permissions or change {where}.'
        raise Rejected(sentence, ReasonCode.NOT_PERMITTED)
    place = "" if "/" in name else f" on PATH ({path})"
    sentence = f'The program "{name}" was not found{place}: install it or change {where}.'
    raise Rejected(sentence, ReasonCode.COMMAND_MISSING)
