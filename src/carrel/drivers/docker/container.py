"""Turns a recipe into what an engine is asked to create: the app's container and its companions'. Pure; refuses what can never work."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from carrel.domain.container import Companion, Container
from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import HomeId, PoolName, WorkspaceId
from carrel.domain.reason import ReasonCode
from carrel.domain.template import HomeKind, Template
from carrel.drivers.docker import labels
from carrel.drivers.docker.images import image_name
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.person import DELIVERIES, NAME, SLOT
from carrel.drivers.placeholders import filled, refuse_outside, refuse_unknown
from carrel.ports.driver import Rejected, Spec

Body = dict[str, Any]
"""As `POST /containers/create` wants it."""

RESERVED: Final = frozenset({NAME, DELIVERIES, "home"})
"""What the driver itself keeps in a slot; no file of a template may take its place."""

_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - inside the container, whose only other end is the data plane
_SCRATCH: Final = "rw,nosuid,nodev,mode=1777"
_PROCESSES_OF_COMPANION: Final = 512
_OOM_SCORE: Final = 500
"""A machine that runs out of memory ends workspaces before anything else."""
_LOG: Final = {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}}
"""Whatever an app prints, its log stays small."""


@dataclass(frozen=True, slots=True)
class Member:
    """One container of a workspace."""

    name: str
    image: str
    body: Body

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        return cls(str(kept["name"]), str(kept["image"]), dict(kept["body"]))


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is needed to bring a workspace up, without asking for the recipe again; as JSON it outlives the control plane."""

    workspace_id: WorkspaceId
    pool: PoolName
    members: tuple[Member, ...]
    """The app first: the others join its network."""
    port: int
    home: HomeKind
    home_path: str
    files: Mapping[str, str]
    data: Mapping[str, str]
    home_owner: str = ""
    user: str = ""
    home_id: HomeId | None = None
    is_filled: bool = False
    """Its files were brought in before: it is started again."""

    def kept(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError, ValueError for what is none."""
        found = dict(kept)
        found["members"] = tuple(Member.of(each) for each in found["members"])
        found["home"] = HomeKind(found["home"])
        return cls(**found)

    @property
    def container(self) -> Container:
        """As much of the recipe as says whose the files are."""
        return Container(user=self.user, home_owner=self.home_owner, home_path=self.home_path)

    @property
    def images(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(member.image for member in self.members))


def render(spec: Spec, *, owner: Owner, stop_grace: float, runtime: str | None = None) -> Plan:
    """Everything but where it is to be reached and where its files come from. Raises Rejected."""
    template = spec.template
    container = template.container or Container()
    image = _checked(spec, container)
    values = _values(spec, container)
    tags = labels.of_workspace(owner, spec.workspace_id, spec.pool)
    environment = {**template.environment, **container.environment}
    app = _body(image, _command(template, container), environment, values=values) | {
        "Labels": tags
        | {labels.COMPANION: "", labels.COMPANIONS: ",".join(each.name for each in container.companions)},
        "Hostname": spec.workspace_id,
        "StopTimeout": _whole(stop_grace),
    }
    app["Env"] += [f"{name}={value}" for name, value in _own(spec, owner).items()]
    if container.user:
        app["User"] = container.user
    app["HostConfig"] = _app_limits(template, container) | _runtime(runtime)
    app["HostConfig"]["Mounts"] = [_slot(spec, tags)]
    beside = [
        _beside(spec, each, values=values, tags=tags, stop_grace=stop_grace, runtime=runtime)
        for each in container.companions
    ]
    return Plan(
        workspace_id=spec.workspace_id,
        pool=spec.pool,
        members=(Member(labels.container(spec.workspace_id), image, app), *beside),
        port=container.port,
        home=template.home,
        home_path=container.home_path,
        files=dict(template.files),
        data=dict(template.data),
        home_owner=container.home_owner,
        user=container.user,
        home_id=spec.home_id,
    )


@dataclass(frozen=True, slots=True)
class Location:
    """Where an app is reached."""

    network: str
    endpoint: Endpoint
    address: str | None
    """The container's own on the network; the engine's choice if None, where its port is published instead."""


def at(body: Body, location: Location, port: int) -> Body:
    """The app's body with its place on the network. It stays the same over restarts, as everything in a body."""
    endpoint, host = location.endpoint, dict(body["HostConfig"])
    host["NetworkMode"] = location.network
    settings: Body = {}
    if location.address is not None:
        settings["IPAMConfig"] = {"IPv4Address": location.address}
    else:
        host["PortBindings"] = {f"{port}/tcp": [{"HostIp": endpoint.host, "HostPort": str(endpoint.port)}]}
    return body | {
        "Labels": body["Labels"] | {labels.ENDPOINT: f"{endpoint.host}:{endpoint.port}"},
        "ExposedPorts": {f"{port}/tcp": {}},
        "HostConfig": host,
        "NetworkingConfig": {"EndpointsConfig": {location.network: settings}},
    }


def with_mounts(body: Body, mounts: Sequence[Body]) -> Body:
    host = dict(body["HostConfig"])
    return body | {"HostConfig": host | {"Mounts": [*host["Mounts"], *mounts]}}


def with_labels(body: Body, more: Mapping[str, str]) -> Body:
    return body | {"Labels": {**body["Labels"], **more}}


def without_disk_limit(body: Body) -> Body:
    """For engines that cannot hold a container to it."""
    host = {name: value for name, value in body["HostConfig"].items() if name != "StorageOpt"}
    return body | {"HostConfig": host}


def mounted_home(source: str, home_path: str) -> Body:
    """What is mounted at `source` later, on the engine's machine, appears inside; nothing mounted inside appears outside."""
    return {
        "Type": "bind",
        "Source": source,
        "Target": home_path,
        "BindOptions": {"Propagation": "rslave", "NonRecursive": False},
    }


def volume_home(volume: str, home_path: str) -> Body:
    return {"Type": "volume", "Source": volume, "Target": home_path, "VolumeOptions": {"NoCopy": True}}


def passing_home(home_path: str) -> Body:
    """A nameless volume, which goes with its container; it begins with what the image has there."""
    return {"Type": "volume", "Target": home_path}


def shared_folders(plan: Plan) -> list[Body]:
    """Of the engine's machine, for reading, in a home that is a volume."""
    return [
        {"Type": "bind", "Source": folder, "Target": f"{plan.home_path}/{name}", "ReadOnly": True}
        for name, folder in plan.data.items()
    ]


def _checked(spec: Spec, container: Container) -> str:
    template = spec.template
    where = f"templates.{template.name}"
    if not template.image:
        raise Rejected(
            f"{where}.image is missing: say which image has the app, such as quay.io/jupyter/scipy-notebook.",
            ReasonCode.IMAGE_MISSING,
        )
    for image in (template.image, *(each.image for each in container.companions)):
        if image_name.read(image) is None:
            raise Rejected(f'{where}: "{image}" cannot be the name of an image.', ReasonCode.IMAGE_MISSING)
    for place, argument in _arguments(template, container):
        refuse_unknown(argument, f"{where}.{place}")
        if "{secret}" in argument:
            raise Rejected(
                f"{where}.{place} holds {{secret}}, which the list of processes would show. Hand it over in {where}.environment."
            )
    for place, name, value in _variables(template, container):
        refuse_unknown(value, f"{where}.{place}.{name}")
        if not name or "=" in name or "\0" in name + value:
            raise Rejected(f"{where}.{place}.{name} cannot be a variable's name and value.")
    for path in template.files:
        refuse_outside(path, where, reserved=RESERVED)
    return template.image


def _arguments(template: Template, container: Container) -> Iterator[tuple[str, str]]:
    own = container.command is not None
    yield from (("container.command" if own else "command", each) for each in _command(template, container))
    for companion in container.companions:
        yield from ((f"container.companions.{companion.name}", each) for each in companion.command)


def _variables(template: Template, container: Container) -> Iterator[tuple[str, str, str]]:
    yield from (("environment", name, value) for name, value in template.environment.items())
    yield from (("container.environment", name, value) for name, value in container.environment.items())
    for companion in container.companions:
        place = f"container.companions.{companion.name}.environment"
        yield from ((place, name, value) for name, value in companion.environment.items())


def _command(template: Template, container: Container) -> Sequence[str]:
    return template.command if container.command is None else container.command


def _values(spec: Spec, container: Container) -> dict[str, str]:
    return {
        "host": _EVERYWHERE,
        "port": str(container.port),
        "base_path": spec.base_path,
        "home": container.home_path,
        "slot": SLOT,
        "person": f"{SLOT}/{NAME}",
        "secret": spec.secret,
        "id": spec.workspace_id,
    }


def _own(spec: Spec, owner: Owner) -> dict[str, str]:
    """What everything inside may know of where it is."""
    return {
        "CARREL_PERSON": f"{SLOT}/{NAME}",
        "CARREL_WORKSPACE": spec.workspace_id,
        "CARREL_INSTALLATION": owner.installation,
        "CARREL_BACKEND": owner.backend,
        "CARREL_POOL": spec.pool,
    }


def _body(
    image: str, command: Sequence[str], environment: Mapping[str, str], *, values: Mapping[str, str]
) -> Body:
    body: Body = {
        "Image": image,
        "Env": [f"{name}={filled(value, values)}" for name, value in environment.items()],
        "AttachStdin": False,
        "OpenStdin": False,
        "Tty": False,
    }
    if command:
        body["Cmd"] = [filled(argument, values) for argument in command]
    return body


def _beside(
    spec: Spec,
    companion: Companion,
    *,
    values: Mapping[str, str],
    tags: Mapping[str, str],
    stop_grace: float,
    runtime: str | None,
) -> Member:
    name = labels.companion(spec.workspace_id, companion.name)
    body = _body(companion.image, companion.command, companion.environment, values=values)
    body |= {"Labels": {**tags, labels.COMPANION: companion.name}, "StopTimeout": _whole(stop_grace)}
    if companion.user:
        body["User"] = companion.user
    body["HostConfig"] = (
        _confined(companion.capabilities, _PROCESSES_OF_COMPANION)
        | _memory(companion.memory)
        | {"NetworkMode": f"container:{labels.container(spec.workspace_id)}", "Mounts": []}
        | _runtime(runtime)
    )
    return Member(name, companion.image, body)


def _app_limits(template: Template, container: Container) -> Body:
    limits = _confined(container.capabilities, container.processes) | _memory(template.memory)
    if container.cpus is not None:
        limits["NanoCpus"] = round(container.cpus * 1e9)
    if container.shared_memory is not None:
        limits["ShmSize"] = container.shared_memory
    if container.disk is not None:
        limits["StorageOpt"] = {"size": str(container.disk)}
    if container.read_only:
        limits |= {"ReadonlyRootfs": True, "Tmpfs": {"/tmp": _SCRATCH}}  # noqa: S108 - inside the container
    return limits


def _confined(capabilities: Sequence[str], processes: int) -> Body:
    return {
        "CapDrop": ["ALL"],
        "CapAdd": list(capabilities),
        "SecurityOpt": ["no-new-privileges:true"],
        "Privileged": False,
        "PidsLimit": processes,
        "Init": True,
        "OomScoreAdj": _OOM_SCORE,
        "RestartPolicy": {"Name": "no"},
        "LogConfig": _LOG,
        "IpcMode": "private",
    }


def _memory(limit: int | None) -> Body:
    """Swap would only make it slow before it ends."""
    return {"Memory": limit, "MemorySwap": limit} if limit is not None else {}


def _runtime(runtime: str | None) -> Body:
    return {"Runtime": runtime} if runtime else {}


def _slot(spec: Spec, tags: Mapping[str, str]) -> Body:
    options = {"NoCopy": True, "Labels": dict(tags)}
    slot = labels.slot_volume(spec.workspace_id)
    return {"Type": "volume", "Source": slot, "Target": SLOT, "VolumeOptions": options}


def _whole(seconds: float) -> int:
    """Engines count whole seconds."""
    return max(1, round(seconds))
