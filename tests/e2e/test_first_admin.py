"""The first admin may lose every right, and Carrel still starts: whoever took them away did not mean to end it for everybody."""

import signal
from pathlib import Path

import httpx

from .running import Carrel, running, small_config


def owners(carrel: Carrel) -> httpx.AsyncClient:
    socket = httpx.AsyncHTTPTransport(uds=str(carrel.state / "run" / "owner.sock"))
    return httpx.AsyncClient(transport=socket, base_url="http://localhost/hub/api/v1")


async def test_a_demoted_first_admin_and_a_revoked_bootstrap_token_keep_nobody_from_working(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, small_config("")) as carrel:
        async with owners(carrel) as owner:
            [admin] = (await owner.get("/users")).json()["items"]
            [token] = (await owner.get("/tokens", params={"user": admin["id"]})).json()["items"]
            assert (await owner.delete(f"/tokens/{token['id']}")).status_code == 204
            demoted = await owner.patch(f"/users/{admin['id']}", json={"role": "user"})
            assert demoted.json()["role"] == "user"
        assert await carrel.signal(signal.SIGTERM) == 0

        await carrel.launch()
        await carrel.line_with("Carrel is ready")
        said = "\n".join(carrel.lines)
        assert "There is no sign-in link" in said
        assert "carrel user role admin admin` and `carrel user enable admin`" in said
        async with carrel.api() as api, owners(carrel) as owner:
            assert (await api.get("/pools")).status_code == 401, "the revoked token stays dead"
            promoted = await owner.patch(f"/users/{admin['id']}", json={"role": "admin"})
            assert promoted.json()["role"] == "admin"
        assert await carrel.signal(signal.SIGTERM) == 0

        await carrel.launch()
        await carrel.line_with("Sign in as admin")
        assert "CARREL_BOOTSTRAP_TOKEN was revoked" in "\n".join(carrel.lines)
