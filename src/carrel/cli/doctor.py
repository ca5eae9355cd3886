"""`carrel doctor`: what is wrong with this Carrel and its machine, whether it runs or not. Changes nothing."""

import asyncio
import os
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.text import Text

from carrel.app.doctor import beside
from carrel.app.doctor.beside import Beside
from carrel.cli import reach
from carrel.cli.cells import harmless
from carrel.cli.exits import UNWELL
from carrel.cli.screen import Screen
from carrel.client import doctor as client
from carrel.domain.errors import CarrelError
from carrel.domain.finding import SEVERITY, Diagnosis, Finding, Outcome
from carrel.rules.checkup.catalog import merged
from carrel.rules.checkup.kind import subject_of
from carrel.web.api.v1 import render
from carrel.wire import v1

_SIGNS: Final = {
    Outcome.GOOD: ("✓", "green"),
    Outcome.WARNING: ("!", "yellow"),
    Outcome.BAD: ("✗", "bold red"),
    Outcome.UNKNOWN: ("?", "cyan"),
}
_INDENT: Final = " " * 11
_HEARD_WITHIN: Final = 10.0
"""Seconds. One that is well needs less than half; one that hangs is told as a finding."""


def doctor(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Explain the good ones too.")] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit with 9 for warnings and unknowns too, not only for what is bad."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, as the API has it.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="A TOML file, or a folder of them. Default: carrel.toml here.")
    ] = None,
    state_dir: Annotated[Path | None, typer.Option(help="State directory of the Carrel to look at.")] = None,
) -> None:
    """Find out what is wrong, why it matters and what to do. Changes nothing.

    Before the first start it tells whether Carrel could start here. Exits with 0 when nothing is bad, else with 9.
    """
    known = beside.read_settings(config, state_dir, os.environ)
    report = asyncio.run(_look(known))
    screen = Screen(as_json=as_json)
    if as_json:
        screen.thing(render.checkup(report), ())
    else:
        for line in lines(report, everything=everything):
            screen.out.print(line, soft_wrap=True)
    if report.worst is Outcome.BAD or (strict and report.worst is not Outcome.GOOD):
        raise typer.Exit(UNWELL)


async def _look(known: Beside) -> Diagnosis:
    """What the running one says of itself, and what is seen from beside it."""
    told = await _of_running(known)
    here = await beside.look(known, answers=told is not None)
    heard = [_heard(finding) for finding in told.findings] if told is not None else []
    return Diagnosis(here.at, merged(here.findings, heard))


async def _of_running(known: Beside) -> v1.Checkup | None:
    if known.settings is None:
        return None
    try:
        place = reach.place(known.settings.state_dir, None, {})
        async with place.client() as running, asyncio.timeout(_HEARD_WITHIN):
            return await client.look(running)
    except (CarrelError, TimeoutError):
        return None


def _heard(finding: v1.Finding) -> Finding:
    return Finding(
        finding.code,
        finding.title,
        Outcome(finding.outcome),
        finding.found,
        finding.why,
        finding.fix,
        finding.about,
    )


def lines(report: Diagnosis, *, everything: bool) -> list[Text]:
    """By subject; what is not good is explained where it stands."""
    shown: list[Text] = []
    subject = ""
    for finding in sorted(report.findings, key=lambda one: (one.code, one.about)):
        if subject_of(finding.code) != subject:
            subject = subject_of(finding.code)
            shown += [*([Text()] if shown else []), Text(subject, style="bold")]
        shown += _lines_of(finding, is_explained=everything or finding.outcome is not Outcome.GOOD)
    return [*shown, Text(), _summary(report)]


def _lines_of(finding: Finding, *, is_explained: bool) -> list[Text]:
    sign, style = _SIGNS[finding.outcome]
    about = f" ({finding.about})" if finding.about else ""
    first = Text.assemble(
        (f"{sign} ", style),
        (finding.code, "dim"),
        f"  {finding.title}{harmless(about)}: {harmless(finding.found)}",
    )
    if not is_explained:
        return [first]
    fix = [Text(f"{_INDENT}What to do: {harmless(finding.fix)}")] if finding.fix else []
    return [first, Text(f"{_INDENT}Why it matters: {finding.why}", style="dim"), *fix]


def _summary(report: Diagnosis) -> Text:
    counts = {outcome: sum(one.outcome is outcome for one in report.findings) for outcome in SEVERITY}
    words = {
        Outcome.BAD: "bad",
        Outcome.WARNING: "to look at",
        Outcome.UNKNOWN: "unknown",
        Outcome.GOOD: "good",
    }
    parts = [f"{counts[outcome]} {words[outcome]}" for outcome in SEVERITY if counts[outcome]]
    return Text(", ".join(parts) + ".", style=_SIGNS[report.worst][1])
