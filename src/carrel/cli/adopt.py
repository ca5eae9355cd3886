"""carrel home adopt: what an older system keeps for its users, taken over as homes. What would be done is a table of its own."""

from typing import Annotated

import typer
from pydantic import ValidationError

from carrel.cli.here import Here
from carrel.cli.table import Column
from carrel.client import homes
from carrel.domain.errors import Invalid
from carrel.domain.home import USUAL_HOME
from carrel.rules.volume_names import USUAL_PATTERN
from carrel.wire.v1 import HomeAdoption, HomeAdoptionRequest

_COLUMNS = (
    Column("volume"),
    Column("user_name", title="person"),
    Column("home", 1),
    Column("outcome"),
    Column("sentence", 2, "why", folds=True),
)


async def adopt(
    here: Here,
    *,
    backend: Annotated[
        str | None, typer.Option("--backend", help="Where to look; needed where several could have some.")
    ] = None,
    pattern: Annotated[
        str,
        typer.Option("--pattern", help="How a volume is named, with {username} and perhaps {servername}."),
    ] = USUAL_PATTERN,
    escape: Annotated[
        str | None,
        typer.Option(
            "--escape", help="The rule by which names were written: new or legacy. Default: either."
        ),
    ] = None,
    called: Annotated[str, typer.Option("--as", help="What the homes are to be called.")] = USUAL_HOME,
    create_people: Annotated[
        bool, typer.Option("--create-people", help="Let in whoever is not here yet, without a password.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")
    ] = False,
) -> None:
    """Take over the volumes of a JupyterHub as homes, where they lie. Repeating it is harmless. Begin with --dry-run."""
    given = {
        "backend": backend,
        "pattern": pattern,
        "escape": escape,
        "home": called,
        "create_people": create_people,
        "dry_run": dry_run,
    }
    try:
        wanted = HomeAdoptionRequest.model_validate(given)
    except ValidationError as error:
        part = {"home": "as"}.get(str(error.errors()[0]["loc"][0]), str(error.errors()[0]["loc"][0]))
        raise Invalid(f"--{part} cannot be that. See: carrel home adopt --help") from error
    done = await homes.adopt(here.client, wanted)
    if here.screen.as_json:
        here.screen.thing(done, ())
        return
    empty = f"No volume of backend {done.backend} is named like {pattern}."
    here.screen.rows(done.volumes, _COLUMNS, empty=empty)
    here.screen.note(_counted(done, dry_run=dry_run))


def _counted(done: HomeAdoption, *, dry_run: bool) -> str:
    outcome = "adopt" if dry_run else "adopted"
    many, already = done.counts.get(outcome, 0), done.counts.get("already", 0)
    left = len(done.volumes) - many - already
    said = f"{many} would be taken over" if dry_run else f"{many} taken over"
    parts = [said, f"{already} were before", f"{left} left as they are", f"{done.others} named otherwise"]
    return ", ".join(parts) + (". Nothing was changed." if dry_run else ".")
