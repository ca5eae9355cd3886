"""What a browser does on a page of ours: read it, find a form, send it. Decides nothing about what is right."""

import re
from html import unescape

import httpx

from carrel.domain.account import User
from carrel.domain.actor import Person
from carrel.domain.ids import SessionId
from carrel.mint import new_id

NAVIGATION = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


async def read(client: httpx.AsyncClient, address: str, status: int = 200) -> str:
    answer = await client.get(address, headers=NAVIGATION)
    assert answer.status_code == status, (
        f"{answer.status_code}: {answer.headers.get('location')} {answer.text[:300]}"
    )
    return answer.text


def forms(page: str) -> list[str]:
    """Where the page's forms go."""
    return re.findall(r'<form[^>]* action="([^"]+)"', page)


async def submit(client: httpx.AsyncClient, page: str, action: str, **fields: str) -> httpx.Response:
    """The form on this page that goes there and has these fields' names, filled in so."""
    found = re.findall(rf'<form[^>]* action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert found, f"no form to {action} but to {forms(page)}"
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', found[0])
    sent = {name: unescape(value) for name, value in hidden} | fields
    return await client.post(action, data=sent, headers=NAVIGATION)


def words(page: str) -> str:
    """What people read of it, on one line."""
    body = page.partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def acting(user: User) -> Person:
    """Signed in, for the services."""
    return Person(user.id, user.name, user.role, SessionId(new_id()))
