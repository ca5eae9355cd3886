"""`carrel link`: a way in for whoever owns this Carrel's files and has no password, or forgot it."""

from typing import Annotated

import typer

from carrel.cli import browser
from carrel.cli.cells import moment
from carrel.cli.here import Here
from carrel.cli.nouns import with_shared
from carrel.client import links


async def _link(
    here: Here,
    *,
    open_browser: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
) -> None:
    """Print a fresh link that signs the first admin in, once and within a day. Earlier ones work no more."""
    made = await links.make(here.client, replace=True)
    if here.screen.as_json:
        here.screen.thing(made, ())
        return
    if open_browser and browser.show_secret(made.url, here.place.private_folder):
        here.screen.note(f"Your browser signs you in as {made.user.name}. If it does not, say `carrel link`.")
        return
    here.screen.note(f"Signs in as {made.user.name}, once, until {moment(made.expires_at)}:")
    here.screen.text(made.url)


link = with_shared(_link)
