"""A workspace in the person's browser: straight in, through a sign-in link where it is their own and nobody is signed in."""

from typing import Final

from carrel.cli import browser
from carrel.cli.here import Here
from carrel.client import links
from carrel.wire.v1 import Workspace

LINK_MINUTES: Final = 5
"""A browser opens at once; who comes later asks again."""


async def lead_in(here: Here, workspace: Workspace, claim_id: str | None) -> None:
    """The owner's socket knows no browser session, so the first admin is led through a link that makes one. Everybody else
    signs in on the way, as always.
    """
    if await _shown(here, workspace, claim_id):
        here.screen.note("Opened in your browser. If it shows nothing, open the address above.")
    else:
        here.screen.note("There is no browser here to open it in. Open the address above where you have one.")


async def _shown(here: Here, workspace: Workspace, claim_id: str | None) -> bool:
    if here.place.is_owners and claim_id is not None:
        link = await links.make(here.client, next_page=f"/hub/claims/{claim_id}", minutes=LINK_MINUTES)
        if link.user.id == workspace.owner:
            return browser.show_secret(link.url, here.place.private_folder)
    return browser.show(workspace.url)
