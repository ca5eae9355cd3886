"""The page of parts: everything pages are made of, side by side, so that they stay alike. Shown in development only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.event import Event
from carrel.domain.workspace import Phase
from carrel.web.pages.frame import context_of, forgiving, shown

ICONS: Final = (
    "home",
    "gauge",
    "pool",
    "box",
    "people",
    "flag",
    "pulse",
    "gear",
    "list",
    "key",
    "user",
    "sign-out",
    "play",
    "stop",
    "restart",
    "clock",
    "plus",
    "check",
    "x",
    "alert",
    "info",
    "search",
    "arrow",
    "external",
    "bell",
    "download",
    "log",
    "eye",
    "pause",
    "trash",
    "undo",
    "copy",
    "ticket",
    "flask",
    "terminal",
    "chevron",
    "notebook",
    "chart",
    "r",
    "desktop",
    "code",
)


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    state: str
    took: str = ""
    note: str = ""


_STEPS: Final = (
    _Step("Queue", "done", "12 s"),
    _Step("Start", "failed", "3 s", "Its command was not found."),
    _Step("App answers", "now", note="It usually takes about 4 seconds."),
    _Step("Your files", "todo"),
)


def routes() -> list[BaseRoute]:
    return [Route("/hub/parts", forgiving(page), methods=["GET"])]


async def page(request: Request) -> Response:
    now = context_of(request).clock.now()
    return shown(
        request,
        "parts_page.html",
        icons=ICONS,
        phases=tuple(Phase),
        steps=_STEPS,
        events=_events(now),
        moments=[now + timedelta(seconds=seconds) for seconds in (-5, -240, 9000, 400_000)],
    )


def _events(now: datetime) -> list[Event]:
    told = (
        ("starting", "A workspace is being started."),
        ("ready", "Its app answered after 4 seconds."),
        ("printed", 'Traceback (most recent call last):\n  File "app.py", line 1\nMemoryError'),
        ("failed", "It ended by itself."),
    )
    return [Event(seq, now, kind, sentence) for seq, (kind, sentence) in enumerate(told, 1)]
