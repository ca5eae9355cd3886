"""Somebody at a browser without a browser: forms, redirects and cookies by host, path and name, and nothing else."""

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from .running import Carrel, PersonWithToken

NAVIGATION = {
    "Accept": "text/html,application/xhtml+xml",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Site": "none",
}


@dataclass(slots=True)
class Visitor:
    carrel: Carrel
    cookies: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """(host, path, name) → value. A browser that takes no Secure cookies on plain http, so that the fallback is tried too."""

    async def get(self, address: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return await self._ask("GET", address, headers=headers or {})

    async def navigate(self, address: str) -> httpx.Response:
        """Follows redirects as a person's browser does."""
        for _ in range(12):
            answer = await self._ask("GET", address, headers=NAVIGATION)
            if answer.status_code not in (301, 302, 303, 307):
                return answer
            address = urljoin(address, answer.headers["location"])
        raise AssertionError(f"redirected for ever, last to {address}")

    async def submit(self, page: httpx.Response, action: str, **fields: str) -> httpx.Response:
        """Sends the page's form that goes to `action`, with its hidden fields."""
        form = next(
            found.group()
            for found in re.finditer(r"<form.*?</form>", page.text, re.DOTALL)
            if f'action="{action}"' in found.group()
        )
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
        site = {
            "Origin": f"http://localhost:{self.carrel.port}",
            **NAVIGATION,
            "Sec-Fetch-Site": "same-origin",
        }
        return await self._ask(
            "POST",
            urljoin(str(page.url), action),
            headers=site,
            data={**{name: unescape(value) for name, value in hidden.items()}, **fields},
        )

    async def enter(self, base: str) -> None:
        answer = await self.navigate(base + "hello")
        assert answer.status_code == 200, f"{answer.status_code} at {answer.url}: {answer.text[:500]}"
        assert "carrel-code" not in str(answer.url), "the address is left clean"

    async def sign_out(self) -> None:
        page = await self.navigate(self.carrel.hub)
        answer = await self.submit(page, "/hub/sign-out")
        assert answer.status_code in (302, 303), answer.text

    def forget(self, name: str) -> None:
        self.cookies = {key: value for key, value in self.cookies.items() if key[2] != name}

    async def aclose(self) -> None:
        self.cookies.clear()

    async def _ask(
        self, method: str, address: str, *, headers: dict[str, str], **more: Any
    ) -> httpx.Response:
        parts = urlsplit(address)
        sent = "; ".join(
            f"{name}={value}"
            for (host, path, name), value in self.cookies.items()
            if host == parts.hostname and parts.path.startswith(path)
        )
        async with self.carrel.browserless() as client:
            answer = await client.request(
                method, address, headers={**headers, **({"Cookie": sent} if sent else {})}, **more
            )
        answer.request.url = httpx.URL(address)
        self._keep(parts.hostname or "", answer)
        return answer

    def _keep(self, host: str, answer: httpx.Response) -> None:
        for line in answer.headers.get_list("set-cookie"):
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            told = {
                key.lower(): text for key, _, text in (attribute.partition("=") for attribute in attributes)
            }
            if "secure" in told:
                continue
            key = (host, told.get("path", "/"), name)
            if told.get("max-age") == "0":
                self.cookies.pop(key, None)
            else:
                self.cookies[key] = value


async def signed_in(carrel: Carrel, person: PersonWithToken) -> Visitor:
    visitor = Visitor(carrel)
    page = await visitor.navigate(f"{carrel.hub}sign-in")
    answer = await visitor.submit(page, "/hub/sign-in", name=person.name, password=person.password)
    assert answer.status_code in (302, 303), answer.text
    return visitor
