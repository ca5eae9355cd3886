"""What an engine says about an image it could not fetch, and what becomes of that. The texts are Docker 20.10's own."""

import pytest
from aiodocker.exceptions import DockerError, DockerStreamError

from carrel.domain.reason import ReasonCode
from carrel.drivers.docker.images.pull_faults import broken_off, refusal
from carrel.ports.driver import DriverError, DriverUnavailable, OutOfCapacity, Rejected

IMAGE = "quay.io/x/y:1"

UNKNOWN = "manifest for quay.io/x/y:1 not found: manifest unknown: manifest_unknown"
DENIED = (
    "pull access denied for x/y, repository does not exist or may require 'docker login': denied: requested access to "
    "the resource is denied"
)
NO_LOGIN = 'Head "http://127.0.0.1:35075/v2/one/locked/manifests/latest": no basic auth credentials'
CLOSED = 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'
NOWHERE = (
    'Get "https://quay.io/v2/": dial tcp: lookup quay.io on 10.1.1.1:53: dial udp 10.1.1.1:53: connect: network is '
    "unreachable"
)
SPOILT = "filesystem layer verification failed for digest sha256:2e87ffb29fa7bd9f26a5e5ae281fa75b4b1beadba2ce3eb62ee"
FULL = "failed to register layer: Error processing tar file(exit status 1): write /f: no space left on device"
RATED = "toomanyrequests: You have reached your pull rate limit."
OTHER = "no matching manifest for linux/arm64/v8 in the manifest list entries"
TRUST = 'Get "https://r.example/v2/": x509: certificate signed by unknown authority'


@pytest.mark.parametrize(
    ("error", "kind", "code", "words"),
    [
        (DockerError(404, UNKNOWN), Rejected, ReasonCode.IMAGE_MISSING, "none of that name and tag"),
        (DockerError(404, DENIED), Rejected, ReasonCode.IMAGE_MISSING, "refuses to give"),
        (DockerError(500, NO_LOGIN), Rejected, ReasonCode.IMAGE_MISSING, "`registries`"),
        (DockerError(500, "unauthorized: unauthorized"), Rejected, ReasonCode.IMAGE_MISSING, "`registries`"),
        (DockerError(400, "invalid reference format"), Rejected, ReasonCode.IMAGE_MISSING, "no name of an image"),
        (DockerStreamError(OTHER), Rejected, ReasonCode.IMAGE_MISSING, "linux/arm64/v8"),
        (DockerError(500, TRUST), Rejected, ReasonCode.IMAGE_MISSING, "does not trust"),
        (DockerStreamError(FULL), OutOfCapacity, ReasonCode.DISK_FULL, "No space left on device"),
        (DockerError(500, CLOSED), DriverUnavailable, ReasonCode.IMAGE_MISSING, "connection refused"),
        (DockerError(500, NOWHERE), DriverUnavailable, ReasonCode.IMAGE_MISSING, "network is unreachable"),
        (DockerStreamError(SPOILT), DriverUnavailable, ReasonCode.IMAGE_MISSING, "verification failed"),
        (DockerError(500, RATED), DriverUnavailable, ReasonCode.IMAGE_MISSING, "too many requests"),
        (DockerError(900, "Cannot connect"), DriverUnavailable, None, "engine does not answer"),
    ],
)  # fmt: skip
def test_it_is_said_what_is_wrong_and_whether_trying_again_is_of_use(
    error: DockerError, kind: type[DriverError], code: ReasonCode | None, words: str
) -> None:
    said = refusal(IMAGE, "quay.io", error)
    assert type(said) is kind
    assert said.code is code
    assert words in said.sentence


def test_no_more_is_repeated_than_people_read() -> None:
    assert len(refusal(IMAGE, "quay.io", DockerError(500, "odd " * 1000)).sentence) < 500
    assert "\n" not in refusal(IMAGE, "quay.io", DockerError(500, "one\ntwo")).sentence


@pytest.mark.parametrize("said", [UNKNOWN, DENIED, CLOSED])
def test_admins_read_what_they_can_do(said: str) -> None:
    assert "docker load" in refusal(IMAGE, "quay.io", DockerError(500, said)).sentence


@pytest.mark.parametrize("said", [CLOSED, NOWHERE, SPOILT, TRUST])
def test_what_helps_is_said_before_the_words_of_the_engine(said: str) -> None:
    sentence = refusal(IMAGE, "quay.io", DockerError(500, said)).sentence
    assert sentence.startswith(("The image ", "The engine does not trust"))
    assert sentence.endswith(f". The engine said: {said}.")


def test_a_lost_connection_is_one_of_the_network() -> None:
    assert "connection reset" in broken_off(IMAGE).sentence


def test_whoever_cannot_start_for_want_of_an_image_reads_that_it_is_the_image() -> None:
    assert {
        refusal(IMAGE, "quay.io", DockerError(500, text)).code for text in (CLOSED, NOWHERE, SPOILT, RATED)
    } == {broken_off(IMAGE).code}
