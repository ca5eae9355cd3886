"""carrel home: somebody's files, apart from every workspace. Downloads are written beside their place first, so that half of one
never looks like a whole.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

import typer

from carrel.cli import complete, people
from carrel.cli.adopt import adopt
from carrel.cli.here import Here
from carrel.cli.nouns import command, noun
from carrel.cli.table import Column
from carrel.client import homes
from carrel.domain.errors import Conflict, Invalid, NotFound
from carrel.domain.units import rough_size
from carrel.mint import new_id
from carrel.wire.v1 import Home

_FIELDS = (
    "id",
    "name",
    "size_bytes",
    "size_warning",
    "pool",
    "workspace",
    "claim",
    "used_at",
    "measured_at",
    "created_at",
    "deleted_at",
    "removed_at",
)
_COLUMNS = (
    Column("home.name", title="name"),
    Column("size", 1),
    Column("home.used_at", 2, "used"),
    Column("home.pool", 1, "in pool"),
    Column("home.workspace", 3, "workspace"),
    Column("home.removed_at", title="deleted, kept until"),
    Column("home.id", 4, "id"),
)

app = noun("home")


@dataclass(frozen=True, slots=True)
class _Line:
    """A home as a table tells it."""

    home: Home

    @property
    def size(self) -> str | None:
        return rough_size(self.home.size_bytes) if self.home.size_bytes is not None else None

    def model_dump(self, *, mode: Literal["json"]) -> dict[str, Any]:
        return self.home.model_dump(mode=mode)


Whose = Annotated[
    str | None,
    typer.Option("--user", help="Whose: name or id. For admins.", autocompletion=complete.users),
]
Which = Annotated[
    str, typer.Argument(metavar="NAME", help="The home's name or id.", autocompletion=complete.homes)
]


@command(app, "list", lists=True)
async def page(here: Here, *, user: Whose = None) -> None:
    """Your homes, or for admins somebody's: how large, when used last, and where each is now."""
    found = await homes.page(here.client, user=await people.meant(here, user))
    empty = "No homes. The first is made when a workspace is claimed, or: carrel home create NAME"
    here.screen.rows([_Line(home) for home in found], _COLUMNS, empty=empty)
    for home in found:
        if home.size_warning:
            here.screen.note(f"{home.name}: {home.size_warning}")


@command(app, "show")
async def show(here: Here, which: Which, *, user: Whose = None) -> None:
    """One home, with what has it now."""
    here.screen.thing(await _meant(here, which, user), _FIELDS)


@command(app, "create")
async def create(
    here: Here, name: Annotated[str, typer.Argument(help="What to call it.")], *, user: Whose = None
) -> None:
    """Make an empty home. Use it: carrel claim POOL --home NAME."""
    made = await homes.create(here.client, name, user=await people.meant(here, user))
    here.screen.thing(made, _FIELDS)


@command(app, "rename")
async def rename(
    here: Here,
    which: Which,
    name: Annotated[str, typer.Argument(metavar="NEW_NAME", help="What to call it from now on.")],
    *,
    user: Whose = None,
) -> None:
    """Give it another name. The files stay where they are."""
    found = await _meant(here, which, user)
    here.screen.thing(await homes.rename(here.client, found.id, name), _FIELDS)


@command(app, "delete")
async def delete(here: Here, which: Which, *, user: Whose = None) -> None:
    """Delete it with all files in it. It can be had back for some days: carrel home restore NAME."""
    found = await homes.delete(here.client, (await _meant(here, which, user)).id)
    here.screen.thing(found, _FIELDS)
    here.screen.note(f"It can be had back until then: carrel home restore {found.id}")


@command(app, "restore")
async def restore(here: Here, which: Which, *, user: Whose = None) -> None:
    """Have a deleted one back, with all files. Named otherwise where its name is taken by now."""
    found = await _meant(here, which, user, deleted=True)
    here.screen.thing(await homes.restore(here.client, found.id), _FIELDS)


command(app, "adopt")(adopt)


@command(app, "download")
async def download(
    here: Here,
    which: Which,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to write it; - is standard output. Default NAME.tar.gz."),
    ] = None,
    user: Whose = None,
) -> None:
    """Download all its files as a .tar.gz. One that is in a running workspace is downloaded as it is at that moment."""
    found = await _meant(here, which, user)
    async with aclosing(homes.archive(here.client, found.id)) as chunks:
        if output == Path("-"):
            await _pour(chunks, sys.stdout.buffer)
            return
        target = output or Path(f"{found.name}.tar.gz")
        _require_absent(target)
        size = await _written(chunks, target)
    here.screen.note(f"{target}: {size} bytes.")


def _require_absent(target: Path) -> None:
    """Raises Conflict: what somebody has is not written over."""
    if target.exists():
        raise Conflict(f"There is {target} already. Move it away, or name another file with --output.")


async def _written(chunks: AsyncIterator[bytes], target: Path) -> int:
    """For nobody else to read: there may be keys among the files. Raises Invalid where it cannot be written."""
    beside = target.with_name(f".{target.name}.{new_id()}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            size = await _pour(chunks, file)
        beside.replace(target)
    except OSError as error:
        raise Invalid(f"{target} cannot be written: {error.strerror}. Name another with --output.") from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return size


async def _pour(chunks: AsyncIterator[bytes], into: BinaryIO) -> int:
    size = 0
    async for chunk in chunks:
        into.write(chunk)
        size += len(chunk)
    return size


async def _meant(here: Here, which: str, user: str | None, *, deleted: bool = False) -> Home:
    """By id, else by name. Of several deleted ones of one name the newest. Raises NotFound."""
    found = await homes.page(here.client, user=await people.meant(here, user))
    fitting = [home for home in found if home.id == which]
    fitting = fitting or [
        home for home in found if home.name == which and (home.deleted_at is not None) is deleted
    ]
    if not fitting:
        kind = "deleted home" if deleted else "home"
        raise NotFound(f"There is no {kind} called {which}. See which there are: carrel home list")
    return max(fitting, key=lambda home: home.deleted_at or home.created_at)
