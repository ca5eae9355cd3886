"""How soon and how heavy every page comes when a thousand people hold a thousand workspaces. The pages are those that links lead to."""

import asyncio
import gzip
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from bench import carrel as subject
from bench import null
from bench.browser import Answer, Browser
from bench.carrel import Carrel, Person
from bench.processes import BenchError, free_ports
from bench.report import Row
from bench.setting import Setting
from bench.stats import percentile

GOAL_MS, GOAL_BYTES = 100, 50_000
AT_ONCE = 8
MOST_PAGES = 60
LINK = re.compile(r'<a\b[^>]*\shref="(/hub/[^"#?]*)"')
FETCHED = re.compile(r"""<(?:link|script|img|use)\b[^>]*?\s(?:href|src)="([^"#]+)""")


@dataclass(slots=True)
class Page:
    name: str
    milliseconds: list[float] = field(default_factory=list)
    bytes: int = 0
    """With all that it fetches, each once."""
    compressed: int = 0

    @property
    def median(self) -> float:
        return percentile(self.milliseconds, 0.5)


async def measure(setting: Setting) -> Sequence[Row]:
    people = setting.choose(1000, 20)
    (port,) = free_ports(1)
    async with (
        null.app(setting.folder, port),
        subject.running(setting.folder / "carrel", null.config(2, port, limit=2 * people)) as carrel,
    ):
        admin = await _fill(carrel, people)
        pages = [Page(name) for name in await _found(admin.browser, f"{carrel.url}/hub/")]
        for page in pages:
            await _weigh(admin.browser, carrel.url, page)
        for _ in range(setting.choose(30, 3)):
            for page in pages:
                page.milliseconds.append(await _milliseconds(admin.browser, carrel.url + page.name))
    return _rows(people, pages)


async def _fill(carrel: Carrel, people: int) -> Person:
    """Everybody holds one; the admin, too, and stays signed in."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def arrive(number: int) -> None:
        async with turns:
            user = await carrel.add_user(f"person{number}")
            await carrel.api("POST", "/claims", {"pool": null.POOL, "user": user})

    await asyncio.gather(*(arrive(number) for number in range(people)))
    admin = await carrel.sign_in("admiral")
    await carrel.api("PATCH", f"/users/{admin.id}", {"role": "admin"})
    await carrel.api("POST", "/claims", {"pool": null.POOL, "user": admin.id})
    await carrel.settled(null.POOL, held=people + 1, within=240)
    return admin


async def _found(browser: Browser, start: str) -> list[str]:
    """Every page that links lead to from the first one; of those that differ in an id alone, one."""
    ahead, seen = [urlsplit(start).path], dict[str, str]()
    while ahead and len(seen) < MOST_PAGES:
        path = ahead.pop(0)
        if _kind(path) in seen:
            continue
        answer = await browser.get(urljoin(start, path))
        there = urlsplit(answer.url)
        if there.port != urlsplit(start).port or "text/html" not in (answer.header("content-type") or ""):
            continue
        seen.setdefault(_kind(there.path), there.path)
        ahead += LINK.findall(answer.text)
    return list(seen.values())


def _kind(path: str) -> str:
    """/hub/admin/people/x and /hub/admin/people/y are the same page about different people."""
    parts = path.strip("/").split("/")
    own = 3 if parts[1:2] == ["admin"] else 2
    return "/".join(parts[:own]) + "/…" * (len(parts) - own)


async def _weigh(browser: Browser, hub: str, page: Page) -> None:
    answer = await _right(browser, hub + page.name)
    bodies = {page.name: answer.body}
    for found in FETCHED.findall(answer.text):
        bodies[found] = (await _right(browser, urljoin(answer.url, found))).body
    page.bytes = sum(len(body) for body in bodies.values())
    page.compressed = sum(len(gzip.compress(body)) for body in bodies.values())


async def _milliseconds(browser: Browser, url: str) -> float:
    began = time.perf_counter()
    await _right(browser, url)
    return (time.perf_counter() - began) * 1000


async def _right(browser: Browser, url: str) -> Answer:
    answer = await browser.get(url)
    if answer.status != 200 or answer.url != url:
        raise BenchError(f"{url} answered {answer.status} at {answer.url}: {answer.text[:300]}")
    return answer


def _rows(people: int, pages: Sequence[Page]) -> list[Row]:
    slowest = max(pages, key=lambda page: page.median)
    heaviest = max(pages, key=lambda page: page.bytes)
    among = f"of {len(pages)} pages, {people:,} people with a workspace each"
    details: dict[str, object] = {
        page.name: {"milliseconds": page.milliseconds, "bytes": page.bytes, "compressed": page.compressed}
        for page in pages
    }
    return [
        Row(
            measure="a page to its last byte, the slowest",
            unit="ms",
            ours=slowest.median,
            theirs=None,
            peer="",
            goal=f"≤ {GOAL_MS} ms",
            met=slowest.median <= GOAL_MS,
            note=f"{slowest.name}; median of {len(slowest.milliseconds)}; {among}",
            details=details,
        ),
        Row(
            measure="a page with all it fetches, the heaviest",
            unit="kB",
            ours=heaviest.bytes / 1000,
            theirs=None,
            peer="",
            goal=f"≤ {GOAL_BYTES // 1000} kB",
            met=heaviest.bytes <= GOAL_BYTES,
            note=f"{heaviest.name}, not compressed; gzip would make {heaviest.compressed / 1000:.0f} kB of it; {among}",
        ),
    ]
