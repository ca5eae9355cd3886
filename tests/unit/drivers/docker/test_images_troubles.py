"""What is said of an image between two tries at it; a real engine and registry are in tests/docker/test_images.py."""

from typing import Any

import pytest
from aiodocker.exceptions import DockerError

from carrel.clock import SystemClock
from carrel.drivers.docker.images.fetching import Images
from carrel.ports.driver import DriverUnavailable

IMAGE = "quay.io/one/away:1"


class Shelf:
    """An engine's images: none, until there is one."""

    def __init__(self) -> None:
        self.found: dict[str, Any] | None = None

    async def inspect(self, name: str) -> dict[str, Any]:
        if self.found is None:
            raise DockerError(404, "no such image")
        return self.found


class Offline:
    """An engine whose machine has no network."""

    api_version = "v1.41"
    docker_host = "unix://localhost"

    def __init__(self) -> None:
        self.images = Shelf()
        self.session = self

    def post(self, *_: object, **__: object) -> Any:
        raise DockerError(500, "dial tcp: connect: network is unreachable")


class Watched(SystemClock):
    """Looks at what is said in each pause."""

    def __init__(self) -> None:
        self.images: Images | None = None
        self.said: list[str] = []

    async def sleep(self, seconds: float) -> None:
        assert self.images is not None
        told = self.images.progress(IMAGE)
        self.said.append(told.sentence if told is not None else "")


async def test_between_tries_it_is_said_what_is_wrong() -> None:
    engine, clock = Offline(), Watched()
    images = clock.images = Images(lambda: engine, clock=clock)  # type: ignore[arg-type,return-value]
    assert images.progress(IMAGE) is None
    with pytest.raises(DriverUnavailable):
        await images.ensure(IMAGE)
    last = images.progress(IMAGE)
    assert last is not None
    assert len(clock.said) == 2
    assert last.trouble is not None
    assert "network is unreachable" in last.trouble
    for sentence in (*clock.said, last.sentence):
        assert "network is unreachable" in sentence
        assert sentence.endswith("It is tried again.")
    engine.images.found = {"Id": "sha256:1", "Config": {}}
    await images.ensure(IMAGE)
    assert images.progress(IMAGE) is None
