"""A control plane that is not root, as a program: `as_nobody` starts one of these coroutines as another user, with the gate and nothing else.

It may read the files of this repository, wherever that lies, and write none.
"""

import asyncio
import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import aiohttp
from aiodocker import Docker
from aiodocker.exceptions import DockerError

from carrel.domain.ids import HomeId, WorkspaceId
from carrel.drivers.docker.gate.client import Gate, GateFirewall, GateMounts
from carrel.drivers.docker.homes.mounts import FileOwner, SlotPlan
from carrel.drivers.docker.network.walls import Walls
from carrel.ports.driver import DriverError

NOBODY = 65534
ROOT = Path(__file__).resolve().parents[2]


def as_nobody(what: str, *, user: int = NOBODY, **given: Any) -> Any:
    """What the coroutine of that name returns. Its own failure is shown."""
    rights = ["--reuid", str(user), "--regid", str(NOBODY), "--clear-groups"]
    rights += ["--inh-caps", "-all,+dac_read_search", "--ambient-caps", "+dac_read_search"]
    command = ["setpriv", *rights, "--bounding-set", "-all,+dac_read_search", sys.executable, __file__, what]
    done = subprocess.run(
        [*command, json.dumps(given)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": "/",
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def through(socket: str) -> Docker:
    return Docker(url="unix://localhost", connector=aiohttp.UnixConnector(socket), api_version="v1.41")


def body(image: str, installation: str, network: str, **host: Any) -> dict[str, Any]:
    return {
        "Image": image,
        "Cmd": ["sleep", "600"],
        "StopTimeout": 1,
        "Labels": {"carrel.installation": installation, "carrel.workspace": "wworkspaceaaaaaa"},
        "HostConfig": {
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "PidsLimit": 50,
            "Init": True,
            "NetworkMode": network,
            **host,
        },
    }


def network(name: str, labels: dict[str, str]) -> dict[str, Any]:
    bridge = "com.docker.network.bridge"
    options = {f"{bridge}.name": "crl-0a0b0c0d0e", f"{bridge}.enable_icc": "false"}
    return {"Name": name, "Driver": "bridge", "Labels": labels, "Options": options}


async def status(call: Any) -> int:
    try:
        await call
    except DockerError as error:
        return error.status
    return 200


async def a_day(socket: str, image: str, installation: str) -> dict[str, Any]:
    """Make, start, look, talk, copy in and out, hear of it, end: all that a driver does."""
    labels = {"carrel.installation": installation}
    found: dict[str, Any] = {"uid": os.getuid()}
    async with through(socket) as docker:
        await docker.networks.create(network("carrel-net", labels))
        events = docker.events.subscribe()
        made = await docker.containers.create(
            body(image, installation, "carrel-net"), name="carrel-wworkspaceaaaaaa"
        )
        await made.start()
        async with asyncio.timeout(30):
            while (event := await events.get())["Action"] != "start":
                pass
        found["heard"] = event["Actor"]["Attributes"]["carrel.installation"]
        await made.put_archive("/tmp", tar_of("note", b"hello"))
        found["read"] = (await made.get_archive("/tmp/note")).extractfile("note").read().decode()  # type: ignore[union-attr]
        run = await made.exec(["cat"], stdin=True, stdout=True)
        async with run.start(detach=False) as stream:
            await stream.write_in(b"both ways\n")
            message = await stream.read_out()
            found["said"] = message.data.decode() if message else None
        listed = await docker.containers.list(all=True)
        found["listed"] = [one["Names"][0] for one in listed]
        found["cpu"] = "cpu_stats" in (await made.stats(stream=False))[0]
        await made.delete(force=True, v=True)
        found["networks"] = [one["Name"] for one in await docker.networks.list()]
        await (await docker.networks.get("carrel-net")).delete()
        await docker.events.stop()
    return found


def tar_of(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


async def makes_a_network(socket: str, installation: str) -> int:
    async with through(socket) as docker:
        wanted = network("carrel-other", {"carrel.installation": installation})
        answered = await status(docker.networks.create(wanted))
        if answered == 200:
            await (await docker.networks.get("carrel-other")).delete()
        return answered


async def version(socket: str) -> int:
    async with through(socket) as docker:
        return await status(docker.version())


async def attacks(socket: str, engine: str, image: str, installation: str, stranger: str) -> dict[str, Any]:
    """Ways to the machine and to somebody else's container; each by its status."""
    tried: dict[str, Any] = {"engine": os.access(engine, os.W_OK)}
    async with through(socket) as docker:
        root = body(image, installation, "none", Binds=["/:/host"])
        tried["bind"] = await status(docker.containers.create(root))
        loud = body(image, installation, "none", Privileged=True)
        tried["privileged"] = await status(docker.containers.create(loud))
        tried["host network"] = await status(docker.containers.create(body(image, installation, "host")))
        joined = body(image, installation, f"container:{stranger}")
        tried["joins a stranger"] = await status(docker.containers.create(joined))
        beside = body(image, installation, "bridge")
        tried["the common network"] = await status(docker.containers.create(beside))
        theirs = docker.containers.container(stranger)
        tried["looks"] = await status(theirs.show())
        tried["stops"] = await status(theirs.stop())
        tried["removes"] = await status(theirs.delete(force=True))
        tried["reads"] = await status(theirs.get_archive("/etc/passwd"))
        tried["writes"] = await status(theirs.put_archive("/", tar_of("x", b"x")))
        tried["runs"] = await status(theirs.exec(["id"]))
        tried["volume"] = await status(
            docker.volumes.create(
                {
                    "Name": "carrel-v",
                    "Labels": {"carrel.installation": installation},
                    "DriverOpts": {"type": "none", "o": "bind", "device": "/"},
                }
            )
        )
        tried["lists"] = len(await docker.containers.list(all=True))
    return tried


async def verbs(socket: str, workspace: str, home: str, bridge: str) -> dict[str, Any]:
    """Mounts and walls, asked as the driver asks."""
    gate = Gate(Path(socket))
    mounts, firewall = GateMounts(gate), GateFirewall(gate)
    walls = Walls(bridge, "172.30.99.0/24", ("10.0.0.0/8",))
    found: dict[str, Any] = {"missing": len(await firewall.missing(walls))}
    await firewall.raise_walls(walls)
    found["raised"] = len(await firewall.missing(walls))
    await firewall.lower_walls(walls)
    plan = SlotPlan(FileOwner(1000, 100), takes_home=True)
    found["slot"] = await mounts.make_slot(WorkspaceId(workspace), plan)
    await mounts.bring_in(WorkspaceId(workspace), HomeId(home))
    found["holds"] = (await mounts.slots())[WorkspaceId(workspace)].home_id
    await mounts.take_out(WorkspaceId(workspace))
    await mounts.remove_slot(WorkspaceId(workspace))
    found["left"] = len(await mounts.slots())
    await mounts.leave()
    found["mounted"] = str(Path(found["slot"]).parent.parent) in Path("/proc/self/mountinfo").read_text()
    refused = {
        "place": mounts.make_slot(WorkspaceId("../../etc"), plan),
        "home": mounts.bring_in(WorkspaceId(workspace), HomeId("../../../etc")),
        "folder": mounts.make_slot(
            WorkspaceId(workspace), SlotPlan(plan.owner, takes_home=False, folders={"a": "/etc"})
        ),
        "bridge": firewall.raise_walls(Walls("docker0", "172.17.0.0/16")),
    }
    for name, call in refused.items():
        try:
            await call
            found[name] = "let through"
        except DriverError as error:
            found[name] = type(error).__name__
    await mounts.aclose()
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(globals()[sys.argv[1]](**json.loads(sys.argv[2])))))  # noqa: T201 - that is its answer
