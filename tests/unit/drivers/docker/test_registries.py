"""What registries are told, and what is refused as a setting of them."""

from pathlib import Path

import pytest

from carrel.domain.ids import InstallationId
from carrel.drivers.docker.images import registries
from carrel.ports.driver import DriverContext, DriverUnavailable, Rejected


def context(given: object) -> DriverContext:
    return DriverContext("docker", InstallationId("inst"), "/state", {"registries": given})


def test_a_password_is_read_when_it_is_needed_and_shown_to_its_registry_alone(tmp_path: Path) -> None:
    file = tmp_path / "password"
    known = registries.read(
        context({"https://index.docker.io/v1/": {"username": "ada", "password_file": str(file)}})
    )
    file.write_text("one\n")
    assert registries.credentials(known, "docker.io") == {
        "username": "ada",
        "password": "one",
        "serveraddress": "docker.io",
    }
    file.write_text("two")
    assert (registries.credentials(known, "docker.io") or {})["password"] == "two"
    assert registries.credentials(known, "quay.io") is None


def test_a_password_that_cannot_be_read_is_said_by_its_file(tmp_path: Path) -> None:
    known = registries.read(
        context({"quay.io": {"username": "ada", "password_file": str(tmp_path / "none")}})
    )
    with pytest.raises(DriverUnavailable, match=r"password for the registry .* cannot be read"):
        registries.credentials(known, "quay.io")


@pytest.mark.parametrize(
    "given",
    [
        "quay.io",
        {"quay.io": "ada"},
        {"quay.io": {"username": "ada"}},
        {"quay.io": {"username": "ada", "password_file": 3}},
        {"quay.io": {"username": "ada", "password_file": "/f", "password": "geheim"}},
    ],
)
def test_what_is_no_registry_is_refused_without_its_password(given: object) -> None:
    with pytest.raises(Rejected, match="registries") as refused:
        registries.read(context(given))
    assert "password_file" in refused.value.sentence
    assert "geheim" not in refused.value.sentence
