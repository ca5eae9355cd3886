"""The tables [backends.*], [templates.*] and [pools.*]: their keys, and what they become in the domain."""

import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from carrel.domain.ids import BackendName, PoolName, TemplateName
from carrel.domain.pool import Pool
from carrel.domain.quiet import parse_quiet_hours
from carrel.domain.template import HomeKind, PathMode, Template
from carrel.domain.units import format_duration
from carrel.rules.delivery import is_variable
from carrel.rules.parameters import variable
from carrel.rules.policy import SHORTEST_WATCH
from carrel.rules.recipe import versioned
from carrel.settings.container_settings import ContainerSettings, Memory
from carrel.settings.parameter_settings import ParameterSettings, is_parameter_name
from carrel.settings.preparation_settings import RepositorySettings, StartupSettings, all_inside
from carrel.settings.values import (
    Command,
    Duration,
    DurationOrNever,
    Image,
    QuietHoursText,
    Size,
    Words,
    no_secret_in_argv,
)

_SHAPE = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
_POOL = Pool(PoolName(""), TemplateName(""), BackendName(""))
"""Where a pool's defaults come from, so that they are written once."""

_PARAMETER: Final = re.compile(r"\{parameter:([^{}]*)\}")
_MOST_PARAMETERS: Final = 12

Count = Annotated[int, Field(ge=0, le=100_000)]


class BackendSettings(BaseModel):
    """Which driver runs instances, and that driver's own keys, which the driver itself checks."""

    model_config = _SHAPE | ConfigDict(extra="allow")

    driver: str
    """The driver, by the name it is registered under: `local`, `docker`, `memory`."""

    @property
    def options(self) -> dict[str, object]:
        """Every key besides `driver`."""
        return dict(self.model_extra or {})


class TemplateSettings(BaseModel):
    model_config = _SHAPE

    command: Command = ()
    """The program and its arguments. May hold `{host}` `{port}` `{base_path}` `{home}` `{slot}` `{person}` `{id}`, never `{secret}`. May
    be left out where there is an `image`, which then starts what it starts, and on no backend without containers."""
    title: str = ""
    """What people read on the button; the template's name when empty."""
    description: str = ""
    """One sentence for the person who chooses."""
    image: Image | None = None
    """The container image, for drivers that run containers."""
    open: str = ""
    """Where the person lands, relative to the workspace's root."""
    path: PathMode = PathMode.KEEP
    """What the app is shown of `/w/<id>/`: `keep` all of it, or `strip` it."""
    ready: str = ""
    """The address, relative to the root, that answers below 400 once the app is up."""
    authorization: str | None = None
    """What the data plane puts into the Authorization header, e.g. `token {secret}`; left out if the app knows no such thing."""
    icon: Literal["", "chart", "code", "desktop", "notebook", "r", "terminal"] = ""
    """The picture on the card."""
    activity: Literal["jupyter", "rstudio", "traffic", "command"] = "traffic"
    """How use is recognised."""
    activity_command: Words = ()
    """For `activity = "command"`: ends with 0 while the workspace is in use, with 1 while it is not; anything else says nothing."""
    activity_writes: Words = ()
    """Beginnings of paths, relative to the workspace's root: a PUT, POST, PATCH or DELETE there is use."""
    activity_bytes: Size | None = None
    """So many bytes a minute from the person over one long-lived stream are use. Streams say nothing if left out."""
    home: HomeKind = HomeKind.PERSISTENT
    """What becomes of the person's files: `persistent`, `ephemeral` (gone with the workspace) or `none`."""
    memory: Memory = None
    """How much memory one workspace is meant to have, for drivers that can hold it to that."""
    price_per_hour: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """What one workspace costs per hour, in your currency."""
    environment: dict[str, str] = {}
    """The whole environment of the app besides PATH and LANG. May hold the same words as `command`, and `{secret}`."""
    files: dict[str, str] = {}
    """Small files written before the start: path relative to the slot, and text."""
    parameters: Mapping[str, ParameterSettings] = {}
    """What a person may choose who asks for one: one table each, `[templates.<name>.parameters.<parameter>]`."""
    claim_environment: dict[str, str] = {}
    """Brought in once the workspace is somebody's. May hold `{user}` `{display_name}` `{email}` and `{parameter:NAME}`."""
    repository: RepositorySettings | None = None
    """Cloned into the home before its person goes in: the table `[templates.<name>.repository]`."""
    startup: StartupSettings | None = None
    """Run before its person goes in: the table `[templates.<name>.startup]`."""
    data: dict[str, str] = {}
    """Shared folders, for reading: name in the home, and where the folder is on the backend."""
    container: ContainerSettings | None = None
    """How it runs in containers: the table `[templates.<name>.container]`."""

    @field_validator("command")
    @classmethod
    def _secret_stays_out_of_argv(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        return no_secret_in_argv(command)

    @field_validator("files")
    @classmethod
    def _files_stay_in_the_slot(cls, files: dict[str, str]) -> dict[str, str]:
        all_inside(files, "slot", "etc/app.json")
        return files

    @field_validator("data")
    @classmethod
    def _data_folders_have_a_place(cls, data: dict[str, str]) -> dict[str, str]:
        all_inside(data, "home", "data")
        for folder in data.values():
            if not folder.startswith("/") or ".." in folder.split("/"):
                raise ValueError(
                    f'expected folders by their whole path, such as "/srv/data"; "{folder}" is none'
                )
        return data

    @field_validator("claim_environment")
    @classmethod
    def _claim_environment_can_be_set(cls, values: dict[str, str]) -> dict[str, str]:
        for name in values:
            if not is_variable(name):
                raise ValueError(
                    f'"{name[:60]}" cannot be set there: expected letters, figures and "_", no CARREL_ before, and none of '
                    "those that shells live by, such as PATH and HOME"
                )
        return values

    @field_validator("parameters")
    @classmethod
    def _parameters_differ(cls, given: Mapping[str, ParameterSettings]) -> Mapping[str, ParameterSettings]:
        if len(given) > _MOST_PARAMETERS:
            raise ValueError(f"expected at most {_MOST_PARAMETERS}: nobody fills in a longer form")
        seen: dict[str, str] = {}
        for name in given:
            if not is_parameter_name(name):
                raise ValueError(
                    f'"{name}" is no name of a parameter: expected at most 40 letters, figures, "_" and "-"'
                )
            other = seen.setdefault(variable(name), name)
            if other != name:
                raise ValueError(f"{other} and {name} would both become the variable {variable(name)}")
        return MappingProxyType(dict(given))

    @model_validator(mode="after")
    def _parts_fit(self) -> "TemplateSettings":
        if not self.command and self.image is None:
            raise ValueError("expected a command to run, or an image that starts something by itself")
        if (self.activity == "command") != bool(self.activity_command):
            raise ValueError('expected activity = "command" and an activity_command together, or neither')
        for name, value in self.claim_environment.items():
            for wanted in _PARAMETER.findall(value):
                if wanted not in self.parameters:
                    raise ValueError(
                        f"claim_environment.{name} names {{parameter:{wanted}}}, and there is none"
                    )
        return self

    def to_domain(self, name: str) -> Template:
        values = {key: getattr(self, key) for key in type(self).model_fields}
        return versioned(
            Template(
                **values
                | {
                    "name": TemplateName(name),
                    "title": self.title or name,
                    "environment": MappingProxyType(dict(self.environment)),
                    "files": MappingProxyType(dict(self.files)),
                    "claim_environment": MappingProxyType(dict(self.claim_environment)),
                    "data": MappingProxyType(dict(self.data)),
                    "parameters": tuple(one.to_domain(called) for called, one in self.parameters.items()),
                    "repository": self.repository.to_domain() if self.repository else None,
                    "startup": self.startup.to_domain() if self.startup else None,
                    "container": self.container.to_domain() if self.container else None,
                }
            )
        )


class PoolSettings(BaseModel):
    model_config = _SHAPE

    template: str
    """Which template its workspaces are made from."""
    backend: str
    """Which backend they run on."""
    warm: Count = _POOL.warm
    """How many ready and unclaimed workspaces there should be."""
    limit: Count = _POOL.limit
    """How many live workspaces there may ever be at once, claimed ones included."""
    per_user: Annotated[int, Field(ge=1, le=1000)] = _POOL.per_user
    """How many workspaces of this pool one person may hold at once."""
    paused: bool = _POOL.paused
    """A paused pool starts nothing; what runs goes on."""
    starting_at_once: Annotated[int, Field(ge=1, le=1000)] = _POOL.starting_at_once
    """How many may be starting at once to refill the pool; people who wait come on top."""
    start_timeout: Duration = _POOL.start_timeout
    """A workspace whose app does not answer by then has failed."""
    enter_within: Duration = _POOL.enter_within
    """A workspace that was given to somebody and never entered is released after this."""
    watch_within: Duration = _POOL.watch_within
    """A waiting claim that nobody asks after lapses after this."""
    stop_after_idle: DurationOrNever = _POOL.stop_after_idle
    """A workspace in which nothing ran and nobody typed for so long is stopped. Its person is warned before."""
    max_age: DurationOrNever = _POOL.max_age
    """A held workspace is stopped this long after it was given to somebody."""
    quiet_hours: QuietHoursText = ""
    """What is past `max_age` is stopped only in these hours, e.g. `22:00-06:00` or `22:00-06:00 Europe/Berlin`; at any time if empty."""
    retire_warm_after: DurationOrNever = _POOL.retire_warm_after
    """A warm workspace older than this is replaced by a new one."""

    @field_validator("watch_within")
    @classmethod
    def _watching_can_keep_up(cls, watch_within: timedelta) -> timedelta:
        if watch_within < SHORTEST_WATCH:
            raise ValueError(
                f"expected at least {format_duration(SHORTEST_WATCH)}: an open page says every few seconds that it is there"
            )
        return watch_within

    def to_domain(self, name: str, zone: str = "UTC") -> Pool:
        """`zone` is of quiet hours that name none."""
        values = {key: getattr(self, key) for key in type(self).model_fields}
        return Pool(
            **values
            | {
                "name": PoolName(name),
                "quiet_hours": parse_quiet_hours(self.quiet_hours, zone) if self.quiet_hours else None,
            }
        )
