"""What a page costs: the bytes a browser fetches for it, and the statements the store is asked."""

import gzip
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import sqlalchemy as sa
from sqlalchemy import event

FETCHED = re.compile(r"""<(?:link|script|img|use)\b[^>]*?\s(?:href|src)="([^"#]+)""")
IMPORTED = re.compile(r"""(?:import|from)\s*\(?\s*["'](\.[^"']+)""")


@dataclass(slots=True)
class Weight:
    parts: dict[str, int] = field(default_factory=dict)
    compressed: int = 0

    @property
    def whole(self) -> int:
        return sum(self.parts.values())

    def add(self, name: str, body: bytes) -> None:
        self.parts[name] = len(body)
        self.compressed += len(gzip.compress(body))


async def weighed(client: httpx.AsyncClient, page: httpx.Response) -> Weight:
    """The page and every file it names, each once, and the modules those import."""
    weight = Weight()
    weight.add(page.url.path, page.content)
    ahead = [urljoin(str(page.url), found) for found in FETCHED.findall(page.text)]
    while ahead:
        address = ahead.pop()
        name = urlsplit(address).path
        if name in weight.parts:
            continue
        answer = await client.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        weight.add(name, answer.content)
        if name.endswith(".js"):
            ahead += [urljoin(address, found) for found in IMPORTED.findall(answer.text)]
    return weight


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that every store of this process was asked meanwhile, beginnings and ends left out."""
    asked: list[str] = []

    def note(*given: Any) -> None:
        asked.append(given[2])

    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)
