"""Sees to it that an image is on the engine: looks, and has it fetched as the policy says, once however many wait for it. What a
registry's refusal means is in `pull_faults`, how far it has come in `pulling`.
"""

import asyncio
import base64
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from aiodocker import Docker
from aiodocker.exceptions import DockerError
from aiohttp import ClientError, ClientTimeout

from carrel.clock import SystemClock
from carrel.domain.instance import Progress
from carrel.drivers.docker.images import image_name, pull_faults, registries
from carrel.drivers.docker.images.image_name import ImageName
from carrel.drivers.docker.images.pulling import Pulling
from carrel.drivers.docker.images.registries import Registry
from carrel.ports.clock import Clock
from carrel.ports.driver import DriverUnavailable

Policy = Literal["missing", "always", "never"]

PAUSES: Final = (2.0, 10.0)
"""Seconds before another try at a registry that does not answer; the engine tries each part several times by itself."""
SILENT_FOR: Final = 600.0
"""Seconds without a word from the engine after which fetching is given up: it says each second that it is trying again."""
FRESH_FOR: Final = 60.0
"""Seconds in which "always" does not ask the registry again, so that 50 claims are not 50 questions."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ImageFacts:
    id: str
    user: str
    """As the image has it: a name, "uid", "uid:gid" or empty, which is root."""
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    command: tuple[str, ...] = ()
    """Its entry point and arguments, as one."""
    working_dir: str = ""
    ports: tuple[int, ...] = ()
    """Exposed ones, TCP only, ascending."""


@dataclass(frozen=True, slots=True)
class _Job:
    pulling: Pulling
    task: asyncio.Task[None]


class Images:
    def __init__(
        self,
        client: Callable[[], Docker],
        *,
        policy: Policy = "missing",
        known: Mapping[str, Registry] = MappingProxyType({}),
        clock: Clock | None = None,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        """`client` is asked at each use, so that it may be opened late and opened anew. `known`: registries with a password."""
        self._client = client
        self._policy = policy
        self._known = known
        self._clock = clock or SystemClock()
        self._pauses = pauses
        self._jobs: dict[str, _Job] = {}
        self._fetched: dict[str, float] = {}
        self._troubles: dict[str, str] = {}
        """What went wrong at the last try at those that are not there, for the time until somebody asks for them again."""

    async def ensure(self, image: str) -> ImageFacts:
        """Returns when the image is there. Whoever gives up waiting stops nobody: what was begun is fetched to its end.

        Raises Rejected with IMAGE_MISSING (no such image, refused, no name of one), OutOfCapacity with DISK_FULL, DriverUnavailable when
        the engine is away, or the registry after several tries.
        """
        name = image_name.read(image)
        if name is None:
            raise pull_faults.misnamed(image)
        facts = await self._here(name)
        if facts is None and not name.can_be_pulled:
            raise pull_faults.missing(image, because="one named by its id cannot be fetched")
        if facts is None and self._policy == "never":
            raise pull_faults.missing(image, because='its backend fetches none (pull = "never")')
        if facts is None:
            return await self._fetch(name, image)
        if self._policy == "always" and name.can_be_pulled and not self._is_fresh(name):
            return await self._renewed(name, image, facts)
        return facts

    def progress(self, image: str) -> Progress | None:
        """How far fetching it has come, or what went wrong at the last try; None while nobody fetches it."""
        name = image_name.read(image)
        if name is None:
            return None
        job, trouble = self._jobs.get(name.full), self._troubles.get(name.full)
        if job is not None:
            return job.pulling.progress
        return Pulling(image, trouble).progress if trouble is not None else None

    async def aclose(self) -> None:
        """Ends what is being fetched; what the engine has of it already, it keeps."""
        tasks = [job.task for job in self._jobs.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _here(self, name: ImageName) -> ImageFacts | None:
        try:
            found = facts_of(await self._client().images.inspect(name.full))
        except DockerError as error:
            if error.status == 404:
                return None
            raise pull_faults.refusal(name.full, name.registry, error) from error
        except (ClientError, OSError, TimeoutError) as error:
            raise pull_faults.engine_away() from error
        self._troubles.pop(name.full, None)
        return found

    def _is_fresh(self, name: ImageName) -> bool:
        at = self._fetched.get(name.full)
        return at is not None and self._clock.monotonic() - at < FRESH_FOR

    async def _renewed(self, name: ImageName, image: str, facts: ImageFacts) -> ImageFacts:
        """A registry that is away keeps nobody from the image that is there; one that refuses does."""
        try:
            return await self._fetch(name, image)
        except DriverUnavailable as error:
            _log.warning("The image that is there is used: %s", error.sentence)
            return facts

    async def _fetch(self, name: ImageName, image: str) -> ImageFacts:
        job = self._jobs.get(name.full) or self._begin(name, image)
        try:
            await asyncio.shield(job.task)
        except asyncio.CancelledError:
            if job.task.cancelled():
                raise DriverUnavailable("This backend is being closed.") from None
            raise
        facts = await self._here(name)
        if facts is None:
            raise pull_faults.broken_off(image)
        return facts

    def _begin(self, name: ImageName, image: str) -> _Job:
        pulling = Pulling(image, self._troubles.get(name.full))
        job = _Job(pulling, asyncio.create_task(self._pull(name, pulling)))
        self._jobs[name.full] = job

        def over(task: asyncio.Task[None]) -> None:
            self._jobs.pop(name.full, None)
            if not task.cancelled():
                task.exception()  # looked at, as everybody who waited may have given up

        job.task.add_done_callback(over)
        return job

    async def _pull(self, name: ImageName, pulling: Pulling) -> None:
        for pause in (*self._pauses, None):
            try:
                await self._pull_once(name, pulling)
            except DriverUnavailable as error:
                pulling.trouble = self._troubles[name.full] = error.sentence
                if pause is None:
                    raise
                _log.info("Fetching is tried again in %g seconds: %s", pause, error.sentence)
                await self._clock.sleep(pause)
            else:
                return

    async def _pull_once(self, name: ImageName, pulling: Pulling) -> None:
        try:
            await self._listen(name, pulling)
        except DockerError as error:
            raise pull_faults.refusal(pulling.image, name.registry, error) from error
        except (ClientError, OSError, TimeoutError, ValueError) as error:
            raise pull_faults.broken_off(pulling.image) from error
        if await self._here(name) is None:  # a lost connection looks like the end
            raise pull_faults.broken_off(pulling.image)
        self._fetched[name.full] = self._clock.monotonic()

    async def _listen(self, name: ImageName, pulling: Pulling) -> None:
        """Not by aiodocker's own `pull`: it leaves the connection open when it is given up, and then the engine goes on fetching."""
        client = self._client()
        version = "" if client.api_version == "auto" else f"/{client.api_version}"
        request = client.session.post(
            f"{client.docker_host}{version}/images/create",
            params={"fromImage": name.full},
            headers=_login(registries.credentials(self._known, name.registry)),
            timeout=ClientTimeout(sock_connect=10.0, sock_read=SILENT_FOR),
        )
        async with request as response:
            if response.status >= 400:
                raise DockerError(response.status, _said(await response.text()))
            async for line in response.content:
                message = json.loads(line)
                if "error" in message:
                    raise DockerError(0, str(message["error"]))
                pulling.hear(message)


def _login(credentials: Mapping[str, str] | None) -> dict[str, str]:
    if credentials is None:
        return {}
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(credentials).encode()).decode("ascii")}


def _said(answer: str) -> str:
    try:
        return str(json.loads(answer)["message"])
    except (ValueError, KeyError, TypeError):
        return answer


def facts_of(shown: Mapping[str, Any]) -> ImageFacts:
    """From what the engine shows of an image."""
    config = shown.get("Config") or {}
    environment = dict(line.split("=", 1) for line in config.get("Env") or () if "=" in line)
    ports = (port.removesuffix("/tcp") for port in config.get("ExposedPorts") or ())
    return ImageFacts(
        id=shown["Id"],
        user=config.get("User") or "",
        environment=MappingProxyType(environment),
        command=(*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())),
        working_dir=config.get("WorkingDir") or "",
        ports=tuple(sorted(int(port) for port in ports if port.isdigit())),
    )
