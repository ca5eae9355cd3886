"""Workspaces as the driver has an engine start them, for tests of what surrounds one: its network, its walls, its limits."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tests.docker_engine import Engine

from carrel.domain.container import Container
from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import PoolName, TemplateName, WorkspaceId
from carrel.domain.template import Template
from carrel.drivers.docker import container
from carrel.drivers.docker.container import Location
from carrel.drivers.docker.engine import Engine as Connection
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.network.bridge import Network
from carrel.ports.driver import Spec

T = TypeVar("T")
PORT = 8888
SERVES = ("python3", "-m", "http.server", str(PORT))


def on_engine(docker: Engine, work: Callable[[Connection], Awaitable[T]]) -> T:
    """For tests that are no coroutines."""

    async def connected() -> T:
        engine = Connection(docker.host)
        try:
            return await work(engine)
        finally:
            await engine.aclose()

    return asyncio.run(connected())


def recipe(
    image: str, *, memory: int | None = None, processes: int = 512, disk: int | None = None
) -> Template:
    bounds = Container(port=PORT, processes=processes, disk=disk)
    return Template(TemplateName("serves"), SERVES, image=image, memory=memory, container=bounds)


async def started(
    engine: Connection, network: Network, template: Template, *, workspace_id: WorkspaceId, owner: Owner
) -> str:
    """Its address. It serves files on PORT."""
    at = await network.ensure()
    plan = container.render(Spec(workspace_id, PoolName("p"), template, "s"), owner=owner, stop_grace=1)
    address = await network.choose(at)
    member = plan.members[0]
    body = container.at(member.body, Location(at.name, Endpoint(address, plan.port), address), plan.port)
    what = "The workspace of a test cannot be started"
    params = {"name": member.name}
    await engine.call("POST", "containers/create", what=what, params=params, json=body)
    await engine.call("POST", f"containers/{member.name}/start", what=what)
    return address
