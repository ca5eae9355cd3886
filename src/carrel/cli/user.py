"""carrel user: let people in, change what they may, shut them out. A password is never an argument: other users see those."""

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from carrel.cli import complete, people
from carrel.cli.cells import moment
from carrel.cli.here import Here
from carrel.cli.nouns import command, noun
from carrel.cli.table import Column
from carrel.client import users
from carrel.client.paging import every
from carrel.domain.actor import Role
from carrel.domain.errors import Invalid
from carrel.wire.v1 import NewUser

_FIELDS = ("id", "name", "display_name", "email", "role", "created_at", "last_seen_at", "disabled_at")

_COLUMNS = (
    Column("id", 2),
    Column("name"),
    Column("display_name", 1, "called"),
    Column("role"),
    Column("created_at", 4, "made"),
    Column("last_seen_at", 3, "seen"),
    Column("disabled_at", title="disabled"),
)

_NEW_COLUMNS = (Column("name"), Column("display_name", title="called"), Column("password"))
_AT_ONCE = 100
"""As many the API takes together, all of them or none."""

app = noun("user")

Who = Annotated[str, typer.Argument(metavar="USER", help="Name or id.", autocompletion=complete.users)]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@command(app, "create")
async def create(
    here: Here,
    name: Annotated[str, typer.Argument(help="What they sign in with.")],
    *,
    display_name: Annotated[str | None, typer.Option(help="How they are called.")] = None,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.USER,
    password_stdin: FromStdin = False,
) -> None:
    """Let somebody in, with a password that is asked for."""
    password = _password(from_stdin=password_stdin)
    made = await users.create(here.client, name=name, password=password, display_name=display_name, role=role)
    here.screen.thing(made, _FIELDS)


@command(app, "list", lists=True)
async def page(
    here: Here,
    search: Annotated[str | None, typer.Option(help="Whose name begins so, or who are called so.")] = None,
) -> None:
    """All users, by name."""
    found = every(lambda after: users.page(here.client, q=search, after=after, limit=200))
    empty = "Nobody is called so." if search else "Nobody yet. Let somebody in: carrel user create NAME"
    here.screen.rows([user async for user in found], _COLUMNS, empty=empty)


@command(app, "show")
async def show(here: Here, who: Who) -> None:
    """One user."""
    here.screen.thing(await people.find(here.client, who), _FIELDS)


@command(app, "disable")
async def disable(here: Here, who: Who) -> None:
    """Shut somebody out: sessions end, tokens are revoked, files and history stay."""
    user = await people.find(here.client, who)
    here.screen.thing(await users.disable(here.client, user.id), _FIELDS)


@command(app, "enable")
async def enable(here: Here, who: Who) -> None:
    """Let somebody back in who was disabled. Their tokens stay revoked."""
    user = await people.find(here.client, who)
    here.screen.thing(await users.enable(here.client, user.id), _FIELDS)


@command(app, "password")
async def password(here: Here, who: Who, password_stdin: FromStdin = False) -> None:
    """Set somebody's password; their sessions end."""
    user = await people.find(here.client, who)
    chosen = _password(from_stdin=password_stdin)
    here.screen.thing(await users.set_password(here.client, user.id, chosen), _FIELDS)


@command(app, "role")
async def role(here: Here, who: Who, role: Annotated[Role, typer.Argument(help="What they may do.")]) -> None:
    """Make somebody an admin, or a user again."""
    user = await people.find(here.client, who)
    here.screen.thing(await users.set_role(here.client, user.id, role), _FIELDS)


@command(app, "rename")
async def rename(
    here: Here, who: Who, display_name: Annotated[str, typer.Argument(help="How they are called.")]
) -> None:
    """Call somebody differently. What they sign in with stays."""
    user = await people.find(here.client, who)
    here.screen.thing(await users.rename(here.client, user.id, display_name), _FIELDS)


@command(app, "set")
async def change(
    here: Here,
    who: Who,
    email: Annotated[
        str, typer.Option(help="Their e-mail address, for git and for mail; empty takes it away.")
    ],
) -> None:
    """Change what is known of somebody."""
    user = await people.find(here.client, who)
    here.screen.thing(await users.set_email(here.client, user.id, email), _FIELDS)


@command(app, "sign-out")
async def sign_out(here: Here, who: Who) -> None:
    """Sign somebody out everywhere: every browser, and every workspace open in one. What runs goes on."""
    user = await people.find(here.client, who)
    here.screen.thing(await users.sign_out(here.client, user.id), _FIELDS)


@command(app, "invite")
async def invite(here: Here, who: Who) -> None:
    """Print a link that signs somebody in once, to choose a password. The password they had is dropped."""
    user = await people.find(here.client, who)
    made = await users.invite(here.client, user.id)
    if here.screen.as_json:
        here.screen.thing(made, ())
        return
    here.screen.note(
        f"Give this to {user.name} and nobody else. It works once, until {moment(made.expires_at)}:"
    )
    here.screen.text(made.url)


@command(app, "import", lists=True)
async def bring_in(
    here: Here,
    file: Annotated[
        typer.FileText,
        typer.Argument(help="A name per line, and if wanted a comma and how they are called. - is stdin."),
    ],
) -> None:
    """Let a whole class in, and print a password for each, this once."""
    newcomers = [_newcomer(line) for line in file.read().splitlines() if line.strip()]
    if not newcomers:
        raise Invalid("There are no names in it. One per line.")
    made: list[NewUser] = []
    for start in range(0, len(newcomers), _AT_ONCE):
        made += await users.create_many(here.client, newcomers[start : start + _AT_ONCE])
    here.screen.rows(made, _NEW_COLUMNS)


def _newcomer(line: str) -> Mapping[str, object]:
    name, _, called = line.partition(",")
    return {"name": name.strip()} | ({"display_name": called.strip()} if called.strip() else {})


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        chosen = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        chosen = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    else:
        raise Invalid("There is no terminal to ask for a password. Hand it in with --password-stdin.")
    if not chosen:
        raise Invalid("The password is empty.")
    return chosen
