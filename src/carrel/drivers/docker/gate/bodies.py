"""What may stand in the bodies of requests: containers, commands in them, networks and volumes. Pure.

No field is let through because nobody thought of it: each is listed here with what may stand in it.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from carrel.drivers.docker.gate.outcome import Policy, Thing
from carrel.drivers.docker.gate.shapes import (
    EMPTY_OBJECT,
    EMPTY_OBJECTS,
    NUMBERS,
    TEXT_MAP,
    TEXTS,
    Shape,
    flag,
    like,
    list_of,
    map_of,
    not_negative,
    nothing,
    number,
    one_of,
    positive,
    record,
    refuse,
    text,
    words,
)
from carrel.rules.capabilities import KEEPABLE

ID: Final = r"[a-z][a-z0-9]{15}"
NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,200}"
NAME_OF_VOLUME: Final = re.compile(NAME)
OWN_NAME: Final = r"carrel-[A-Za-z0-9][A-Za-z0-9_.-]{0,200}"
_INSIDE: Final = r"/[^\0:]{0,1000}"
_PORT: Final = r"0?|[1-9][0-9]{3,4}"
"""Those below 1024 belong to the machine."""
_BRIDGE_NAME: Final = "com.docker.network.bridge.name"
_NEIGHBOURS: Final = "com.docker.network.bridge.enable_icc"
_BRIDGE: Final = r"crl-[0-9a-f]{1,11}"
_PROPAGATION: Final = ("rslave", "rprivate", "slave", "private", "")
_BIND_WORDS: Final = frozenset({"ro", "rw", "rslave", "slave", "rprivate", "private"})
_NO_NEW: Final = ("no-new-privileges", "no-new-privileges:true", "no-new-privileges=true")

_LIMITS: Final[Mapping[str, Shape]] = {
    **dict.fromkeys(("Memory", "MemoryReservation", "NanoCpus", "NanoCPUs"), not_negative),
    **dict.fromkeys(("CpuShares", "CpuPeriod", "CpuQuota", "BlkioWeight"), not_negative),
    "PidsLimit": positive,
    "MemorySwap": number,
    "MemorySwappiness": number,
    "CpusetCpus": like(r"[0-9,-]{0,200}"),
    "CpusetMems": like(r"[0-9,-]{0,200}"),
    "OomKillDisable": one_of(False),
}
_SHOWN: Final = record(
    {
        "Type": one_of("bind"),
        "Source": like(_INSIDE),
        "Target": like(_INSIDE),
        "ReadOnly": one_of(True),
        "BindOptions": record({"Propagation": one_of("rprivate", "private", "rslave", "slave", "")}),
    }
)
"""A folder of this machine that may be shared."""
_ADDRESSES: Final = record(
    {"IPv4Address": text, "IPv6Address": text, "LinkLocalIPs": nothing},
)
_ENDPOINT: Final = record({"IPAMConfig": _ADDRESSES, "Aliases": TEXTS, "NetworkID": nothing})

LIMITS: Final = record(_LIMITS)
COMMAND_START: Final = record({"Detach": flag, "Tty": flag, "ConsoleSize": NUMBERS})


class Bodies:
    """For one request: `needs` is filled with what its body names."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.needs: list[Thing] = []

    # -- containers ----------------------------------------------------------------------------------------------------

    def container(self, where: str, value: Any) -> Any:
        kept = record(
            {
                **dict.fromkeys(("Image", "User", "WorkingDir", "StopSignal"), text),
                **dict.fromkeys(("Hostname", "Domainname"), like(r"[A-Za-z0-9.-]{0,253}")),
                **dict.fromkeys(("Cmd", "Entrypoint", "Shell"), words),
                **dict.fromkeys(("AttachStdin", "AttachStdout", "AttachStderr"), flag),
                **dict.fromkeys(("Tty", "OpenStdin", "StdinOnce", "NetworkDisabled", "ArgsEscaped"), flag),
                "Env": TEXTS,
                "ExposedPorts": EMPTY_OBJECTS,
                "Volumes": EMPTY_OBJECTS,
                "StopTimeout": not_negative,
                "Healthcheck": record(
                    {
                        "Test": TEXTS,
                        "Interval": number,
                        "Timeout": number,
                        "Retries": number,
                        "StartPeriod": number,
                    }
                ),
                "Labels": self._labels,
                "HostConfig": self._host,
                "NetworkingConfig": record({"EndpointsConfig": self._endpoints}),
            }
        )(where, value)
        host = kept.get("HostConfig") or refuse(where, "has no HostConfig, so nothing would be limited")
        self._demand_walls(host)
        if "Labels" not in kept:
            refuse(where, "has no labels, so it would be nobody's")
        self._demand_own_slot(host, kept["Labels"].get("carrel.workspace", ""))
        return kept

    def _labels(self, where: str, value: Any) -> Any:
        labels = TEXT_MAP(where, value)
        if not self._policy.installation or labels.get("carrel.installation") != self._policy.installation:
            refuse(where, "does not name this installation")
        return labels

    def _host(self, where: str, value: Any) -> Any:
        return record(
            {
                **_LIMITS,
                **dict.fromkeys(("Init", "ReadonlyRootfs", "AutoRemove"), flag),
                **dict.fromkeys(("Dns", "DnsOptions", "DnsSearch", "ExtraHosts"), TEXTS),
                **dict.fromkeys(("PidMode", "UTSMode", "UsernsMode", "CgroupParent", "Cgroup"), nothing),
                **dict.fromkeys(
                    ("Devices", "DeviceRequests", "DeviceCgroupRules", "GroupAdd", "Links"), nothing
                ),
                **dict.fromkeys(("VolumesFrom", "Sysctls", "Privileged", "PublishAllPorts"), nothing),
                **dict.fromkeys(("VolumeDriver", "ContainerIDFile", "Annotations", "Isolation"), nothing),
                "IpcMode": one_of("", "private", "none"),
                "CgroupnsMode": one_of("", "private"),
                "NetworkMode": self._network_mode,
                "CapDrop": TEXTS,
                "CapAdd": list_of(one_of(*KEEPABLE, *(f"CAP_{name}" for name in KEEPABLE))),
                "SecurityOpt": list_of(one_of(*_NO_NEW)),
                "Runtime": one_of("", *self._policy.runtimes),
                "RestartPolicy": record({"Name": one_of("", "no"), "MaximumRetryCount": nothing}),
                "LogConfig": record(
                    {
                        "Type": one_of("", "json-file", "local", "none"),
                        "Config": map_of(text, keys="max-size|max-file|compress"),
                    }
                ),
                "OomScoreAdj": not_negative,
                "ShmSize": not_negative,
                "StorageOpt": map_of(text, keys="size"),
                "Tmpfs": map_of(text, keys=_INSIDE),
                "Ulimits": list_of(record({"Name": text, "Soft": number, "Hard": number})),
                "PortBindings": map_of(list_of(record({"HostIp": text, "HostPort": like(_PORT)}))),
                "Binds": list_of(self._bind),
                "Mounts": list_of(self._mount),
                "ConsoleSize": NUMBERS,
            }
        )(where, value)

    def _demand_walls(self, host: Mapping[str, Any]) -> None:
        if host.get("CapDrop") != ["ALL"]:
            refuse("HostConfig.CapDrop", 'must be ["ALL"]: what is kept is said in CapAdd')
        if not host.get("SecurityOpt"):
            refuse("HostConfig.SecurityOpt", "must hold no-new-privileges")
        if not host.get("PidsLimit"):
            refuse("HostConfig.PidsLimit", "must limit how many processes there are")
        if not host.get("NetworkMode"):
            refuse("HostConfig.NetworkMode", "must be a network of this installation, or none")

    def _network_mode(self, where: str, value: Any) -> Any:
        mode = text(where, value)
        if mode == "none":
            return mode
        if mode.startswith("container:"):
            self._need_container(where, mode.removeprefix("container:"))
            return mode
        return self._network(where, mode)

    def _need_container(self, where: str, name: str) -> None:
        if re.fullmatch(NAME, name) is None:
            refuse(where, "names no container")
        self.needs.append(Thing("containers", name))

    def _network(self, where: str, name: str) -> str:
        if name in ("host", "bridge", "default", "") or re.fullmatch(NAME, name) is None:
            refuse(where, f'is "{name[:80]}", which is no network of this installation')
        self.needs.append(Thing("networks", name))
        return name

    def _endpoints(self, where: str, value: Any) -> Any:
        kept = map_of(_ENDPOINT)(where, value)
        for name in kept:
            self._network(where, name)
        return kept

    # -- what is mounted -----------------------------------------------------------------------------------------------

    def _bind(self, where: str, value: Any) -> str:
        source, _, rest = text(where, value).partition(":")
        inside, _, how = rest.partition(":")
        if re.fullmatch(_INSIDE, inside) is None:
            refuse(where, "does not say where it appears inside")
        if not set(filter(None, how.split(","))) <= _BIND_WORDS:
            refuse(where, f'asks for "{how[:80]}", of which not all is let through')
        self._source(where, source)
        return str(value)

    def _source(self, where: str, source: str) -> None:
        if source.startswith("/"):
            self._slot(where, source)
        else:
            self._volume(where, source)

    def _slot(self, where: str, source: str) -> str:
        if re.fullmatch(rf"{re.escape(self._policy.slots)}/{ID}/home", source) is None:
            refuse(
                where,
                f'binds "{source[:120]}": of this machine only what is in slots below {self._policy.slots} is given to containers',
            )
        return source

    def _volume(self, where: str, name: str) -> str:
        if re.fullmatch(NAME, name) is None:
            refuse(where, "names no volume")
        if not any(fnmatchcase(name, pattern) for pattern in self._policy.volumes):
            if re.fullmatch(OWN_NAME, name) is None:
                refuse(
                    where,
                    f'is the volume "{name[:80]}", which is none of this installation; `carrel gate --volumes` lets others in',
                )
            self.needs.append(Thing("volumes", name))
        return name

    def _mount(self, where: str, value: Any) -> Any:
        kind = str(value.get("Type")) if isinstance(value, dict) else ""
        sources: dict[str, Shape] = {"bind": self._slot, "volume": self._volume, "tmpfs": nothing}
        if kind == "bind" and self._policy.is_shared(str(value.get("Source"))):
            return _SHOWN(where, {**value, "ReadOnly": value.get("ReadOnly") or False})
        if kind not in sources:
            refuse(f"{where}.Type", "is not let through")
        return record(
            {
                "Type": one_of(*sources),
                "Source": sources[kind],
                "Target": like(_INSIDE),
                "ReadOnly": flag,
                "Consistency": nothing,
                "BindOptions": record({"Propagation": one_of(*_PROPAGATION), "NonRecursive": flag}),
                "VolumeOptions": record(
                    {"NoCopy": flag, "Labels": self._labels, "DriverConfig": EMPTY_OBJECT}
                ),
                "TmpfsOptions": record({"SizeBytes": not_negative, "Mode": number}),
            }
        )(where, value)

    def _demand_own_slot(self, host: Mapping[str, Any], workspace: str) -> None:
        own = f"{self._policy.slots}/{workspace}"
        bound = [bind.partition(":")[0] for bind in host.get("Binds", ())]
        bound += [mount.get("Source", "") for mount in host.get("Mounts", ())]
        for source in bound:
            if not source.startswith(f"{self._policy.slots}/"):
                continue
            if source != own and not source.startswith(f"{own}/"):
                refuse("HostConfig", "binds the slot of another workspace")

    # -- the rest ------------------------------------------------------------------------------------------------------

    def command(self, where: str, value: Any) -> Any:
        kept = record(
            {
                "Container": text,
                **dict.fromkeys(("AttachStdin", "AttachStdout", "AttachStderr", "Tty"), flag),
                **dict.fromkeys(("User", "WorkingDir", "DetachKeys"), text),
                "Cmd": words,
                "Env": TEXTS,
                "Privileged": nothing,
                "ConsoleSize": NUMBERS,
            }
        )(where, value)
        kept.pop("Container", None)  # some clients say it twice; the path decides
        return kept

    def network(self, where: str, value: Any) -> Any:
        options = {
            _BRIDGE_NAME: like(_BRIDGE),
            _NEIGHBOURS: one_of("false"),
            "com.docker.network.bridge.enable_ip_masquerade": one_of("true", "false"),
            "com.docker.network.driver.mtu": like(r"[0-9]{3,5}"),
        }
        subnets = record({"Subnet": text, "Gateway": text, "IPRange": text})
        kept = record(
            {
                "Name": like(OWN_NAME),
                "CheckDuplicate": flag,
                "Driver": one_of("bridge"),
                "Internal": flag,
                "EnableIPv6": one_of(False),
                "Labels": self._labels,
                "Options": record(options),
                "IPAM": record({"Driver": one_of("", "default"), "Config": list_of(subnets)}),
            }
        )(where, value)
        if not {_BRIDGE_NAME, _NEIGHBOURS} <= kept.get("Options", {}).keys():
            refuse(where, f"lacks {_BRIDGE_NAME} or {_NEIGHBOURS}: no walls would stand around it")
        return kept if "Labels" in kept and "Name" in kept else refuse(where, "has no labels or no name")

    def connection(self, where: str, value: Any) -> Any:
        kept = record({"Container": text, "EndpointConfig": _ENDPOINT, "Force": flag})(where, value)
        self._need_container(f"{where}.Container", kept.get("Container", ""))
        return kept

    def volume(self, where: str, value: Any) -> Any:
        kept = record(
            {
                "Name": like(OWN_NAME),
                "Driver": one_of("", "local"),
                "DriverOpts": nothing,
                "Labels": self._labels,
            }
        )(where, value)
        return kept if "Labels" in kept and "Name" in kept else refuse(where, "has no labels or no name")
