"""Waiting for a workspace in a terminal: one block that keeps itself up to date, or lines where nobody looks, or nothing for programs.

It shows what it is told and asks nobody.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from carrel.cli.cells import harmless, span
from carrel.cli.screen import Screen
from carrel.clock import SystemClock
from carrel.domain.claim import ClaimState
from carrel.domain.step import StepName, StepState
from carrel.wire.v1 import Claim, Event, Step

WHAT: Final = {
    StepName.QUEUE: "in the queue",
    StepName.MACHINE: "a machine for it",
    StepName.START: "starting",
    StepName.APP: "its app answers",
    StepName.FILES: "your files",
    StepName.PREPARE: "made ready for you",
}
_MARKS: Final = {StepState.DONE: "✓", StepState.NOW: "•", StepState.AHEAD: "·", StepState.FAILED: "✗"}
_PLAIN_MARKS: Final = {StepState.DONE: "+", StepState.NOW: "*", StepState.AHEAD: ".", StepState.FAILED: "x"}
_STYLES: Final = {
    StepState.DONE: "green",
    StepState.NOW: "bold",
    StepState.AHEAD: "dim",
    StepState.FAILED: "red",
}


class Teller(Protocol):
    def hear(self, told: Claim | Event) -> None: ...


@contextmanager
def telling(screen: Screen, claim: Claim, kept: str) -> Iterator[Teller]:
    """`kept`: for how long the place in the queue waits for somebody who went away."""
    if not screen.is_live:
        yield _Lines(screen, claim)
        return
    block = _Block(claim, kept, plain=not screen.err.encoding.lower().startswith("utf"))
    wrapping = Console(highlight=False, stderr=True)
    with Live(block, console=wrapping, transient=True, refresh_per_second=8):
        yield block


def place_of(claim: Claim) -> str:
    """ "Place 2, about 40 s (20 s to 2 min)"."""
    place = f"Place {claim.position}" if claim.position is not None else "Almost there"
    if claim.estimate_seconds is None:
        return place
    about = f"{place}, about {_seconds(claim.estimate_seconds)}"
    if claim.estimate_range is None:
        return about
    low, high = (_seconds(bound) for bound in claim.estimate_range)
    return about if low == high else f"{about} ({low} to {high})"


class _Lines:
    """Each change once, and each sentence that is new."""

    def __init__(self, screen: Screen, claim: Claim) -> None:
        self._screen = screen
        self._place: object = None
        self._told: dict[str, str] = {}
        self.hear(claim)

    def hear(self, told: Claim | Event) -> None:
        if isinstance(told, Event):
            self._tell("event", told.sentence)
            return
        if told.state is ClaimState.RELEASED:
            return
        place = (told.position, told.estimate_seconds is None)
        if told.state is ClaimState.WAITING and place != self._place:
            self._place = place
            self._screen.note(f"Waiting: {place_of(told)[0].lower()}{place_of(told)[1:]}.")
        self._tell("sentence", told.sentence)
        self._tell("trouble", told.trouble or "")
        self._tell("step", next((step.note for step in told.steps if step.state is StepState.NOW), ""))

    def _tell(self, which: str, sentence: str) -> None:
        if sentence and sentence not in self._told.values():
            self._screen.note(sentence)
        self._told[which] = sentence


class _Block:
    """Drawn anew several times a second, so that the seconds count."""

    def __init__(self, claim: Claim, kept: str, *, plain: bool) -> None:
        self._claim = claim
        self._kept = kept
        self._last = ""
        self._clock = SystemClock()
        self._since = self._clock.monotonic()
        self._marks = _PLAIN_MARKS if plain else _MARKS
        self._spinner = Spinner("line" if plain else "dots", style="cyan")

    def hear(self, told: Claim | Event) -> None:
        if isinstance(told, Event):
            self._last = told.sentence
        else:
            self._claim = told

    def __rich__(self) -> Group:
        claim = self._claim
        waited = _seconds(self._clock.monotonic() - self._since)
        self._spinner.update(text=Text(harmless(f"{claim.pool}: {place_of(claim)}. Waiting for {waited}.")))
        lines = [self._step(step) for step in claim.steps]
        if claim.trouble:
            lines.append(Text("  " + harmless(claim.trouble), style="yellow"))
        if said := claim.sentence or self._last:
            lines.append(Text("  " + harmless(said), style="dim"))
        lines.append(Text(f"  Ctrl-C ends the waiting; your place is kept for {self._kept}.", style="dim"))
        return Group(self._spinner, *lines)

    def _step(self, step: Step) -> Text:
        line = Text(f"  {self._marks[step.state]} {WHAT[step.name]}", style=_STYLES[step.state])
        took = step.took_seconds
        if step.state is StepState.NOW and step.began_at is not None:
            took = max(0.0, (self._clock.now() - step.began_at).total_seconds())
        told = " ".join(part for part in (_seconds(took) if took is not None else "", step.note) if part)
        return line.append(harmless(f"  {told}"), style="dim") if told else line


def _seconds(seconds: float) -> str:
    return span(timedelta(seconds=seconds)) or f"{max(0, round(seconds))} s"
