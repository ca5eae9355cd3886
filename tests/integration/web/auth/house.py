"""A hub and an authorizer over a real store, a clock that is moved by hand, and browsers that keep cookies as browsers do."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI
from starlette.applications import Starlette

from carrel.domain.account import User
from carrel.domain.actor import Person, Role, System
from carrel.domain.address import Addresses
from carrel.domain.endpoint import Endpoint
from carrel.domain.errors import Unavailable
from carrel.domain.ids import (
    BackendName,
    ClaimId,
    HomeId,
    InstallationId,
    PoolName,
    SessionId,
    TemplateName,
    WorkspaceId,
)
from carrel.domain.pool import Pool
from carrel.domain.route import Route, Withdrawal
from carrel.domain.template import Template
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.mint import new_id, new_secret
from carrel.reconcile.bell import Bell
from carrel.services import users
from carrel.services.context import Context
from carrel.services.passwords import Passwords
from carrel.services.signing import Signer, open_signer
from carrel.store import claims, homes, pools, templates, workspaces
from carrel.store import users as user_rows
from carrel.store.engine import open_store
from carrel.web.app import hub_app
from carrel.web.internal import PREFIX, authorizer_app

HUB = "http://localhost:8000"
PASSWORD = "correct horse battery"


class HandClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Remembering:
    """A data plane that remembers what it was told, or is away."""

    def __init__(self) -> None:
        self.told: list[list[Withdrawal]] = []
        self.is_away = False

    async def publish(self, routes: Sequence[Route]) -> None: ...

    async def withdraw(self, withdrawals: Sequence[Withdrawal]) -> None:
        if self.is_away:
            raise Unavailable("The data plane cannot be told.")
        self.told.append(list(withdrawals))


class Answers:
    async def answers(self, *_: object) -> bool:
        return True


@dataclass
class Browser:
    """Sends what a person's clicks send. `takes_strong`: whether it knows the prefix that the best cookie name has."""

    hub: FastAPI
    authorizer: Starlette
    takes_strong: bool = False
    jar: dict[tuple[str, str, str], str] = field(default_factory=dict)
    last: str = HUB

    async def open(self, url: str, **headers: str) -> httpx.Response:
        """One hop of following a link."""
        return await self.send("GET", url, **{**navigation("none"), **headers})

    async def follow(self, url: str, hops: int = 8) -> httpx.Response:
        """Until something is answered that is no redirect."""
        answer = await self.open(url)
        for _ in range(hops):
            if not answer.is_redirect:
                return answer
            answer = await self.open(urljoin(self.last, answer.headers["location"]))
        raise AssertionError(f"went in circles, last to {self.last}")

    async def fetch(self, url: str, method: str = "GET", **headers: str) -> httpx.Response:
        return await self.send(
            method,
            url,
            **{
                "sec-fetch-site": "same-origin",
                "sec-fetch-mode": "cors",
                "sec-fetch-dest": "empty",
                **headers,
            },
        )

    async def submit(
        self, page: httpx.Response, action: str, fields: dict[str, str], **headers: str
    ) -> httpx.Response:
        """The form on `page` that goes to `action`, with these fields filled in."""
        hidden = form_fields(page.text, action)
        return await self.post(action, {**hidden, **fields}, **headers)

    async def post(self, url: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        sent = {
            **navigation("same-origin"),
            "origin": HUB,
            "content-type": "application/x-www-form-urlencoded",
            **headers,
        }
        return await self.send("POST", urljoin(HUB, url), body=urlencode(fields).encode(), **sent)

    async def send(self, method: str, url: str, *, body: bytes = b"", **headers: str) -> httpx.Response:
        url = urljoin(self.last, url)
        target = urlsplit(url)
        app: FastAPI | Starlette = self.hub
        sent = url
        if target.port == 8001:
            app = self.authorizer
            sent = f"http://{target.netloc}{PREFIX}{target.path}" + (
                f"?{target.query}" if target.query else ""
            )
        crumbs = self.cookies_for(target.hostname or "", target.path)
        if crumbs and "cookie" not in headers:
            headers["cookie"] = crumbs
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport) as client:
            request = client.build_request(method, sent, content=body, headers=headers)
            answer = await client.send(request)
        self.last = url
        self._keep(target.hostname or "", answer)
        return answer

    def cookies_for(self, host: str, path: str) -> str:
        return "; ".join(
            f"{name}={value}"
            for (of_host, of_path, name), value in self.jar.items()
            if of_host == host and path.startswith(of_path)
        )

    def named(self, name: str) -> list[str]:
        return [value for (_, _, of_name), value in self.jar.items() if of_name == name]

    def _keep(self, host: str, answer: httpx.Response) -> None:
        for line in answer.headers.get_list("set-cookie"):
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            told = dict(part.partition("=")[::2] for part in attributes)
            if name.startswith("__Host-") and not self.takes_strong:
                continue
            key = (host, told["Path"], name)
            self.jar.pop(key, None)
            if told.get("Max-Age") != "0":
                self.jar[key] = value


def navigation(site: str) -> dict[str, str]:
    return {
        "sec-fetch-site": site,
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
        "accept": "text/html",
    }


def form_fields(page: str, action: str) -> dict[str, str]:
    forms = re.findall(r'<form [^>]*method="post" action="([^"]+)".*?</form>', page, re.DOTALL)
    assert action in forms, f"no form to {action} but to {forms}"
    [form] = re.findall(rf'<form [^>]*method="post" action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    return {name: unescape(value) for name, value in fields}


@dataclass
class House:
    context: Context
    clock: HandClock
    dataplane: Remembering
    signer: Signer
    hub: FastAPI
    authorizer: Starlette

    def browser(self, *, takes_strong: bool = False) -> Browser:
        return Browser(self.hub, self.authorizer, takes_strong=takes_strong)

    async def person(self, name: str, role: Role = Role.USER) -> User:
        return await users.create(self.context, System(), name=name, password=PASSWORD, role=role)

    async def signed_in(self, name: str, **options: bool) -> Browser:
        browser = self.browser(**options)
        answer = await sign_in(browser, name)
        assert answer.status_code == 303, answer.text
        return browser

    async def as_person(self, name: str) -> Person:
        """Somebody who is signed in, for the services."""
        found = await self.context.store.read(user_rows.by_name, name)
        assert found is not None
        return Person(found.id, found.name, found.role, SessionId(new_id()))

    async def workspace(self, owner: User, name: str = "default") -> Workspace:
        """One that is ready, held by `owner`, and has their files in it."""
        store, now, new = self.context.store, self.clock.now(), self.new_workspace()
        assert await store.write(workspaces.intend, new)
        starting = await store.write(workspaces.move, new.id, 0, Phase.STARTING, now)
        assert starting is not None
        place = Endpoint("127.0.0.1", 40_000)
        assert await store.write(workspaces.move, new.id, starting.version, Phase.READY, now, endpoint=place)
        taken = await store.write(
            claims.take, claim_id=ClaimId(new_id()), user_id=owner.id, pool=POOL, name=name, now=now
        )
        held = await store.write(workspaces.of_claim, taken.claim.id)
        assert held is not None
        home = await store.write(homes.ensure, HomeId(new_id()), owner.id, "default", now)
        attached = await store.write(workspaces.attached, held.id, held.version, home.id, now)
        assert attached is not None
        return attached

    def new_workspace(self) -> Workspace:
        """A row that nobody wrote yet."""
        now = self.clock.now()
        return Workspace(
            WorkspaceId(new_id()), POOL.name, RECIPE.name, RECIPE.version, POOL.backend, Phase.PENDING,
            Desired.RUNNING, now, now, secret=new_secret(),
        )  # fmt: skip

    async def now_of(self, workspace: Workspace) -> Workspace:
        found = await self.context.store.read(workspaces.get, workspace.id)
        assert found is not None
        return found

    def url(self, workspace: Workspace, path: str = "lab") -> str:
        return self.context.addresses.workspace_page(workspace.id, path)


RECIPE = Template(TemplateName("jupyterlab"), ("jupyter",), title="JupyterLab", open="lab", version="1")
POOL = Pool(PoolName("lab"), RECIPE.name, BackendName("local"), limit=10, per_user=5)


async def begin(browser: Browser, next_page: str = "/hub/") -> httpx.Response:
    return await browser.open(f"{HUB}/hub/sign-in?{urlencode({'next': next_page})}")


async def sign_in(browser: Browser, name: str, password: str = PASSWORD, **headers: str) -> httpx.Response:
    return await browser.submit(
        await begin(browser), "/hub/sign-in", {"name": name, "password": password}, **headers
    )


@asynccontextmanager
async def open_house(database: Path) -> AsyncIterator[House]:
    store = open_store(f"sqlite:///{database}")
    clock, dataplane = HandClock(), Remembering()
    context = Context(
        installation=InstallationId("iaaaaaaaaaaaaaaa"),
        store=store,
        clock=clock,
        wake=Bell(),
        drivers={},
        probe=Answers(),
        dataplane=dataplane,
        addresses=Addresses(HUB, "http", "localhost", 8001),
        passwords=Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)),
    )
    await store.write(templates.put, RECIPE, clock.now())
    await store.write(pools.put, POOL, clock.now())
    signer = await open_signer(context)
    yield House(context, clock, dataplane, signer, hub_app(context), authorizer_app(context, signer))
    await store.aclose()
