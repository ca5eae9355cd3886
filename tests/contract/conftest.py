"""The store's contract runs on both engines: a file of its own for each test, or a database in one private PostgreSQL per test process."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import asyncpg
import pytest

from carrel.domain.account import User
from carrel.domain.actor import Role
from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import BackendName, ClaimId, PoolName, TemplateName, UserId, WorkspaceId
from carrel.domain.pool import Pool
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.mint import new_id
from carrel.store import claims, pools, users, workspaces
from carrel.store.engine import Store, open_store
from carrel.store.schema import metadata

GET_POSTGRESQL = "no PostgreSQL found; install it (Debian: `apt-get install postgresql`) or put initdb and postgres on PATH"
SETTINGS = (
    *("-c", "listen_addresses="),
    *("-c", "fsync=off"),
    *("-c", "max_connections=200"),
    *("-c", "shared_buffers=32MB"),
    *("-c", "deadlock_timeout=100ms"),
)


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL nobody else can reach: a socket in a private directory, no TCP."""

    directory: Path

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://carrel@/{database}?host={self.directory}"

    def run(self, statement: str, database: str = "postgres") -> None:
        asyncio.run(self._run(statement, database))

    async def _run(self, statement: str, database: str) -> None:
        connection = await asyncpg.connect(host=str(self.directory), user="carrel", database=database)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    if found and (Path(found).parent / "postgres").exists():
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return versions[-1].parent if versions else None


def _account() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _wait_until_it_answers(cluster: Cluster, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = monotonic() + 30
    while True:
        try:
            return cluster.run("SELECT 1")
        except (OSError, asyncpg.PostgresError):
            if process.poll() is not None or monotonic() > deadline:
                pytest.fail(f"PostgreSQL did not come up: {log.read_text()}")
            sleep(0.05)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    binaries = _binaries()
    if binaries is None:
        if os.environ.get("CI") == "true":
            pytest.fail(GET_POSTGRESQL)
        pytest.skip(GET_POSTGRESQL)
    directory = Path(tempfile.mkdtemp(prefix="carrel-pg-"))
    account = _account()
    if account:
        shutil.chown(directory, account)
    data, log = directory / "data", directory / "log"
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "carrel", "-A", "trust", "-N", "-E", "UTF8", "--locale=C"],
        user=account,
        cwd=directory,
        check=True,
        capture_output=True,
    )
    with log.open("wb") as output:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", directory, *SETTINGS],
            user=account,
            cwd=directory,
            stdout=output,
            stderr=output,
        )
    try:
        cluster = Cluster(directory)
        _wait_until_it_answers(cluster, process, log)
        yield cluster
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        shutil.rmtree(directory, ignore_errors=True)


async def _migrate(url: str) -> None:
    store = open_store(url)
    await store.migrate()
    await store.aclose()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copied for each test: the migration itself is judged elsewhere."""
    path = tmp_path_factory.mktemp("migrated") / "carrel.sqlite"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_database(postgresql: Cluster) -> str:
    postgresql.run("CREATE DATABASE migrated")
    asyncio.run(_migrate(postgresql.url("migrated")))
    return "migrated"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def engine_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def empty_url(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without any table."""
    if engine_name == "sqlite":
        yield f"sqlite:///{tmp_path / 'state' / 'carrel.sqlite'}"
        return
    cluster: Cluster = request.getfixturevalue("postgresql")
    name = new_id()
    cluster.run(f"CREATE DATABASE {name}")
    yield cluster.url(name)
    cluster.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def url(engine_name: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A database with our tables and nothing in them."""
    if engine_name == "sqlite":
        path = tmp_path / "carrel.sqlite"
        shutil.copyfile(request.getfixturevalue("migrated_file"), path)
        return f"sqlite:///{path}"
    cluster: Cluster = request.getfixturevalue("postgresql")
    name: str = request.getfixturevalue("migrated_database")
    tables = reversed(metadata.sorted_tables)
    cluster.run("; ".join(f"DELETE FROM {table.name}" for table in tables), name)
    return cluster.url(name)


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Store]:
    store = open_store(url)
    try:
        yield store
    finally:
        await store.aclose()


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with _opened(url) as store:
        yield store


@pytest.fixture
async def replicas(url: str) -> AsyncIterator[list[Store]]:
    """Four control planes on one database."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(_opened(url)) for _ in range(4)]


class World:
    """Makes people, pools and workspaces in a store, at a time of its own that only goes on when told."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = datetime(2026, 1, 5, 9, 0, 0, 1, tzinfo=UTC)
        self._port = 20000

    def later(self, seconds: float = 1) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now

    async def user(self, name: str | None = None, role: Role = Role.USER) -> User:
        user = User(UserId(new_id()), name or new_id(), "Somebody", role, self.now)
        await self.store.write(users.add, user)
        return user

    async def pool(self, name: str | None = None, **policy: Any) -> Pool:
        pool = replace(
            Pool(PoolName(name or new_id()), TemplateName("jupyterlab"), BackendName("local")), **policy
        )
        await self.store.write(pools.put, pool, self.now)
        return pool

    def pending(self, pool: Pool) -> Workspace:
        return Workspace(
            id=WorkspaceId(new_id()),
            pool=pool.name,
            template=pool.template,
            template_version="v1",
            backend=pool.backend,
            phase=Phase.PENDING,
            desired=Desired.RUNNING,
            created_at=self.now,
            phase_at=self.now,
            secret="secret",
            price_per_hour=0.25,
        )

    async def intended(self, pool: Pool) -> Workspace:
        workspace = self.pending(pool)
        assert await self.store.write(workspaces.intend, workspace)
        return workspace

    async def moved(self, workspace: Workspace, *phases: Phase) -> Workspace:
        for phase in phases:
            found = await self.store.write(workspaces.move, workspace.id, workspace.version, phase, self.now)
            assert found is not None
            workspace = found
        return workspace

    async def warm(self, pool: Pool, many: int = 1) -> list[Workspace]:
        return [await self._warm(pool) for _ in range(many)]

    async def _warm(self, pool: Pool) -> Workspace:
        workspace = await self.moved(await self.intended(pool), Phase.STARTING)
        self._port += 1
        ready = await self.store.write(
            workspaces.move,
            workspace.id,
            workspace.version,
            Phase.READY,
            self.now,
            endpoint=Endpoint("127.0.0.1", self._port),
        )
        assert ready is not None
        return ready

    async def take(self, user: User, pool: Pool, name: str = "default") -> claims.Taken:
        return await self.store.write(
            claims.take, claim_id=ClaimId(new_id()), user_id=user.id, pool=pool, name=name, now=self.now
        )


@pytest.fixture
def world(store: Store) -> World:
    return World(store)
