"""What an engine is asked to create: everything that confines an app, and nothing of the control plane's."""

import json
from dataclasses import replace
from typing import Any

import pytest

from carrel.domain.container import Companion, Container
from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import HomeId, InstallationId, PoolName, TemplateName, WorkspaceId
from carrel.domain.reason import ReasonCode
from carrel.domain.template import HomeKind, Template
from carrel.drivers.docker import container, labels
from carrel.drivers.docker.container import Location, Plan
from carrel.drivers.docker.labels import Owner
from carrel.ports.driver import Rejected, Spec

OWNER = Owner(InstallationId("i000000000000001"), "engine")
ID = WorkspaceId("w000000000000001")
MiB = 1 << 20


def spec(template: Template | None = None, **changes: Any) -> Spec:
    plain = Template(TemplateName("lab"), ("lab", "--port={port}"), image="quay.io/one/lab:1")
    return Spec(ID, PoolName("desk"), replace(template or plain, **changes), "s3cret")


def rendered(asked: Spec) -> Plan:
    return container.render(asked, owner=OWNER, stop_grace=10)


def app(asked: Spec) -> dict[str, Any]:
    return rendered(asked).members[0].body


def test_every_container_is_confined_whatever_the_template_says() -> None:
    beside = Companion("db", "postgres:16")
    for member in rendered(spec(container=Container(companions=(beside,)))).members:
        host = member.body["HostConfig"]
        assert host["CapDrop"] == ["ALL"]
        assert host["CapAdd"] == []
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert host["Privileged"] is False
        assert host["PidsLimit"] == 512
        assert host["Init"] is True
        assert host["RestartPolicy"] == {"Name": "no"}
        assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}}
        assert "Binds" not in host


def test_limits_are_the_templates() -> None:
    bounds = Container(
        cpus=0.5, processes=64, disk=512 * MiB, shared_memory=8 * MiB, capabilities=("SETUID",)
    )
    host = app(spec(memory=256 * MiB, container=bounds))["HostConfig"]
    assert (host["Memory"], host["MemorySwap"]) == (256 * MiB, 256 * MiB)
    assert host["NanoCpus"] == 500_000_000
    assert host["PidsLimit"] == 64
    assert host["ShmSize"] == 8 * MiB
    assert host["StorageOpt"] == {"size": str(512 * MiB)}
    assert host["CapAdd"] == ["SETUID"]
    assert "StorageOpt" not in container.without_disk_limit({"HostConfig": host})["HostConfig"]


def test_a_read_only_one_can_write_to_tmp() -> None:
    host = app(spec(container=Container(read_only=True)))["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert host["Tmpfs"] == {"/tmp": "rw,nosuid,nodev,mode=1777"}
    assert "Tmpfs" not in app(spec())["HostConfig"]


def test_placeholders_are_filled_with_what_counts_inside() -> None:
    everything = "{host} {port} {base_path} {home} {slot} {person} {id} ${NAME} {}"
    shown = app(spec(command=("lab", everything), container=Container(port=80, home_path="/home/me")))
    assert shown["Cmd"] == [
        "lab",
        f"0.0.0.0 80 /w/{ID}/ /home/me /carrel /carrel/person {ID} ${{NAME}} {{}}",
    ]


def test_the_environment_is_the_templates_and_the_containers_and_ours_last() -> None:
    asked = spec(
        environment={"TOKEN": "{secret}", "A": "1", "CARREL_POOL": "mine"},
        container=Container(environment={"A": "2"}),
    )
    shown = app(asked)["Env"]
    assert shown[:2] == ["TOKEN=s3cret", "A=2"]
    assert shown[-1] == "CARREL_POOL=desk"
    assert f"CARREL_WORKSPACE={ID}" in shown
    assert not any(line.startswith(("PATH=", "LANG=")) for line in shown)


def test_the_secret_is_in_the_environment_and_nowhere_else() -> None:
    plan = rendered(spec(environment={"TOKEN": "{secret}"}))
    body = dict(plan.members[0].body)
    assert "TOKEN=s3cret" in body.pop("Env")
    assert "s3cret" not in repr(body)


@pytest.mark.parametrize(
    ("own", "shown"), [(None, ["lab", "--port=8888"]), ((), None), (("serve",), ["serve"])]
)
def test_the_command_is_the_containers_or_the_templates_or_the_images(
    own: tuple[str, ...] | None, shown: list[str] | None
) -> None:
    assert app(spec(container=Container(command=own))).get("Cmd") == shown


def test_labels_and_names_say_whose_it_is_and_an_image_cannot_say_otherwise() -> None:
    plan = rendered(spec(container=Container(companions=(Companion("db", "postgres:16"),))))
    first, second = plan.members
    assert first.name == f"carrel-{ID}"
    assert second.name == f"carrel-{ID}-db"
    tags = first.body["Labels"]
    assert tags["carrel.installation"] == OWNER.installation
    assert tags["carrel.backend"] == "engine"
    assert tags["carrel.workspace"] == ID
    assert tags["carrel.pool"] == "desk"
    assert tags["carrel.companion"] == ""
    assert tags["carrel.companions"] == "db"
    assert second.body["Labels"]["carrel.companion"] == "db"
    assert OWNER.owns(tags)
    assert not OWNER.owns(tags | {"carrel.backend": "other"})
    assert not OWNER.owns(None)


def test_a_companion_lives_in_the_apps_network_with_its_own_limits() -> None:
    beside = Companion(
        "db", "postgres:16", ("postgres", "-p", "{port}"), {"ID": "{id}"}, user="70", memory=64 * MiB
    )
    body = rendered(spec(memory=MiB, container=Container(companions=(beside,)))).members[1].body
    assert body["HostConfig"]["NetworkMode"] == f"container:carrel-{ID}"
    assert body["HostConfig"]["Memory"] == 64 * MiB
    assert body["Cmd"] == ["postgres", "-p", "8888"]
    assert body["Env"] == [f"ID={ID}"]
    assert body["User"] == "70"
    assert "Hostname" not in body
    assert "NetworkingConfig" not in body


def test_at_its_own_address_no_port_is_published() -> None:
    plan = rendered(spec())
    place = Location("carrel-net", Endpoint("10.0.0.5", 8888), "10.0.0.5")
    body = container.at(plan.members[0].body, place, plan.port)
    assert body["NetworkingConfig"] == {
        "EndpointsConfig": {"carrel-net": {"IPAMConfig": {"IPv4Address": "10.0.0.5"}}}
    }
    assert body["HostConfig"]["NetworkMode"] == "carrel-net"
    assert "PortBindings" not in body["HostConfig"]
    assert body["Labels"][labels.ENDPOINT] == "10.0.0.5:8888"


def test_a_published_port_is_bound_to_the_one_address_that_was_said() -> None:
    plan = rendered(spec())
    body = container.at(
        plan.members[0].body, Location("carrel-net", Endpoint("127.0.0.1", 30001), None), plan.port
    )
    assert body["HostConfig"]["PortBindings"] == {"8888/tcp": [{"HostIp": "127.0.0.1", "HostPort": "30001"}]}
    assert body["ExposedPorts"] == {"8888/tcp": {}}
    assert body["Labels"][labels.ENDPOINT] == "127.0.0.1:30001"


def test_mounts_are_the_slot_and_what_the_home_needs() -> None:
    plan = rendered(spec(data={"course": "/srv/course"}))
    body = container.with_mounts(plan.members[0].body, [container.mounted_home("/s/home", plan.home_path)])
    slot, home = body["HostConfig"]["Mounts"]
    assert (slot["Type"], slot["Source"], slot["Target"]) == ("volume", f"carrel-slot-{ID}", "/carrel")
    assert OWNER.owns(slot["VolumeOptions"]["Labels"])
    assert home["BindOptions"]["Propagation"] == "rslave"
    assert container.shared_folders(plan) == [
        {"Type": "bind", "Source": "/srv/course", "Target": "/carrel/home/course", "ReadOnly": True}
    ]
    assert len(plan.members[0].body["HostConfig"]["Mounts"]) == 1


def test_a_plan_comes_back_from_its_json() -> None:
    beside = Companion("db", "postgres:16", environment={"A": "1"})
    asked = replace(
        spec(home=HomeKind.EPHEMERAL, files={"etc/a": "b"}, container=Container(companions=(beside,))),
        home_id=HomeId("h000000000000001"),
    )
    plan = rendered(asked)
    assert Plan.of(json.loads(json.dumps(plan.kept()))) == plan
    assert plan.images == ("quay.io/one/lab:1", "postgres:16")


@pytest.mark.parametrize(
    ("changes", "said", "code"),
    [
        ({"image": None}, "templates.lab.image is missing", ReasonCode.IMAGE_MISSING),
        ({"image": "No Such"}, '"No Such" cannot be the name of an image', ReasonCode.IMAGE_MISSING),
        (
            {"container": Container(companions=(Companion("db", "?"),))},
            '"?" cannot be the name',
            ReasonCode.IMAGE_MISSING,
        ),
        ({"command": ("lab", "{nonsense}")}, "templates.lab.command holds {nonsense}", None),
        ({"command": ("lab", "{secret}")}, "templates.lab.command holds {secret}", None),
        ({"container": Container(command=("{secret}",))}, "templates.lab.container.command holds", None),
        (
            {"container": Container(companions=(Companion("db", "a", ("{secret}",)),))},
            "templates.lab.container.companions.db holds {secret}",
            None,
        ),
        ({"environment": {"A": "{nonsense}"}}, "templates.lab.environment.A holds {nonsense}", None),
        ({"environment": {"A=B": "1"}}, "cannot be a variable's name and value", None),
        ({"files": {"../etc/passwd": ""}}, "must be a path inside the slot", None),
        ({"files": {"person/x": ""}}, "the driver keeps something of its own", None),
    ],
)
def test_what_can_never_work_is_refused(changes: dict[str, Any], said: str, code: ReasonCode | None) -> None:
    with pytest.raises(Rejected) as refused:
        rendered(spec(**changes))
    assert said in refused.value.sentence
    assert refused.value.code is code
    assert "s3cret" not in refused.value.sentence
