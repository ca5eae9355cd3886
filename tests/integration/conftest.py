"""A hub over a real store and instances in memory, and people who ask it."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from carrel.clock import SystemClock
from carrel.domain.account import Session, Token, User
from carrel.domain.actor import Role, Scope, System
from carrel.domain.address import Addresses
from carrel.domain.claim import Claim
from carrel.domain.finding import Diagnosis
from carrel.domain.ids import (
    BackendName,
    InstallationId,
    PoolName,
    SessionId,
    TemplateName,
    TokenId,
    UserId,
    WorkspaceId,
)
from carrel.domain.pool import Pool
from carrel.domain.template import Template
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.drivers.memory import MemoryDriver, World
from carrel.mint import fingerprint, new_id, new_secret, new_token
from carrel.ports.driver import Spec
from carrel.ports.probe import Probe
from carrel.reconcile.bell import Bell
from carrel.services.context import Context
from carrel.services.handover import hand_over
from carrel.store import claims, pools, sessions, templates, tokens, users, workspaces
from carrel.store.engine import open_store
from carrel.web.app import hub_app

HUB = "http://localhost:8000"
API = "/hub/api/v1"
OURS = InstallationId("iaaaaaaaaaaaaaaa")


class AnswersAlways:
    async def answers(self, *args: object) -> bool:
        return True


class Healthy:
    """A doctor with nothing to say."""

    async def look(self, *, afresh: bool = False) -> Diagnosis:
        return Diagnosis(SystemClock().now(), ())


class Unheard:
    """A data plane that nobody listens to."""

    async def publish(self, routes: Sequence[object]) -> None:
        pass

    async def withdraw(self, withdrawals: Sequence[object]) -> None:
        pass


@dataclass
class House:
    context: Context
    driver: MemoryDriver
    app: FastAPI
    stack: AsyncExitStack
    recipe: Template
    people: dict[str, User] = field(default_factory=dict)

    async def person(self, name: str, role: Role = Role.USER) -> User:
        user = User(UserId(new_id()), name, name.title(), role, self.context.clock.now())
        await self.context.store.write(users.add, user)
        self.people[name] = user
        return user

    async def token_of(self, user: User, *scopes: Scope) -> str:
        secret, now = new_token(), self.context.clock.now()
        token = Token(TokenId(new_id()), user.id, "test", frozenset(scopes), now)
        await self.context.store.write(tokens.add, token, fingerprint(secret))
        return secret

    async def script(self, user: User, *scopes: Scope) -> httpx.AsyncClient:
        """Somebody's script; with the scopes read and use unless others are named."""
        secret = await self.token_of(user, *(scopes or (Scope.READ, Scope.USE)))
        return await self.client({"Authorization": f"Bearer {secret}"})

    async def browser(self, user: User) -> httpx.AsyncClient:
        secret, now = new_secret(), self.context.clock.now()
        session = Session(SessionId(new_id()), user.id, now, now + timedelta(days=1))
        await self.context.store.write(sessions.add, session, fingerprint(secret))
        return await self.client(
            {"Cookie": f"carrel-session={secret}", "Origin": HUB, "Sec-Fetch-Site": "same-origin"}
        )

    async def client(
        self, headers: dict[str, str] | None = None, app: FastAPI | None = None
    ) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app or self.app)
        client = httpx.AsyncClient(transport=transport, base_url=HUB, headers=headers)
        return await self.stack.enter_async_context(client)

    async def pool(self, name: str = "lab", *, warm: int = 0, limit: int = 10, per_user: int = 3) -> Pool:
        pool = Pool(
            PoolName(name), self.recipe.name, BackendName("memory"), warm=warm, limit=limit, per_user=per_user
        )
        await self.context.store.write(pools.put, pool, self.context.clock.now())
        return pool

    async def warm(self, pool: str = "lab", count: int = 1) -> list[Workspace]:
        """What the reconciler would have made ready."""
        return [await self._warm_one(PoolName(pool)) for _ in range(count)]

    async def assign(self, pool: str = "lab") -> None:
        """What the reconciler does for those who wait."""
        for claim in await self.context.store.write(claims.assign, PoolName(pool), self.context.clock.now()):
            await hand_over(self.context, claim)

    async def waiting(self, pool: str = "lab") -> list[Claim]:
        return await self.context.store.read(claims.waiting, PoolName(pool))

    def new_row(self, pool: str = "lab") -> Workspace:
        """One that nobody wrote yet."""
        now = self.context.clock.now()
        return Workspace(
            WorkspaceId(new_id()),
            PoolName(pool),
            self.recipe.name,
            self.recipe.version,
            BackendName("memory"),
            Phase.PENDING,
            Desired.RUNNING,
            now,
            now,
            secret=new_secret(),
        )

    async def _warm_one(self, pool: PoolName) -> Workspace:
        ctx, now, new = self.context, self.context.clock.now(), self.new_row(pool)
        assert await ctx.store.write(workspaces.intend, new)
        await self.driver.create(Spec(new.id, pool, self.recipe, new.secret))
        [endpoint] = [one.endpoint for one in await self.driver.list() if one.workspace_id == new.id]
        starting = await ctx.store.write(workspaces.move, new.id, new.version, Phase.STARTING, now)
        assert starting
        ready = await ctx.store.write(
            workspaces.move, new.id, starting.version, Phase.READY, now, endpoint=endpoint
        )
        assert ready
        return ready


@asynccontextmanager
async def open_house(database: Path, probe: Probe | None = None) -> AsyncIterator[House]:
    store = open_store(f"sqlite:///{database}")
    driver = MemoryDriver(World(), place=(OURS, "memory"), port=8888)
    context = Context(
        installation=OURS,
        store=store,
        clock=SystemClock(),
        wake=Bell(),
        drivers={BackendName("memory"): driver},
        probe=probe or AnswersAlways(),
        dataplane=Unheard(),
        addresses=Addresses(HUB, "http", "localhost", 8001),
    )
    recipe = Template(
        TemplateName("jupyterlab"), ("jupyter", "lab"), title="JupyterLab", open="lab", version="1"
    )
    await store.write(templates.put, recipe, context.clock.now())
    try:
        async with AsyncExitStack() as stack:
            yield House(context, driver, hub_app(context, checkup=Healthy()), stack, recipe)
    finally:
        await store.aclose()


@pytest.fixture(scope="session")
async def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, migrated once and copied for each test."""
    path = tmp_path_factory.mktemp("tables") / "carrel.sqlite"
    store = open_store(f"sqlite:///{path}")
    await store.migrate()
    await store.aclose()
    return path


@pytest.fixture
async def house(tables: Path, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(Path(shutil.copy(tables, tmp_path))) as found:
        yield found


@pytest.fixture
async def owner(house: House) -> httpx.AsyncClient:
    """Whoever may open the owner's socket."""
    return await house.client(app=hub_app(house.context, owner=System("owner"), checkup=Healthy()))
