"""What the gate lets through, and above all what it does not: each row is one way to reach beyond the installation's own containers."""

import copy
import gzip
import io
import json
import tarfile
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from carrel.domain.container import Companion, Container
from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import InstallationId, PoolName, TemplateName, WorkspaceId
from carrel.domain.template import HomeKind, Template
from carrel.drivers.docker import container
from carrel.drivers.docker.container import Location
from carrel.drivers.docker.gate.outcome import Allowed, Asked, Policy, Refused, Thing
from carrel.drivers.docker.gate.rules import allowed, installation_named
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.network.bridge import network_body, trial_body
from carrel.ports.driver import Spec

OURS, OTHERS = "ainstallationaaa", "binstallationbbb"
LAB, NEIGHBOUR = "wworkspaceaaaaaa", "wworkspacebbbbbb"
POLICY = Policy(
    OURS, "/var/lib/carrel-gate/slots", ("jupyterhub-user-*",), ("/srv/shared",), ("runc", "runsc")
)
LABELS = {"carrel.installation": OURS, "carrel.workspace": LAB}


def asked(method: str, path: str, body: Any = None, **query: str) -> Asked:
    return Asked(method, path, tuple(query.items()), b"" if body is None else json.dumps(body).encode())


def create(body: Any, **query: str) -> Allowed | Refused:
    return allowed(asked("POST", "/v1.41/containers/create", body, **query), POLICY)


def plain() -> dict[str, Any]:
    return {
        "Image": "debian",
        "Labels": dict(LABELS),
        "HostConfig": {
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "PidsLimit": 100,
            "NetworkMode": "carrel-net",
        },
    }


def with_host(**changes: Any) -> dict[str, Any]:
    body = plain()
    body["HostConfig"] |= changes
    return body


def sentence(verdict: Allowed | Refused) -> str:
    assert isinstance(verdict, Refused), verdict
    return verdict.sentence


# -- what the driver itself asks -----------------------------------------------------------------------------------------


def spec() -> Spec:
    recipe = Container(
        home_path="/home/jovyan",
        user="1000:100",
        capabilities=("CHOWN", "SETUID"),
        read_only=True,
        cpus=1.5,
        disk=1 << 30,
        shared_memory=1 << 26,
        companions=(Companion("db", "postgres", environment={"A": "b"}, memory=1 << 28),),
    )
    template = Template(
        name=TemplateName("lab"),
        command=("jupyter", "lab"),
        image="quay.io/jupyter/scipy-notebook",
        environment={"HOME": "{home}"},
        files={"etc/a.json": "{}"},
        data={"books": "/srv/shared/books"},
        home=HomeKind.PERSISTENT,
        memory=1 << 30,
        container=recipe,
    )
    return Spec(WorkspaceId(LAB), PoolName("lab"), template, "s3cret")


def test_every_container_that_the_driver_renders_is_let_through_as_it_is() -> None:
    owner = Owner(InstallationId(OURS), "docker")
    plan = container.render(spec(), owner=owner, stop_grace=2.0, runtime="runsc")
    places = [
        Location("carrel-net", Endpoint("172.18.0.2", 8888), "172.18.0.2"),
        Location("carrel-net", Endpoint("127.0.0.1", 30001), None),
    ]
    homes = [
        container.mounted_home(f"{POLICY.slots}/{LAB}/home", "/home/jovyan"),
        container.volume_home("carrel-home-hhomeaaaaaaaaaaa", "/home/jovyan"),
        container.volume_home("jupyterhub-user-ada", "/home/jovyan"),
        container.passing_home("/home/jovyan"),
        *container.shared_folders(plan),
    ]
    app, *beside = plan.members
    for place in places:
        for home in homes:
            body = container.with_mounts(container.at(app.body, place, 8888), [home])
            verdict = create(body, name=app.name)
            assert isinstance(verdict, Allowed), verdict
            assert json.loads(verdict.body or b"") == body
            assert Thing("networks", "carrel-net") in verdict.needs
    for member in beside:
        verdict = create(member.body, name=member.name)
        assert isinstance(verdict, Allowed), verdict
        assert verdict.needs == (Thing("containers", app.name),)


def test_networks_and_volumes_of_the_driver_are_let_through() -> None:
    owner = Owner(InstallationId(OURS), "docker")
    labels = {"carrel.installation": OURS, "carrel.home": "hhomeaaaaaaaaaaa"}
    bodies = {
        "/networks/create": (network_body(owner, "172.20.0.0/24"), trial_body(owner, "carrel-x-trial")),
        "/volumes/create": ({"Name": "carrel-home-hhomeaaaaaaaaaaa", "Labels": labels},),
    }
    for path, each in bodies.items():
        for body in each:
            verdict = allowed(asked("POST", path, body), POLICY)
            assert isinstance(verdict, Allowed), verdict
            assert json.loads(verdict.body or b"") == body


# -- what reaches further ------------------------------------------------------------------------------------------------

SLOT = f"{POLICY.slots}/{LAB}/home"
HOST_FIELDS: list[tuple[str, Any]] = [
    ("Privileged", True),
    ("PidMode", "host"),
    ("PidMode", "container:other"),
    ("IpcMode", "host"),
    ("IpcMode", "container:other"),
    ("UTSMode", "host"),
    ("UsernsMode", "host"),
    ("CgroupnsMode", "host"),
    ("NetworkMode", "host"),
    ("NetworkMode", "bridge"),
    ("NetworkMode", "default"),
    ("NetworkMode", "ns:/proc/1/ns/net"),
    ("NetworkMode", ""),
    ("NetworkMode", "container:../x"),
    ("CgroupParent", "/system.slice"),
    ("Cgroup", "container:x"),
    ("CapAdd", ["SYS_ADMIN"]),
    ("CapAdd", ["CHOWN", "NET_RAW"]),
    ("CapAdd", ["ALL"]),
    ("CapAdd", ["cap_sys_admin"]),
    ("CapDrop", []),
    ("CapDrop", ["NET_RAW"]),
    ("SecurityOpt", []),
    ("SecurityOpt", ["no-new-privileges", "seccomp=unconfined"]),
    ("SecurityOpt", ["apparmor=unconfined", "no-new-privileges"]),
    ("SecurityOpt", ["no-new-privileges:false"]),
    ("SecurityOpt", ["systempaths=unconfined", "no-new-privileges"]),
    ("Devices", [{"PathOnHost": "/dev/sda", "PathInContainer": "/dev/sda", "CgroupPermissions": "rwm"}]),
    ("DeviceRequests", [{"Driver": "nvidia", "Count": -1}]),
    ("DeviceCgroupRules", ["a *:* rwm"]),
    ("VolumesFrom", ["other"]),
    ("Links", ["other:alias"]),
    ("Sysctls", {"net.ipv4.ip_forward": "1"}),
    ("GroupAdd", ["docker"]),
    ("Runtime", "io.containerd.evil"),
    ("RestartPolicy", {"Name": "always"}),
    ("LogConfig", {"Type": "syslog", "Config": {"syslog-address": "tcp://evil.test"}}),
    ("LogConfig", {"Type": "json-file", "Config": {"path": "/etc/passwd"}}),
    ("OomScoreAdj", -1000),
    ("OomKillDisable", True),
    ("PidsLimit", -1),
    ("PidsLimit", 0),
    ("MaskedPaths", ["/x"]),
    ("ReadonlyPaths", ["/x"]),
    ("StorageOpt", {"overlay2.override_kernel_check": "1"}),
    ("VolumeDriver", "evil"),
    ("PublishAllPorts", True),
    ("PortBindings", {"80/tcp": [{"HostIp": "", "HostPort": "80"}]}),
    ("PortBindings", {"80/tcp": [{"HostIp": "", "HostPort": "0443"}]}),
    ("Annotations", {"io.katacontainers.config": "x"}),
    ("SomethingNew", {"that": "nobody knows yet"}),
    ("Privileged", "true"),
    ("PidsLimit", True),
]


@pytest.mark.parametrize(
    ("field", "value"), HOST_FIELDS, ids=[f"{name}={value}" for name, value in HOST_FIELDS]
)
def test_a_container_that_reaches_beyond_itself_is_refused(field: str, value: Any) -> None:
    assert isinstance(create(plain()), Allowed), "the body without it is let through"
    assert "HostConfig" in sentence(create(with_host(**{field: value})))


BINDS = [
    "/:/host",
    "/etc:/etc:ro",
    "/var/run/docker.sock:/var/run/docker.sock",
    f"{POLICY.slots}:/slots",
    f"{POLICY.slots}/{LAB}:/slot",
    f"{POLICY.slots}/{LAB}/holds:/x",
    f"{POLICY.slots}/..:/x",
    f"{POLICY.slots}/{LAB}/home/../../..:/x",
    f"{POLICY.slots}/{NEIGHBOUR}/home:/x",
    f"{POLICY.slots}/{LAB}/home:/x:rshared",
    f"{POLICY.slots}/{LAB}/home:/x:z",
    f"{POLICY.slots}/{LAB}/home",
    f"/proc/self/root{POLICY.slots}/{LAB}/home:/x",
    "/srv/shared/books:/x:ro",
    "somebodys-volume:/x",
    "../x:/y",
]
MOUNTS: list[dict[str, Any]] = [
    {"Type": "bind", "Source": "/", "Target": "/host"},
    {"Type": "bind", "Source": f"{POLICY.slots}/{NEIGHBOUR}/home", "Target": "/x"},
    {"Type": "bind", "Source": SLOT, "Target": "/x", "BindOptions": {"Propagation": "rshared"}},
    {"Type": "bind", "Source": SLOT, "Target": "/x", "BindOptions": {"Propagation": "shared"}},
    {"Type": "bind", "Source": SLOT, "Target": "/x", "BindOptions": {"CreateMountpoint": True}},
    {"Type": "bind", "Source": "/srv/shared/books", "Target": "/x"},
    {"Type": "bind", "Source": "/srv/shared/books", "Target": "/x", "ReadOnly": False},
    {"Type": "bind", "Source": "/srv/shared/books", "Target": "/x", "ReadOnly": None},
    {"Type": "bind", "Source": f"{POLICY.slots}/{LAB}", "Target": "/x"},
    {"Type": "bind", "Source": "/srv/shared/../../etc", "Target": "/x", "ReadOnly": True},
    {"Type": "bind", "Source": "/srv/sharedbooks", "Target": "/x", "ReadOnly": True},
    {"Type": "volume", "Source": "somebodys", "Target": "/x"},
    {"Type": "volume", "Source": "/etc", "Target": "/x"},
    {
        "Type": "volume",
        "Source": "carrel-v",
        "Target": "/x",
        "VolumeOptions": {
            "DriverConfig": {"Name": "local", "Options": {"type": "none", "o": "bind", "device": "/"}}
        },
    },
    {
        "Type": "volume",
        "Source": "carrel-v",
        "Target": "/x",
        "VolumeOptions": {"Labels": {"carrel.installation": OTHERS}},
    },
    {"Type": "npipe", "Source": "x", "Target": "/x"},
    {"Type": "image", "Source": "x", "Target": "/x"},
    {"type": "bind", "Source": "/", "Target": "/x"},
    {"Source": "/", "Target": "/x"},
    {"Type": "tmpfs", "Source": "/", "Target": "/x"},
]


@pytest.mark.parametrize("bind", BINDS)
def test_no_other_place_of_the_machine_is_bound(bind: str) -> None:
    good = create(with_host(Binds=[f"{SLOT}:/home/jovyan:rslave"]))
    assert isinstance(good, Allowed), good
    assert isinstance(create(with_host(Binds=[bind])), Refused)


@pytest.mark.parametrize("mount", MOUNTS, ids=json.dumps)
def test_no_other_place_of_the_machine_is_mounted(mount: dict[str, Any]) -> None:
    good = [
        {"Type": "bind", "Source": SLOT, "Target": "/home/jovyan", "BindOptions": {"Propagation": "rslave"}},
        {"Type": "bind", "Source": "/srv/shared/books", "Target": "/x", "ReadOnly": True},
        {"Type": "volume", "Source": "carrel-v", "Target": "/y", "VolumeOptions": {"Labels": LABELS}},
        {"Type": "volume", "Source": "jupyterhub-user-ada", "Target": "/z"},
        {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1}},
    ]
    verdict = create(with_host(Mounts=good))
    assert isinstance(verdict, Allowed), verdict
    assert verdict.needs == (Thing("networks", "carrel-net"), Thing("volumes", "carrel-v"))
    assert isinstance(create(with_host(Mounts=[*good, mount])), Refused)


BODIES: list[dict[str, Any]] = [
    {},
    {"Image": "debian"},
    plain() | {"Labels": {}},
    plain() | {"Labels": {"carrel.installation": OTHERS}},
    {key: value for key, value in plain().items() if key != "Labels"},
    {key: value for key, value in plain().items() if key != "HostConfig"},
    plain() | {"hostconfig": {"Privileged": True}},
    plain() | {"HostConfig": {**plain()["HostConfig"], "privileged": True}},
    plain() | {"HostConfig": [plain()["HostConfig"]]},
    plain() | {"Env": {"A": "b"}},
    plain() | {"NetworkingConfig": {"EndpointsConfig": {"host": {}}}},
    plain() | {"NetworkingConfig": {"EndpointsConfig": {"carrel-net": {"Links": ["x:y"]}}}},
    plain() | {"NetworkingConfig": {"EndpointsConfig": {"carrel-net": {"DriverOpts": {"a": "b"}}}}},
    plain() | {"MacAddress": "02:00:00:00:00:01"},
    plain() | {"OnBuild": ["RUN x"]},
]


@pytest.mark.parametrize("body", BODIES, ids=[str(number) for number in range(len(BODIES))])
def test_a_body_that_is_not_understood_whole_is_refused(body: dict[str, Any]) -> None:
    assert isinstance(create(body), Refused)


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b"null", b'"x"', b'{"a": NaN}', b"[" * 100_000, b"\xff"], ids=repr
)
def test_what_is_no_object_is_refused(body: bytes) -> None:
    assert isinstance(allowed(Asked("POST", "/containers/create", (), body), POLICY), Refused)


def test_the_engine_gets_what_was_judged_and_no_second_spelling_of_it() -> None:
    """It reads keys in any case and takes the last of two: an empty `capdrop` would give back what CapDrop took."""
    body = with_host(capdrop=[], SECURITYOPT=None, privileged=False)
    verdict = create(body)
    assert isinstance(verdict, Allowed)
    assert set(json.loads(verdict.body or b"")["HostConfig"]) == set(plain()["HostConfig"])
    text = json.dumps(plain())
    twice = text[:-1] + ', "HostConfig": {"Privileged": true}}'
    assert isinstance(allowed(Asked("POST", "/containers/create", (), twice.encode()), POLICY), Refused)
    twice = '{"HostConfig": {"Privileged": true}, ' + text[1:]
    judged = allowed(Asked("POST", "/containers/create", (), twice.encode()), POLICY)
    assert isinstance(judged, Allowed)
    assert b"Privileged" not in (judged.body or b"")


@pytest.mark.parametrize("name", ["", "postgres", "xcarrel-a", "carrel-", "carrel-a/../b", "/carrel-a"])
def test_a_name_that_could_be_somebody_elses_is_refused(name: str) -> None:
    assert isinstance(create(plain(), name=f"carrel-{LAB}"), Allowed)
    assert isinstance(create(plain(), name=name), Refused)


def test_without_an_installation_nothing_is_made() -> None:
    verdict = allowed(asked("POST", "/containers/create", plain() | {"Labels": {}}), Policy("", POLICY.slots))
    assert isinstance(verdict, Refused)
    body = plain() | {"Labels": {"carrel.installation": ""}}
    assert isinstance(allowed(asked("POST", "/containers/create", body), Policy("", POLICY.slots)), Refused)


# -- verbs ---------------------------------------------------------------------------------------------------------------

REFUSED = [
    ("POST", "/build"),
    ("POST", "/build/prune"),
    ("POST", "/images/load"),
    ("POST", "/images/debian/push"),
    ("POST", "/images/debian/tag"),
    ("DELETE", "/images/debian"),
    ("POST", "/images/prune"),
    ("GET", "/images/debian/get"),
    ("POST", "/commit"),
    ("POST", "/containers/x/attach"),
    ("GET", "/containers/x/attach/ws"),
    ("GET", "/containers/x/export"),
    ("POST", "/containers/x/rename"),
    ("POST", "/containers/prune"),
    ("POST", "/networks/prune"),
    ("POST", "/volumes/prune"),
    ("PUT", "/volumes/x"),
    ("POST", "/plugins/pull"),
    ("GET", "/plugins"),
    ("POST", "/plugins/x/enable"),
    ("POST", "/swarm/init"),
    ("POST", "/services/create"),
    ("POST", "/secrets/create"),
    ("POST", "/configs/create"),
    ("POST", "/session"),
    ("POST", "/grpc"),
    ("POST", "/auth"),
    ("GET", "/nodes"),
    ("GET", "/system/df"),
    ("GET", "/v1.41/system/df"),
    ("GET", "/tasks"),
    ("CONNECT", "/containers/json"),
    ("get", "/info"),
    ("GET", "/v1.41/../info"),
    ("GET", "/v1.41//info"),
    ("GET", "//info"),
    ("GET", "/info/"),
    ("GET", "/v2.0/info"),
    ("GET", "/v1.41"),
    ("GET", "/"),
    ("GET", "/containers/a%2e%2e/json"),
    ("GET", "/containers/a b/json"),
    ("GET", "/images/a/../../containers/x/json"),
    ("POST", "/containers/x/start/"),
    ("DELETE", "/containers/x/start"),
]


@pytest.mark.parametrize(("method", "path"), REFUSED)
def test_without_a_rule_there_is_no_way_through(method: str, path: str) -> None:
    assert isinstance(allowed(asked(method, path), POLICY), Refused)


OWNED = [
    ("GET", "/containers/x/json", "containers"),
    ("GET", "/containers/x/logs", "containers"),
    ("GET", "/containers/x/stats", "containers"),
    ("GET", "/containers/x/top", "containers"),
    ("POST", "/containers/x/start", "containers"),
    ("POST", "/containers/x/stop", "containers"),
    ("POST", "/containers/x/restart", "containers"),
    ("POST", "/containers/x/kill", "containers"),
    ("POST", "/containers/x/pause", "containers"),
    ("POST", "/containers/x/wait", "containers"),
    ("POST", "/containers/x/update", "containers"),
    ("POST", "/containers/x/exec", "containers"),
    ("DELETE", "/containers/x", "containers"),
    ("GET", "/containers/x/archive", "containers"),
    ("HEAD", "/containers/x/archive", "containers"),
    ("PUT", "/containers/x/archive", "containers"),
    ("POST", "/exec/x/start", "exec"),
    ("GET", "/exec/x/json", "exec"),
    ("POST", "/exec/x/resize", "exec"),
    ("GET", "/networks/x", "networks"),
    ("DELETE", "/networks/x", "networks"),
    ("DELETE", "/volumes/x", "volumes"),
]


@pytest.mark.parametrize(("method", "path", "kind"), OWNED)
def test_what_is_acted_upon_must_be_the_installations_own(method: str, path: str, kind: Any) -> None:
    for prefix in ("", "/v1.24", "/v1.41"):
        request = Asked(method, prefix + path, (), packed() if method == "PUT" else b"{}")
        verdict = allowed(request, POLICY)
        assert isinstance(verdict, Allowed), verdict
        assert verdict.needs == (Thing(kind, "x"),)
        assert verdict.target == prefix + path
        assert (verdict.is_archive, verdict.upgrades) == (method == "PUT", path == "/exec/x/start")


def packed(*entries: tarfile.TarInfo) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for each in entries:
            archive.addfile(each, io.BytesIO(b"x" * each.size))
    return whole.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, **more: Any) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.size = kind, int(kind == tarfile.REGTYPE)
    for key, value in more.items():
        setattr(found, key, value)
    return found


def unpacked(archive: bytes) -> Allowed | Refused:
    return allowed(Asked("PUT", "/containers/x/archive", (("path", "/carrel"),), archive), POLICY)


def test_an_archive_is_written_anew_with_the_rights_of_everyday() -> None:
    """The engine unpacks as root, wherever something is mounted: also into homes, which lie on the machine."""
    rights = {"SCHILY.xattr.security.capability": "all"}
    verdict = unpacked(
        packed(
            entry("a", tarfile.DIRTYPE, mode=0o2755, uid=1000, gid=100),
            entry("a/program", mode=0o6755, uid=0, pax_headers=rights),
            entry("a/link", tarfile.SYMTYPE, linkname="program"),
        )
    )
    assert isinstance(verdict, Allowed)
    with tarfile.open(fileobj=io.BytesIO(verdict.body or b"")) as archive:
        found = {
            each.name: (each.mode & 0o7777, each.uid, each.linkname, each.pax_headers) for each in archive
        }
        content = archive.extractfile("a/program")
        assert content is not None
        assert content.read() == b"x"
    assert found["a"] == (0o755, 1000, "", {})
    assert found["a/program"] == (0o755, 0, "", {})
    assert found["a/link"][2] == "program"


@pytest.mark.parametrize(
    "archive",
    [
        b"",
        b"x" * 1024,
        packed(entry("disk", tarfile.BLKTYPE)),
        packed(entry("memory", tarfile.CHRTYPE)),
        packed(entry("pipe", tarfile.FIFOTYPE)),
        packed(entry("a", tarfile.LNKTYPE, linkname="/etc/shadow")),
        packed(entry("../a")),
        packed(entry("a"))[:600],
        gzip.compress(packed(entry("a"))),
    ],
    ids=["nothing", "no archive", "disk", "memory", "pipe", "second name", "above", "cut off", "squeezed"],
)
def test_an_archive_of_anything_else_is_refused(archive: bytes) -> None:
    assert isinstance(unpacked(archive), Refused)


def test_the_engines_own_network_is_looked_at_and_not_touched() -> None:
    verdict = allowed(asked("GET", "/networks/bridge"), POLICY)
    assert isinstance(verdict, Allowed)
    assert verdict.needs == ()
    for method, path in (("DELETE", "/networks/bridge"), ("POST", "/networks/bridge/connect")):
        touched = allowed(asked(method, path, {"Container": "c"}), POLICY)
        assert isinstance(touched, Allowed)
        assert Thing("networks", "bridge") in touched.needs


def test_a_connection_names_two_things_that_must_be_own() -> None:
    for verb in ("connect", "disconnect"):
        verdict = allowed(asked("POST", f"/networks/n/{verb}", {"Container": "c"}), POLICY)
        assert isinstance(verdict, Allowed)
        assert verdict.needs == (Thing("networks", "n"), Thing("containers", "c"))
        assert isinstance(
            allowed(asked("POST", f"/networks/n/{verb}", {"Container": "../c"}), POLICY), Refused
        )
        assert isinstance(allowed(asked("POST", f"/networks/n/{verb}", {}), POLICY), Refused)


@pytest.mark.parametrize("field", [{"Privileged": True}, {"privileged": True}, {"Cmd": {"a": 1}}])
def test_a_command_with_rights_of_the_machine_is_refused(field: dict[str, Any]) -> None:
    body = {"Cmd": ["id"], "User": "0", "AttachStdout": True, "Privileged": False}
    assert isinstance(allowed(asked("POST", "/containers/x/exec", body), POLICY), Allowed)
    assert isinstance(allowed(asked("POST", "/containers/x/exec", body | field), POLICY), Refused)


@pytest.mark.parametrize(
    "change",
    [{"Devices": [{"a": 1}]}, {"RestartPolicy": {"Name": "always"}}, {"Memory": -1}, {"PidsLimit": 0}],
)
def test_an_update_changes_limits_and_nothing_else(change: dict[str, Any]) -> None:
    assert isinstance(allowed(asked("POST", "/containers/x/update", {"Memory": 1 << 30}), POLICY), Allowed)
    assert isinstance(allowed(asked("POST", "/containers/x/update", change), POLICY), Refused)


NETWORK = network_body(Owner(InstallationId(OURS), "docker"), "172.20.0.0/24")


@pytest.mark.parametrize(
    "change",
    [
        {"Driver": "macvlan"},
        {"Driver": "host"},
        {"Name": "bridge"},
        {"Labels": {}},
        {"Labels": {"carrel.installation": OTHERS}},
        {"Options": {}},
        {"Options": {"com.docker.network.bridge.name": "crl-0123456789"}},
        {"Options": {"com.docker.network.bridge.enable_icc": "false"}},
        {"Options": {"parent": "eth0"}},
        {"Options": {"com.docker.network.bridge.name": "docker0"}},
        {"Options": {"com.docker.network.bridge.enable_icc": "true"}},
        {"Options": {"com.docker.network.bridge.host_binding_ipv4": "0.0.0.0"}},
        {"ConfigFrom": {"Network": "x"}},
        {"Ingress": True},
        {"Attachable": True},
        {"EnableIPv6": True},
        {"Scope": "swarm"},
        {"IPAM": {"Driver": "evil"}},
        {"IPAM": {"Config": [{"AuxiliaryAddresses": {"a": "b"}}]}},
    ],
    ids=json.dumps,
)
def test_a_network_of_another_kind_is_refused(change: dict[str, Any]) -> None:
    body = copy.deepcopy(dict(NETWORK)) | change
    assert isinstance(allowed(asked("POST", "/networks/create", body), POLICY), Refused)


@pytest.mark.parametrize(
    "change",
    [
        {"DriverOpts": {"type": "none", "o": "bind", "device": "/"}},
        {"driveropts": {"device": "/"}},
        {"Driver": "sshfs"},
        {"Name": "somebodys"},
        {"Labels": {}},
        {"ClusterVolumeSpec": {"Group": "x"}},
    ],
    ids=json.dumps,
)
def test_a_volume_that_is_a_place_of_the_machine_is_refused(change: dict[str, Any]) -> None:
    body = {"Name": "carrel-v", "Labels": LABELS, "Driver": "local", "DriverOpts": {}}
    assert isinstance(allowed(asked("POST", "/volumes/create", body), POLICY), Allowed)
    assert isinstance(allowed(asked("POST", "/volumes/create", body | change), POLICY), Refused)


def test_images_come_from_registries_only() -> None:
    verdict = allowed(asked("POST", "/images/create", fromImage="debian", tag="12"), POLICY)
    assert isinstance(verdict, Allowed)
    assert verdict.passes_credentials
    for query in (
        {"fromSrc": "http://evil.test/x.tar"},
        {"fromImage": "a", "repo": "b"},
        {"changes": "CMD x"},
    ):
        assert isinstance(allowed(asked("POST", "/images/create", **query), POLICY), Refused)
    for name in (
        "debian",
        "quay.io/jupyter/scipy-notebook:2025-12-31",
        "localhost:5000/a@sha256:" + "0" * 64,
    ):
        assert isinstance(allowed(asked("GET", f"/v1.41/images/{name}/json"), POLICY), Allowed)


@pytest.mark.parametrize("path", ["/containers/json", "/networks", "/events"])
@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ("", []),
        (json.dumps({"label": ["carrel.pool=a"]}), ["carrel.pool=a"]),
        (json.dumps({"label": {"carrel.pool=a": True, "b": False}}), ["carrel.pool=a"]),
        (json.dumps({"Label": ["x"], "label": []}), []),
    ],
)
def test_lists_and_events_show_the_installations_own_only(path: str, filters: str, kept: list[str]) -> None:
    verdict = allowed(asked("GET", path, **({"filters": filters} if filters else {})), POLICY)
    assert isinstance(verdict, Allowed)
    found = json.loads(parse_qs(urlsplit(verdict.target).query)["filters"][0])
    assert found["label"] == [*kept, f"carrel.installation={OURS}"]
    assert "Label" not in found
    assert isinstance(allowed(asked("GET", path, filters="[1]"), POLICY), Refused)


def test_parameters_that_are_unknown_or_stand_twice_are_refused() -> None:
    assert isinstance(allowed(asked("GET", "/containers/x/logs", follow="1"), POLICY), Allowed)
    assert isinstance(allowed(asked("GET", "/containers/x/logs", evil="1"), POLICY), Refused)
    twice = Asked("GET", "/containers/json", (("all", "1"), ("filters", "{}"), ("filters", "{}")))
    assert isinstance(allowed(twice, POLICY), Refused)


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (
            asked("GET", "/containers/json", filters=json.dumps({"label": [f"carrel.installation={OURS}"]})),
            OURS,
        ),
        (asked("POST", "/networks/create", {"Labels": {"carrel.installation": OURS}}), OURS),
        (asked("GET", "/info"), None),
        (asked("POST", "/networks/create", {"Labels": {"carrel.installation": "../../etc"}}), None),
    ],
)
def test_a_gate_that_knows_none_yet_learns_from_labels(request_: Asked, named: str | None) -> None:
    assert installation_named(request_) == named
