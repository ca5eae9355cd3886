"""What engines say, as the three errors that may leave a driver, each with what helps."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from aiodocker.exceptions import DockerError

from carrel.domain.reason import ReasonCode
from carrel.drivers.docker import faults
from carrel.drivers.docker.engine import Engine, Tls
from carrel.drivers.docker.faults import NoDiskLimit, PlaceTaken
from carrel.ports.driver import DriverError, DriverUnavailable, OutOfCapacity, Rejected

WHAT = "The workspace cannot be started"


@pytest.mark.parametrize(
    ("status", "message", "kind", "code"),
    [
        (500, "write /var/lib/docker: no space left on device", OutOfCapacity, ReasonCode.DISK_FULL),
        (500, "no available IPv4 addresses on this network's address pools: one", OutOfCapacity, None),
        (500, "fork/exec /usr/bin/runc: cannot allocate memory", OutOfCapacity, ReasonCode.OUT_OF_MEMORY),
        (
            500,
            "driver failed programming external connectivity: Bind for 127.0.0.1:80 failed: port is already allocated",
            PlaceTaken,
            None,
        ),
        (403, "Address already in use", PlaceTaken, None),
        (500, "fork/exec: resource temporarily unavailable", OutOfCapacity, None),
        (
            400,
            'OCI runtime create failed: exec: "lab": executable file not found in $PATH: unknown',
            Rejected,
            ReasonCode.COMMAND_MISSING,
        ),
        (
            400,
            'exec: "/lab": stat /lab: no such file or directory: unknown',
            Rejected,
            ReasonCode.COMMAND_MISSING,
        ),
        (400, "No command specified", Rejected, ReasonCode.COMMAND_MISSING),
        (
            500,
            "starting container process caused: exec: /lab: permission denied",
            Rejected,
            ReasonCode.NOT_PERMITTED,
        ),
        (404, "No such image: lab:1", Rejected, ReasonCode.IMAGE_MISSING),
        (
            400,
            "unable to find user ada: no matching entries in passwd file",
            Rejected,
            ReasonCode.NOT_PERMITTED,
        ),
        (
            500,
            "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
            NoDiskLimit,
            None,
        ),
        (400, "Minimum memory limit allowed is 6MB", Rejected, None),
        (500, "something went wrong", DriverUnavailable, None),
        (400, "something is wrong", Rejected, None),
        (403, "not let through", DriverUnavailable, None),
        (900, "Cannot connect to Docker Engine", DriverUnavailable, None),
    ],
)
def test_what_an_engine_says_is_one_of_three_errors(
    status: int, message: str, kind: type[DriverError], code: ReasonCode | None
) -> None:
    found = faults.fault(WHAT, DockerError(status, message))
    assert type(found) is kind
    assert found.code is code
    assert found.sentence.startswith((f"{WHAT}: ", f"{WHAT}. "))
    assert found.sentence.endswith((".", "?"))
    assert ".." not in found.sentence


def test_what_helps_is_said_before_the_words_of_the_engine() -> None:
    message = "OCI runtime create failed: unable to find user ada: no matching entries in passwd file"
    assert faults.fault(WHAT, DockerError(400, message)).sentence == (
        f"{WHAT}. The image knows no such user. Give the template's `user` as numbers. The engine said: {message}."
    )


@pytest.mark.parametrize("problem", [TimeoutError(), aiohttp.ServerDisconnectedError(), OSError("gone")])
def test_silence_is_an_engine_that_is_away(problem: Exception) -> None:
    with pytest.raises(DriverUnavailable) as away, faults.asking(WHAT):
        raise problem
    assert away.value.sentence.startswith(WHAT)


def test_what_is_said_at_length_is_shortened_to_a_line() -> None:
    assert "\n" not in faults.shortened("one\ntwo")
    assert len(faults.shortened("x" * 5000)) < 400


async def test_an_engine_that_is_not_there_is_away_at_once(tmp_path: Path) -> None:
    engine = Engine(f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(DriverUnavailable) as away:
        await asyncio.wait_for(engine.look("info", what=WHAT), 5)
    assert "the engine is away" in away.value.sentence
    await engine.aclose()


async def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    engine = Engine("tcp://127.0.0.1:1", tls=Tls(ca))
    with pytest.raises(DriverUnavailable, match=f"cannot read {ca}.*: No such file or directory"):
        await engine.look("info", what=WHAT)
    ca.write_text("no certificate")
    with pytest.raises(DriverUnavailable, match=f"tls_ca {ca} .* no certificate"):
        await engine.look("info", what=WHAT)
    await engine.aclose()


async def test_an_engine_that_is_away_is_told_with_its_place_and_why(tmp_path: Path) -> None:
    for host, place in (
        (f"unix://{tmp_path}/no.sock", f"{tmp_path}/no.sock"),
        ("tcp://127.0.0.1:1", "127.0.0.1:1"),
    ):
        engine = Engine(host)
        with pytest.raises(DriverUnavailable) as away:
            await engine.look("info", what=WHAT)
        await engine.aclose()
        assert away.value.sentence.startswith(f"{WHAT}: the engine is away ({place}: ")
        assert "ssl" not in away.value.sentence
