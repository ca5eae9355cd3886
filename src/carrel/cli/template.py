"""carrel template: the recipes on offer, their versions, and how another one takes over while Carrel runs."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from carrel.cli import complete
from carrel.cli.here import Here
from carrel.cli.nouns import command, noun
from carrel.cli.table import Column
from carrel.client import templates
from carrel.domain.errors import Invalid
from carrel.settings.template_reading import trees_in
from carrel.wire.v1 import TemplatePreview

_FIELDS: Final = (
    *("name", "version", "title", "description", "icon", "image"),
    *("open", "home", "memory", "price_per_hour"),
)
_COLUMNS: Final = (
    Column("name"),
    Column("title"),
    Column("home", 2),
    Column("memory", 3),
    Column("price_per_hour", 4),
    Column("version", 5),
    Column("image", 6),
    Column("description", 1, folds=True),
)
_VERSIONS: Final = (
    Column("version"),
    Column("is_current", title="current"),
    Column("created_at", title="since"),
    Column("warm"),
    Column("claimed"),
    Column("others", 1),
    Column("title", 2),
)

app = noun("template")

TemplateName = Annotated[
    str, typer.Argument(metavar="TEMPLATE", help="The template's name.", autocompletion=complete.templates)
]
Version = Annotated[
    str,
    typer.Argument(
        metavar="VERSION",
        help="A former version; its first 6 characters are enough.",
        autocompletion=complete.versions,
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@command(app, "list", lists=True)
async def page(here: Here) -> None:
    """All templates, by name."""
    here.screen.rows(await templates.page(here.client), _COLUMNS, empty="No templates.")


@command(app, "show")
async def show(
    here: Here,
    template: TemplateName,
    *,
    toml: Annotated[
        bool, typer.Option("--toml", help="All it says, as it would stand in the configuration file.")
    ] = False,
) -> None:
    """One template."""
    found = await templates.get(here.client, template)
    if toml:
        here.screen.text((await templates.version(here.client, template, found.version)).toml.rstrip())
    else:
        here.screen.thing(found, _FIELDS)


@command(app, "versions", lists=True)
async def versions(here: Here, template: TemplateName) -> None:
    """Every version it had, the current one first, and how many workspaces run from each."""
    here.screen.rows(await templates.versions(here.client, template), _VERSIONS)


@command(app, "diff")
async def diff(here: Here, template: TemplateName, version: Version) -> None:
    """In what a version differs from the current one."""
    found = await templates.version(here.client, template, version)
    if here.screen.as_json:
        here.screen.thing(found, ())
        return
    for change in found.changes:
        here.screen.text(f"{change.field}: {change.was} → {change.becomes}")
    if not found.changes:
        here.screen.note("It says the same as the current version.")


@command(app, "apply")
async def apply(
    here: Here,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="TOML with [templates.NAME], as in the configuration file.")
    ],
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Make what a file says the current version. It holds until Carrel starts again: then the configuration file says what holds."""
    for name, definition in _read(file).items():
        base = (await templates.get(here.client, name)).version
        foreseen = await templates.preview(here.client, name, definition=definition)
        if _goes_on(here, name, foreseen, dry_run=dry_run, yes=yes):
            done = await templates.apply(here.client, name, definition=definition, expected_version=base)
            _tell(here, done)


@command(app, "rollback")
async def roll_back(
    here: Here, template: TemplateName, version: Version, *, dry_run: DryRun = False, yes: Yes = False
) -> None:
    """Make a former version current again."""
    base = (await templates.get(here.client, template)).version
    foreseen = await templates.preview(here.client, template, version=version)
    if _goes_on(here, template, foreseen, dry_run=dry_run, yes=yes):
        _tell(here, await templates.roll_back(here.client, template, version, expected_version=base))


def _read(file: Path) -> dict[str, dict[str, object]]:
    try:
        return trees_in(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file} cannot be read: {error}.") from error
    except Invalid as error:
        raise Invalid(f"{file}: {error.sentence}") from error


def _goes_on(here: Here, name: str, foreseen: TemplatePreview, *, dry_run: bool, yes: bool) -> bool:
    """Says what would happen, and asks whoever sits there."""
    if here.screen.as_json:
        if dry_run:
            here.screen.thing(foreseen, ())
        return not dry_run
    for change in foreseen.changes:
        here.screen.text(f"{name}.{change.field}: {change.was} → {change.becomes}")
    for pool in foreseen.pools:
        here.screen.text(f"Pool {pool.pool}: {pool.sentence}")
    if not foreseen.changes:
        here.screen.note(f"{name} says that already.")
        return False
    if not dry_run and not yes and sys.stdin.isatty():
        typer.confirm("Go on?", abort=True, err=True)
    return not dry_run


def _tell(here: Here, done: Any) -> None:
    if here.screen.as_json:
        here.screen.thing(done, ())
    else:
        here.screen.note(f"{done.name} is at version {done.version[:12]} now.")
