"""Connections that rest between two requests: Envoy closes them before who is behind it does, or the next request would meet the close."""

from pathlib import Path

import pytest

from carrel.app.sockets import KEPT_OPEN
from carrel.dataplane.bootstrap import BootstrapOptions, bootstrap
from carrel.domain.address import Addresses

from .rig import Rig, until

GUNICORN = 2.0
"""Seconds it keeps a connection by default (its setting `keepalive`): the shortest of the servers that apps come with."""


async def test_one_to_an_app_is_closed_while_the_app_would_have_kept_it(rig: Rig) -> None:
    workspace = await rig.workspace()
    assert workspace.app.writers, "it is kept for the next request"

    async def is_closed() -> bool:
        return not workspace.app.writers

    await until(is_closed, within=20)


@pytest.mark.parametrize(
    ("cluster", "kept"), [("workspace", GUNICORN), ("control", KEPT_OPEN), ("authorizer", KEPT_OPEN)]
)
def test_one_is_closed_before_who_is_behind_it_does(cluster: str, kept: float) -> None:
    addresses = Addresses("http://localhost:8000", "http", "localhost", 8001)
    told = bootstrap(BootstrapOptions(run_dir=Path("/run/carrel"), addresses=addresses))
    (found,) = [each for each in told["static_resources"]["clusters"] if each["name"] == cluster]
    (options,) = found["typed_extension_protocol_options"].values()
    seconds = float(options["common_http_protocol_options"]["idle_timeout"].removesuffix("s"))
    assert 0 < seconds < kept
