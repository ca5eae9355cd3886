"""A stand-in for a registry of images: it speaks the pulling half of the Docker Registry API, from images made of random bytes, and fails
as it is told to.
"""

import asyncio
import base64
import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

PIECE = 256 * 1024
"""Bytes that are sent at once."""
PAUSE = 0.05
"""Seconds between two pieces while the gate is closed: an engine tells of ten a second at most."""
SMALL = 512
"""Bytes of a blob that no gate holds up, such as the configuration of an image."""
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@dataclass
class Registry:
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    """By "name:tag"."""
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, a blob is sent up to half."""
    login: tuple[str, str] | None = None
    """Name and password; nobody else is given anything."""
    spoil: set[str] = field(default_factory=set)
    """Digests of which other bytes are sent than they promise."""
    cuts: int = 0
    """How many connections are cut, still, when a description is asked for."""
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def add(
        self, name: str, *, layers: int = 1, size: int = 1024, config: Mapping[str, object] | None = None
    ) -> str:
        """Puts an image on it, and returns its name for an engine."""
        packed = [_layer(number, size) for number in range(layers)]
        whole = {
            "architecture": "amd64",
            "os": "linux",
            "config": dict(config or {}),
            "rootfs": {"type": "layers", "diff_ids": [digest_of(plain) for plain, _ in packed]},
            "history": [{"created_by": "test"} for _ in packed],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._put(json.dumps(whole).encode(), CONFIG),
            "layers": [self._put(blob, LAYER) for _, blob in packed],
        }
        self.manifests[f"{name}:latest"] = json.dumps(manifest).encode()
        return f"{self.host}/{name}:latest"

    def layers_of(self, name: str) -> list[str]:
        return [layer["digest"] for layer in json.loads(self.manifests[f"{name}:latest"])["layers"]]

    def pulls(self, name: str) -> int:
        """How often its description was read."""
        return len([line for line in self.asked if line.startswith("GET") and f"/{name}/manifests/" in line])

    def _put(self, blob: bytes, kind: str) -> dict[str, object]:
        digest = digest_of(blob)
        self.blobs[digest] = blob
        return {"mediaType": kind, "size": len(blob), "digest": digest}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path}")
        if not self._may(request):
            return _problem(401, "UNAUTHORIZED", {"WWW-Authenticate": 'Basic realm="stand-in"'})
        path = request.path.removeprefix("/v2/")
        if not path:
            return web.json_response({})
        name, _, rest = path.rpartition("/")
        if self.cuts > 0:
            self.cuts -= 1
            assert request.transport is not None
            request.transport.close()
        if name.endswith("/manifests"):
            return self._manifest(name.removesuffix("/manifests"), rest, request)
        return await self._blob(rest, request)

    def _may(self, request: web.Request) -> bool:
        if self.login is None:
            return True
        wanted = base64.b64encode(":".join(self.login).encode()).decode()
        return request.headers.get("Authorization") == f"Basic {wanted}"

    def _manifest(self, name: str, reference: str, request: web.Request) -> web.Response:
        fitting = [
            body
            for key, body in self.manifests.items()
            if key == f"{name}:{reference}" or (key.startswith(f"{name}:") and digest_of(body) == reference)
        ]
        if not fitting:
            return _problem(404, "MANIFEST_UNKNOWN")
        headers = {"Content-Type": MANIFEST, "Docker-Content-Digest": digest_of(fitting[0])}
        return web.Response(body=fitting[0], headers=headers)

    async def _blob(self, digest: str, request: web.Request) -> web.StreamResponse:
        blob = self.blobs.get(digest)
        if blob is None:
            return _problem(404, "BLOB_UNKNOWN")
        if digest in self.spoil:
            blob = bytes(len(blob))
        answer = web.StreamResponse(headers={"Content-Length": str(len(blob))})
        await answer.prepare(request)
        for start in range(0, len(blob), PIECE):
            if not self.gate.is_set():
                await asyncio.sleep(PAUSE)
            if 2 * start >= len(blob) > SMALL:
                await self.gate.wait()
            try:
                await answer.write(blob[start : start + PIECE])
            except ConnectionResetError:  # whoever fetched it gave up
                break
        return answer


@asynccontextmanager
async def opened() -> AsyncIterator[Registry]:
    """Listens on a port of its own; engines take a registry on 127.0.0.0/8 without TLS."""
    registry = Registry()
    registry.gate.set()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", registry.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    registry.port = runner.addresses[0][1]
    try:
        yield registry
    finally:
        registry.gate.set()
        await runner.cleanup()


def digest_of(blob: bytes) -> str:
    return "sha256:" + hashlib.sha256(blob).hexdigest()


def _layer(number: int, size: int) -> tuple[bytes, bytes]:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        entry = tarfile.TarInfo(f"file-{number}")
        entry.size = size
        archive.addfile(entry, io.BytesIO(os.urandom(size)))
    return plain.getvalue(), gzip.compress(plain.getvalue(), 1, mtime=0)


def _problem(status: int, code: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(
        {"errors": [{"code": code, "message": code.lower()}]}, status=status, headers=headers
    )
