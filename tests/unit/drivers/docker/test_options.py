"""The options of a Docker backend: what they mean, and a sentence for each that is wrong."""

import os
from pathlib import Path
from typing import Any

import pytest

from carrel.domain.ids import InstallationId
from carrel.drivers.docker import options
from carrel.drivers.docker.options import Options
from carrel.ports.driver import DriverContext, DriverUnavailable, Rejected


def read(**given: Any) -> Options:
    return options.read(DriverContext("engine", InstallationId("i000000000000001"), "/state", given))


def test_by_default_it_is_the_engine_of_this_machine() -> None:
    found = read()
    assert found.engine == "unix:///var/run/docker.sock"
    assert (found.address, found.pull, found.stop_grace) == ("container", "missing", 10.0)
    assert found.subnet is None
    assert found.is_local


def test_everything_can_be_said() -> None:
    found = read(
        host="tcp://engine.example:2376",
        tls_ca="/ca.pem",
        tls_cert="/cert.pem",
        tls_key="/key.pem",
        address="10.0.0.7",
        ports="31000-31099",
        subnet="10.231.0.0/20",
        deny=["10.0.0.0/8"],
        pull="always",
        stop_grace="500ms",
        runtime="runsc",
    )
    assert found.engine == "tcp://engine.example:2376"
    assert found.tls is not None
    assert found.tls.cert == Path("/cert.pem")
    assert (found.address, list(found.ports)[-1]) == ("10.0.0.7", 31099)
    assert (found.subnet, found.deny) == ("10.231.0.0/20", ("10.0.0.0/8",))
    assert (found.pull, found.stop_grace, found.runtime) == ("always", 0.5, "runsc")
    assert found.homes == "volume"
    assert not found.is_local


def test_the_gate_is_asked_instead_of_the_engine() -> None:
    found = read(gate="/run/carrel/gate.sock")
    assert found.engine == "unix:///run/carrel/gate.sock"
    assert found.homes == "mounted"


def test_homes_are_mounted_where_root_is_on_the_engines_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert read().homes == "volume"
    assert read(homes="mounted").homes == "mounted"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert read(host="unix:///nobody/is/here.sock").homes == "mounted"
    assert read(homes="volume").homes == "volume"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"hots": "x"}, "backends.engine.hots is not an option of this driver"),
        ({"host": "ssh://engine"}, "backends.engine.host is 'ssh://engine'; expected"),
        ({"host": "/var/run/docker.sock"}, "backends.engine.host"),
        ({"host": "tcp://engine:2376"}, "backends.engine.address is missing"),
        ({"host": "unix:///a.sock", "gate": "/b.sock"}, "leave `host` out"),
        ({"gate": "b.sock"}, "expected an absolute path"),
        ({"host": "tcp://a:1", "tls_cert": "/c", "tls_key": "/k"}, "backends.engine.tls_ca is missing"),
        ({"host": "tcp://a:1", "tls_ca": "/ca.pem", "tls_cert": "/c"}, "backends.engine.tls_key is missing"),
        ({"host": "tcp://a:1", "tls_ca": "/ca.pem", "tls_key": "/k"}, "backends.engine.tls_cert is missing"),
        ({"tls_ca": "/ca.pem"}, "only for a `host` that begins with tcp://"),
        (
            {"tls_cert": "/c", "tls_key": "/k"},
            "backends.engine.tls_cert is only for a `host` that begins with tcp://",
        ),
        (
            {"gate": "/b.sock", "tls_ca": "/ca.pem"},
            "the gate is a socket of this machine and speaks no TLS, so leave `tls_ca` out",
        ),
        (
            {"host": "tcp://a:1", "address": "1.2.3.4", "homes": "mounted"},
            "only on an engine of this Linux machine",
        ),
        ({"homes": "somewhere"}, 'expected "mounted" or "volume"'),
        ({"address": "engine.example"}, "backends.engine.address"),
        ({"ports": "80-90"}, "a range between 1024 and 65535"),
        ({"subnet": "10.0.0.1/20"}, "backends.engine.subnet"),
        ({"subnet": "10.0.0.0/30"}, "at least eight addresses"),
        ({"deny": "10.0.0.0/8"}, "a list of networks"),
        ({"deny": ["everything"]}, "a list of networks"),
        ({"pull": "sometimes"}, '"missing", "always" or "never"'),
        ({"stop_grace": "long"}, "a duration such as"),
        ({"runtime": ""}, "the name of a runtime"),
        ({"registries": {"quay.io": {"username": "a", "password": "b"}}}, "password_file"),
    ],
)
def test_what_is_wrong_is_named_with_what_was_expected(given: dict[str, Any], said: str) -> None:
    with pytest.raises(Rejected) as refused:
        read(**given)
    assert said in refused.value.sentence


@pytest.mark.parametrize("more", [{}, {"address": "engine.example"}], ids=["no address", "a wrong one"])
def test_files_without_which_no_engine_is_reached_are_named_before_the_address(
    tmp_path: Path, more: dict[str, Any]
) -> None:
    ca = tmp_path / "ca.pem"
    with pytest.raises(DriverUnavailable, match=f"cannot read {ca}, the tls_ca of the backend"):
        read(host="tcp://engine:2376", tls_ca=str(ca), **more)
    ca.write_text("no certificate")
    with pytest.raises(DriverUnavailable, match=f"tls_ca {ca} .* no certificate"):
        read(host="tcp://engine:2376", tls_ca=str(ca), **more)
