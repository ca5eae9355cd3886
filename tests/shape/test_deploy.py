"""What deploy/ promises can be kept: every command and option exists, sources are there, and nothing runs with more rights than it says."""

import re
import shlex
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from carrel.cli.app import app
from carrel.settings import load

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
NOT_ROOT = {"carrel", "carrel-envoy"}
MOUNTS_OF_ITS_OWN = {
    *(
        "ProtectSystem",
        "ProtectHome",
        "PrivateTmp",
        "PrivateDevices",
        "PrivateMounts",
        "ProtectKernelTunables",
    ),
    *("ProtectControlGroups", "ProtectKernelModules", "ProtectKernelLogs", "ProtectHostname", "ProtectClock"),
    *(
        "ReadWritePaths",
        "ReadOnlyPaths",
        "InaccessiblePaths",
        "TemporaryFileSystem",
        "BindPaths",
        "MountFlags",
    ),
    *("RootDirectory", "DynamicUser", "ProtectProc", "MountAPIVFS"),
}


def unknown(words: list[str]) -> list[str]:
    """What of a command line `carrel` would not understand."""
    commands: Any = typer.main.get_command(app)
    if words[0] not in commands.commands:
        return words[:1]
    command = commands.commands[words[0]]
    context = command.make_context(words[0], ["--help"], resilient_parsing=True)
    options = {name for each in command.get_params(context) for name in each.opts}
    return [word for word in words[1:] if word.startswith("-") and word.partition("=")[0] not in options]


def unit(path: Path) -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path)
    return parser


def test_a_command_or_option_that_is_none_is_found() -> None:
    assert unknown(["serve", "--config", "/etc/carrel.toml"]) == []
    assert unknown(["serve", "--port", "1"]) == ["--port"]
    assert unknown(["srve"]) == ["srve"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_runs_a_command_that_exists_with_options_that_exist(path: Path) -> None:
    program, *words = shlex.split(unit(path)["Service"]["ExecStart"])
    assert program == "/opt/carrel/.venv/bin/carrel"
    assert unknown(words) == []


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_understands_a_unit(path: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("There is no systemd-analyze on this machine.")
    there = path.read_text().replace(
        "/opt/carrel/.venv/bin/carrel", str(Path(sys.executable).with_name("carrel"))
    )
    (tmp_path / path.name).write_text(there)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / path.name],
        capture_output=True,
        text=True,
        check=False,
    )
    about_it = [line for line in done.stderr.splitlines() if path.name in line or str(path.stem) in line]
    assert about_it == []


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_only_the_gate_is_root_and_its_mounts_are_seen_outside(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["NoNewPrivileges"] == "yes"
    assert "CapabilityBoundingSet" in service
    if path.stem in NOT_ROOT:
        assert service["User"] == "carrel"
        assert service["ProtectSystem"] == "strict"
        assert "SYS_ADMIN" not in service["CapabilityBoundingSet"]
    else:
        assert set(service) & MOUNTS_OF_ITS_OWN == set()


def test_stopping_the_control_plane_stops_neither_envoy_nor_workspaces() -> None:
    units = {path.stem: unit(path) for path in UNITS}
    assert units["carrel"]["Service"]["KillMode"] == "process"
    for parser in units.values():
        bound = {"BindsTo", "PartOf", "Requires", "Requisite", "PropagatesStopTo"} & set(parser["Unit"])
        assert bound == set()


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def test_the_services_of_compose_run_commands_that_exist() -> None:
    for name, service in compose()["services"].items():
        assert unknown(service["command"]) == [], name


def test_the_services_of_compose_have_no_more_rights_than_the_units() -> None:
    services = compose()["services"]
    gate = unit(DEPLOY / "systemd" / "carrel-gate.service")["Service"]["CapabilityBoundingSet"]
    assert set(services["gate"]["cap_add"]) == set(gate.replace("CAP_", "").split())
    assert services["gate"]["user"] == "0:0"
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        has_engine = any("docker.sock" in str(volume) for volume in service["volumes"])
        assert has_engine == (name == "gate")
        if name != "gate":
            assert "cap_add" not in service
            assert "user" not in service, "that of the image"


def test_what_the_gate_mounts_in_its_container_appears_on_the_machine_at_the_same_place() -> None:
    services = compose()["services"]
    [bind] = [each for each in services["gate"]["volumes"] if isinstance(each, dict)]
    assert bind["source"] == bind["target"] == "/var/lib/carrel-gate"
    assert bind["bind"]["propagation"] == "rshared"


def test_compose_names_volumes_that_it_declares_and_files_that_are_there() -> None:
    found = compose()
    declared = set(found["volumes"])
    for service in found["services"].values():
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).resolve().is_file()
        for volume in service["volumes"]:
            source = volume["source"] if isinstance(volume, dict) else volume.partition(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).is_file(), source
            elif not source.startswith("/"):
                assert source in declared, source


def test_the_example_configuration_is_one(tmp_path: Path) -> None:
    settings = load(DEPLOY / "carrel.toml", {"state_dir": str(tmp_path)}, {"HOME": str(tmp_path)})
    assert settings.backends["docker"].options["gate"] == "/run/carrel-gate/gate.sock"
    assert settings.pools["jupyterlab"].backend == "docker"


def instructions(stage: int) -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", (DEPLOY / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    starts = [number for number, line in enumerate(lines) if line.startswith("FROM ")]
    begin, end = starts[stage], (*starts, None)[stage + 1]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines[begin:end]]


def let_through(source: str) -> bool:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    return any(source == each or source.startswith(f"{each}/") for each in kept)


def test_the_image_is_built_of_files_that_are_there_and_of_locked_packages() -> None:
    for stage in (0, 1):
        for word, rest in instructions(stage):
            sources = [each for each in rest.split()[:-1] if not each.startswith("--")]
            if word == "COPY" and "--from" not in rest:
                assert all((ROOT / each).exists() and let_through(each) for each in sources), rest
    installs = [rest for word, rest in instructions(0) if word == "RUN" and "pip install" in rest]
    assert all("--require-hashes" in each or "--no-deps --no-build-isolation" in each for each in installs)
    assert "hatchling==" in (ROOT / "requirements" / "carrel.txt").read_text(), (
        "what builds the package is locked too"
    )


def test_the_image_runs_as_a_user_of_its_own_and_says_how_it_is() -> None:
    final = dict(instructions(1))
    assert final["USER"] == "10001:10001"
    assert unknown(yaml.safe_load(final["CMD"])) == []
    assert yaml.safe_load(final["ENTRYPOINT"]) == ["carrel"]
    assert "/opt/carrel/healthy.py" in final["HEALTHCHECK"]


def test_the_health_check_tells_what_does_not_answer(tmp_path: Path) -> None:
    for word in ([], ["envoy"]):
        done = subprocess.run(
            [sys.executable, DEPLOY / "healthy.py", *word],
            env={"CARREL_STATE_DIR": str(tmp_path)},
            check=False,
        )
        assert done.returncode == 1
