"""Every setting of an installation, with its default and its meaning. Frozen; reads nothing itself."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, field_validator, model_validator

from carrel.domain.address import Addresses
from carrel.domain.pool import Pool
from carrel.domain.template import Template
from carrel.domain.units import parse_duration
from carrel.settings.recipes import BackendSettings, PoolSettings, TemplateSettings
from carrel.settings.tls_settings import demand_pairs, pairs
from carrel.settings.values import (
    AbsolutePath,
    DatabaseUrl,
    Duration,
    ListenAddress,
    Name,
    Origin,
    Size,
    StarredOrigin,
    TimeZone,
)

Port = Annotated[int, Field(ge=1, le=65535)]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

_USUAL_PORTS = {"http": 80, "https": 443}


class Settings(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    host: ListenAddress = "127.0.0.1"
    """The address both listeners take. Anything but 127.0.0.1 can be reached from the network."""
    port: Port = 8000
    """Where the hub listens: sign-in, pages, API."""
    workspaces_port: Port = 8001
    """Where the workspaces listen. Never the hub's port: a page of a workspace must not be able to ride the hub's session."""
    public_url: Origin | None = None
    """What people type to reach the hub, if it is not `http://localhost:<port>`."""
    workspaces_url: StarredOrigin | None = None
    """Where workspaces live, the star being a workspace's id. Another domain than the hub's. Default `http://*.localhost:<workspaces_port>`."""
    tls_certificate: AbsolutePath | None = None
    """PEM file with the certificate (and its chain) that Envoy shows for the hub; without one it speaks plain HTTP. A renewed file is taken up by itself."""
    tls_key: AbsolutePath | None = None
    """PEM file with the private key of `tls_certificate`, without a password."""
    workspaces_tls_certificate: AbsolutePath | None = None
    """The same for the workspaces, a wildcard. Default: that of the hub, which then holds both names."""
    workspaces_tls_key: AbsolutePath | None = None
    """PEM file with the private key of `workspaces_tls_certificate`."""
    state_dir: AbsolutePath
    """Everything that must outlive a restart. Default `$XDG_STATE_HOME/carrel`, else `~/.local/state/carrel`; `make up` uses `./state`."""
    database_url: DatabaseUrl | None = Field(default=None, repr=False)
    """`postgresql+asyncpg://…` or `sqlite:///…`. Default: the file `carrel.sqlite` in the state directory."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much the log says."""
    bootstrap_token: SecretStr | None = None
    """An admin token that exists from the first start, for scripts: long, random, beginning with `crl_`. Better in the environment than in a file."""
    session_lifetime: Duration = parse_duration("14d")
    """How long somebody stays signed in."""
    keep_history: Duration = parse_duration("90d")
    """How long gone workspaces, released claims, their timelines and the audit are kept. At least a day."""
    keep_deleted_homes: Duration = parse_duration("14d")
    """How long the files of a deleted home are kept, so that it can be had back. At least an hour."""
    homes_per_person: Annotated[int, Field(ge=1, le=1000)] = 20
    """How many homes one person may have, deleted ones left out."""
    home_size_warning: Size | None = None
    """How large a home may grow before its person is warned, e.g. "10GiB". Nothing is refused for it. Default: nobody is warned."""
    activity_every: Duration = parse_duration("60s")
    """How often apps are asked whether they are in use, and Envoy says who types: 1s to 5m. A running Envoy keeps to what it was started with."""
    time_zone: TimeZone = "UTC"
    """In which moments are said in reasons and warnings, e.g. "Europe/Berlin"; also that of quiet hours that name none."""
    trusted_hops: Annotated[int, Field(ge=0, le=10)] = 0
    """How many proxies in front of Carrel add to X-Forwarded-For and are believed."""
    development: bool = False
    """Shows `/hub/parts`, the page of all parts that pages are made of, to whoever works on them."""
    envoy: AbsolutePath | None = None
    """The Envoy program. Default: the one that was installed with Carrel, else the first on PATH."""
    backends: Mapping[Name, BackendSettings] = {}
    """Where instances run: one table each."""
    templates: Mapping[Name, TemplateSettings] = {}
    """What can be run: one table each."""
    pools: Mapping[Name, PoolSettings] = {}
    """How many workspaces of which template are kept where: one table each."""

    _sources: Mapping[str, str] = PrivateAttr(default_factory=dict)
    _lines: Mapping[str, int] = PrivateAttr(default_factory=dict)

    @field_validator("bootstrap_token")
    @classmethod
    def _token_fits_a_header(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None:
            text = token.get_secret_value()
            if len(text) < 8 or not text.isascii() or not text.isprintable() or " " in text:
                raise ValueError("expected at least 8 visible ASCII characters without spaces")
        return token

    @field_validator("keep_history")
    @classmethod
    def _today_is_remembered(cls, kept: timedelta) -> timedelta:
        if kept < timedelta(days=1):
            raise ValueError(
                "expected at least a day (1d): what failed this morning must still be there to look into"
            )
        return kept

    @field_validator("keep_deleted_homes")
    @classmethod
    def _deleting_can_be_undone(cls, kept: timedelta) -> timedelta:
        if kept < timedelta(hours=1):
            raise ValueError(
                "expected at least an hour (1h): who deletes the wrong one must have time to see it"
            )
        return kept

    @field_validator("activity_every")
    @classmethod
    def _often_and_not_too_often(cls, every: timedelta) -> timedelta:
        if not timedelta(seconds=1) <= every <= timedelta(minutes=5):
            raise ValueError("expected a duration of 1s to 5m")
        return every

    @field_validator("backends", "templates", "pools")
    @classmethod
    def _frozen(cls, tables: Mapping[str, object]) -> Mapping[str, object]:
        return MappingProxyType(dict(tables))

    @model_validator(mode="after")
    def _hub_and_workspaces_are_strangers(self) -> "Settings":
        if self.port == self.workspaces_port:
            raise ValueError(
                f"port and workspaces_port are both {self.port}: give the workspaces a port of their own, "
                "so that their pages cannot ride the hub's session"
            )
        hub, workspaces = urlsplit(self.hub_url), urlsplit(self._workspaces_base)
        host, domain = hub.hostname or "", workspaces.hostname or ""
        if host in LOOPBACK_NAMES:
            return self
        if self.workspaces_url is None:
            raise ValueError(
                f"public_url is at {host}, so workspaces_url must be set too: workspaces at *.localhost can be "
                'reached from this machine only. Use another domain than the hub\'s, e.g. "https://*.labs.example.net"'
            )
        if hub.scheme != workspaces.scheme:
            raise ValueError(
                "public_url and workspaces_url must both begin with https://, or both with http://"
            )
        if f".{host}".endswith(f".{domain}") or f".{domain}".endswith(f".{host}"):
            raise ValueError(
                f"the hub ({host}) and the workspaces ({domain}) share a domain, so that a workspace could set "
                "cookies for the hub: give workspaces_url a domain of its own"
            )
        return self

    @model_validator(mode="after")
    def _certificates_are_pairs(self) -> "Settings":
        schemes = {urlsplit(self.hub_url).scheme, urlsplit(self._workspaces_base).scheme}
        demand_pairs(self, is_https=schemes == {"https"})
        return self

    @model_validator(mode="after")
    def _pools_name_what_exists(self) -> "Settings":
        for name, pool in self.pools.items():
            _demand(f"pools.{name}", "template", pool.template, self.templates)
            _demand(f"pools.{name}", "backend", pool.backend, self.backends)
            _demand_a_start(name, pool.template, self.templates[pool.template], self.backends[pool.backend])
        return self

    @property
    def hub_url(self) -> str:
        return self.public_url or f"http://localhost:{self.port}"

    @property
    def encrypts(self) -> bool:
        """Whether Envoy itself speaks TLS."""
        return self.tls_certificate is not None

    def certificates(self) -> Mapping[str, tuple[Path, Path]]:
        """Certificate and key of each listener; nothing where it speaks plain HTTP."""
        return pairs(self)

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{quote(str(self.state_dir / 'carrel.sqlite'))}"

    @property
    def sources(self) -> Mapping[str, str]:
        """Dotted key → where its value came from. A key that is absent has its default."""
        return self._sources

    @property
    def lines(self) -> Mapping[str, int]:
        """Dotted key → line of the file it came from."""
        return self._lines

    def with_sources(self, sources: Mapping[str, str], lines: Mapping[str, int]) -> "Settings":
        """The same settings, knowing where they came from."""
        copy = self.model_copy()
        copy._sources = MappingProxyType(dict(sources))
        copy._lines = MappingProxyType(dict(lines))
        return copy

    @property
    def _workspaces_base(self) -> str:
        return (self.workspaces_url or f"http://*.localhost:{self.workspaces_port}").replace("*.", "")

    def addresses(self) -> Addresses:
        workspaces = urlsplit(self._workspaces_base)
        usual = _USUAL_PORTS[workspaces.scheme]
        return Addresses(
            hub=self.hub_url,
            workspaces_scheme=workspaces.scheme,
            workspaces_domain=workspaces.hostname or "",
            workspaces_port=None if workspaces.port in (None, usual) else workspaces.port,
        )

    def domain_templates(self) -> list[Template]:
        return [template.to_domain(name) for name, template in self.templates.items()]

    def domain_pools(self) -> list[Pool]:
        return [pool.to_domain(name, self.time_zone) for name, pool in self.pools.items()]


def _demand(pool: str, key: str, wanted: str, known: Mapping[str, object]) -> None:
    if wanted not in known:
        there = f"there is {', '.join(sorted(known))}" if known else "there is none at all"
        raise ValueError(f'{pool}.{key} is "{wanted}", and there is no {key} of that name; {there}')


def _demand_a_start(pool: str, name: str, template: TemplateSettings, backend: BackendSettings) -> None:
    """What the two drivers can never start; they say so too, of templates that are changed later."""
    if backend.driver == "local" and not template.command:
        raise ValueError(
            f'pools.{pool}: template "{name}" has an image and no command, and a backend of driver "local" runs commands on '
            "this machine. Give the template a command, or the pool a backend that runs containers"
        )
    if backend.driver == "docker" and template.image is None:
        raise ValueError(
            f'pools.{pool}: template "{name}" has no image, and a backend of driver "docker" runs nothing without one. '
            f'Set templates.{name}.image, e.g. "quay.io/jupyter/scipy-notebook"'
        )
