"""What cannot be reached from inside a workspace, each thing tried there; and that it is the walls which keep it out."""

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.docker import intruder, stage
from tests.docker.cell import PORT, SERVES, on_engine, recipe, started
from tests.docker_engine import Engine

from carrel.clock import SystemClock
from carrel.domain.ids import InstallationId, WorkspaceId
from carrel.drivers.docker import labels
from carrel.drivers.docker.engine import Engine as Connection
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.network.bridge import Network, NetworkAt
from carrel.drivers.docker.network.firewall import Iptables
from carrel.drivers.docker.network.guard import Guard
from carrel.drivers.docker.network.walls import Walls

OWNER = Owner(InstallationId("i00000000000wall"), "one")
OTHER = Owner(OWNER.installation, "two")
INSIDE, NEIGHBOUR, FAR = (WorkspaceId(f"w00000000000000{each}") for each in "abc")
HUB, ADMIN, ENGINE_API = 18000, 18901, 18375
PUBLISHED = 18080
DENY = (f"{stage.PRIVATE}/32",)
INTRUDER = Path(intruder.__file__).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Prison:
    """Two networks of two backends, each with its walls, and a workspace that wants out of the first."""

    engine: Engine
    one: NetworkAt
    two: NetworkAt
    neighbour: str
    """Its address on the same network."""
    far: str
    """On the other one."""

    @property
    def walls(self) -> Walls:
        return Walls(self.one.bridge, self.one.subnet, DENY)

    def tries(self, *lines: str) -> dict[str, str]:
        tries: dict[str, str] = self._found(lines)["tries"]
        return tries

    def sees(self) -> dict[str, str]:
        inside: dict[str, str] = self._found(())["inside"]
        return inside

    def _found(self, lines: tuple[str, ...]) -> dict[str, dict[str, str]]:
        """As root inside, which is as much as anybody there can become."""
        found: dict[str, dict[str, str]] = json.loads(
            self.engine.docker(
                "exec", "--user", "0", "--env", f"ASKED={json.dumps(lines)}",
                labels.container(INSIDE), "python3", "-c", INTRUDER,
            ).stdout
        )  # fmt: skip
        return found


@pytest.fixture(scope="module")
def prison(docker: Engine, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prison]:
    books = tmp_path_factory.mktemp("books")
    with stage.internet(), stage.listening(HUB, ADMIN, ENGINE_API), stage.abstract("carrel-control"):
        docker.docker("run", "--detach", "--publish", f"{PUBLISHED}:8888", image, *SERVES)
        prison = on_engine(docker, lambda engine: built(engine, docker, image, books))
        for address, port in ((prison.neighbour, 8888), (prison.far, 8888), (stage.LAN, PUBLISHED)):
            stage.until_reached(address, port)
        yield prison
        for at in (prison.one, prison.two):
            asyncio.run(Iptables().lower_walls(Walls(at.bridge, at.subnet)))
        docker.clear()


async def built(engine: Connection, docker: Engine, image: str, books: Path) -> Prison:
    one, two = (network(engine, owner, books) for owner in (OWNER, OTHER))
    first, second = await guard(one).ready(), await guard(two).ready()
    _, neighbour, far = await asyncio.gather(
        started(engine, one, recipe(image), workspace_id=INSIDE, owner=OWNER),
        started(engine, one, recipe(image), workspace_id=NEIGHBOUR, owner=OWNER),
        started(engine, two, recipe(image), workspace_id=FAR, owner=OTHER),
    )
    return Prison(docker, first, second, neighbour, far)


def network(engine: Connection, owner: Owner, books: Path) -> Network:
    return Network(engine, owner, books / owner.backend, clock=SystemClock())


def guard(network: Network) -> Guard:
    return Guard(network, Iptables(), clock=SystemClock(), deny=DENY)


def host_addresses(prison: Prison) -> list[str]:
    return [prison.one.gateway, prison.two.gateway, stage.LAN, "172.17.0.1"]


def test_the_internet_is_reached(prison: Prison) -> None:
    tried = prison.tries(f"fetch {stage.OUTSIDE}:80")
    assert list(tried.values()) == ["reached: HTTP/1.0 200 OK\r\nSer"]


def test_names_are_looked_up_by_the_engine(prison: Prison) -> None:
    tried = prison.tries(f"lookup {labels.container(NEIGHBOUR)}")
    assert list(tried.values()) == [f"reached: {prison.neighbour}"]


@pytest.fixture(scope="module")
def tried(prison: Prison) -> dict[str, str]:
    """What came of all that no one may reach, tried at once: each try waits for an answer as long as any."""
    return prison.tries(*(f"fetch {host}:{port}" for host, port in beyond(prison)))


def beyond(prison: Prison) -> list[tuple[str, int]]:
    return [*neighbours(prison), *machine(prison), *metadata()]


def neighbours(prison: Prison) -> list[tuple[str, int]]:
    return [(prison.neighbour, PORT), (prison.far, PORT)]


def machine(prison: Prison) -> list[tuple[str, int]]:
    """The hub, Envoy's admin port, the engine's API over TCP, and what other containers publish."""
    ports = (HUB, ADMIN, ENGINE_API, PUBLISHED)
    return [(address, port) for address in host_addresses(prison) for port in ports]


def metadata() -> list[tuple[str, int]]:
    return [(address, 80) for address in (*stage.METADATA, stage.PRIVATE)]


def kept_from(tried: dict[str, str], targets: list[tuple[str, int]]) -> bool:
    """Somebody answers there, and not those inside."""
    assert all(stage.reached(*target) for target in targets)
    return all_refused({line: tried[line] for line in (f"fetch {host}:{port}" for host, port in targets)})


def test_no_other_workspace_is_reached(prison: Prison, tried: dict[str, str]) -> None:
    assert kept_from(tried, neighbours(prison))


def test_nothing_that_listens_on_this_machine_is_reached_at_any_of_its_addresses(
    prison: Prison, tried: dict[str, str]
) -> None:
    assert kept_from(tried, machine(prison))


def test_neither_metadata_nor_what_the_settings_deny_is_reached(tried: dict[str, str]) -> None:
    assert kept_from(tried, metadata())


def test_it_is_the_walls_that_keep_it_in(prison: Prison) -> None:
    """Without them the same tries succeed, so that each of the refusals above means something."""
    targets = [f"fetch {host}:{port}" for host, port in [*machine(prison), *metadata()]]
    asyncio.run(Iptables().lower_walls(prison.walls))
    try:
        assert all(answer.startswith("reached") for answer in prison.tries(*targets).values())
    finally:
        asyncio.run(Iptables().raise_walls(prison.walls))


def test_walls_that_somebody_took_away_stand_again_and_rules_of_others_stay(
    prison: Prison, tmp_path: Path
) -> None:
    other = ["-i", "lo", "-p", "tcp", "--dport", "9", "-j", "ACCEPT"]
    subprocess.run(["iptables", "-t", "mangle", "-F"], check=True)
    subprocess.run(["iptables", "-t", "mangle", "-A", "PREROUTING", *other], check=True)
    try:
        assert len(asyncio.run(Iptables().missing(prison.walls))) > 2
        on_engine(prison.engine, lambda engine: guard(network(engine, OWNER, tmp_path)).ready())
        assert asyncio.run(Iptables().missing(prison.walls)) == []
        assert all_refused(prison.tries(f"fetch {prison.one.gateway}:{HUB}"))
        subprocess.run(["iptables", "-t", "mangle", "-C", "PREROUTING", *other], check=True)
    finally:
        subprocess.run(["iptables", "-t", "mangle", "-D", "PREROUTING", *other], check=False)


def test_the_programs_for_both_kinds_of_tables_raise_and_lower_the_same_walls() -> None:
    """Debian's nf_tables, and what older systems have."""
    walls = Walls("crl-00000000fff", "10.254.0.0/24", DENY)
    for kind in ("nft", "legacy"):
        firewall = Iptables(programs=(f"iptables-{kind}", f"ip6tables-{kind}"))
        asyncio.run(firewall.raise_walls(walls))
        asyncio.run(firewall.raise_walls(walls))
        assert asyncio.run(firewall.missing(walls)) == []
        asyncio.run(firewall.lower_walls(walls))
        asyncio.run(firewall.lower_walls(walls))
        saved = subprocess.run([f"iptables-{kind}-save"], check=True, capture_output=True, text=True).stdout
        assert "crl-00000000fff" not in saved
        assert "CARREL-00000000fff" not in saved


def test_no_socket_and_no_file_of_this_machine_is_inside(prison: Prison, tmp_path: Path) -> None:
    marker = tmp_path / "of-the-machine"
    marker.write_text("x")
    volume = labels.slot_volume(NEIGHBOUR)
    beside = prison.engine.docker("volume", "inspect", "--format", "{{.Mountpoint}}", volume).stdout.strip()
    assert Path(beside).is_dir()
    paths = [str(prison.engine.socket), "/var/run/docker.sock", str(marker), beside]
    tried = prison.tries(
        *(f"see {path}" for path in paths),
        *(f"see /proc/1/root{path}" for path in paths),
        "abstract carrel-control",
    )
    assert all_refused(tried)


def test_of_this_machine_only_its_own_slot_and_what_the_engine_needs_is_mounted(prison: Prison) -> None:
    lines = [line.split() for line in prison.sees()["mounts"].splitlines()]
    system = ("/proc", "/sys", "/dev")
    places = {line[4] for line in lines if not line[4].startswith(system)}
    init = {place for place in places if place.endswith("/docker-init")}
    assert places - init == {"/", "/carrel", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}


def test_root_inside_has_no_power_over_this_machine(prison: Prison) -> None:
    seen = prison.sees()
    assert int(seen["CapEff"], 16) == 0
    assert int(seen["CapBnd"], 16) == 0
    assert seen["NoNewPrivs"] == "1"
    assert seen["Seccomp"] == "2"
    assert seen["interfaces"] == "eth0 lo"
    assert seen["ipv6"] == "off"
    known = {
        "core",
        "fd",
        "full",
        "mqueue",
        "null",
        "ptmx",
        "pts",
        "random",
        "shm",
        "stderr",
        "stdin",
        "stdout",
    }
    assert set(seen["devices"].split()) <= known | {"tty", "urandom", "zero", "console"}
    names = set(seen["environment"].split())
    assert {name for name in names if name.startswith("CARREL_")} == {
        "CARREL_BACKEND",
        "CARREL_INSTALLATION",
        "CARREL_PERSON",
        "CARREL_POOL",
        "CARREL_WORKSPACE",
    }


def test_system_calls_that_lead_out_are_refused(prison: Prison) -> None:
    tried = prison.tries(
        "mount",
        "device",
        "raw",
        "packets",
        "unshare 0x10000000",  # user namespace
        "unshare 0x00020000",  # mount namespace
        "unshare 0x40000000",  # network namespace
        "namespace mnt",
        "setuid 1000",
        "chown /etc/hostname",
        "keys",
        "module",
        "bpf",
        f"trace {os.getpid()}",
        f"signal {os.getpid()}",
        f"signal {prison.engine.pid}",
        "write /proc/sys/kernel/core_pattern",
        "write /proc/sysrq-trigger",
        "write /sys/kernel/uevent_helper",
        "write /sys/fs/cgroup/memory/release_agent",
        "write /proc/sys/net/ipv4/ip_forward",
    )
    assert all_refused(tried)


def all_refused(tried: dict[str, str]) -> bool:
    got_through = {line: answer for line, answer in tried.items() if not answer.startswith("refused")}
    assert got_through == {}
    return bool(tried)
