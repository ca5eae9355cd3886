"""The Docker driver before the public contract suite, with a private engine and a tiny app."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.docker.bench import Docked, tiny
from tests.docker_engine import Engine

from carrel import mint
from carrel.domain.ids import InstallationId
from carrel.ports.driver import Spec
from carrel.testing.driver_contract import (
    Bench,
    DriverContract,
    LogsContract,
    RejectsContract,
    RestartContract,
)


@pytest.fixture(scope="module")
def installation(docker: Engine) -> Iterator[InstallationId]:
    """One for all, so that its network is made once."""
    yield InstallationId(mint.new_id())
    docker.clear()


class Contracts(DriverContract, RejectsContract, RestartContract, LogsContract):
    @pytest.fixture
    async def docked(
        self, docker: Engine, image: str, tmp_path: Path, installation: InstallationId
    ) -> AsyncIterator[Docked]:
        docked = Docked(docker, tmp_path, tiny(image), options=self.options(), installation=installation)
        yield docked
        await docked.clear()
        assert docked.leftovers() == []

    @pytest.fixture
    def bench(self, docked: Docked) -> Bench:
        return docked.bench()

    @pytest.fixture
    def impossible(self, docked: Docked) -> Spec:
        spec = docked.spec()
        return replace(spec, template=replace(spec.template, image="no such image"))

    def options(self) -> dict[str, object]:
        raise NotImplementedError


class TestMounted(Contracts):
    def options(self) -> dict[str, object]:
        return {"homes": "mounted"}
