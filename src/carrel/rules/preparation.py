"""What is done next to make a home ready, given what was done so far and how it ended. Pure: runs nothing and waits for nothing.

A try is the command, and after it the check where there is one. What ended with 126 or 127 is not there, and no further try helps.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from carrel.domain.event import Event
from carrel.domain.ids import WorkspaceId
from carrel.domain.preparation import Repository, Startup
from carrel.domain.template import Template
from carrel.rules.chronicle import in_order
from carrel.rules.telling import without_passwords
from carrel.rules.wording import humanly

LONGEST_PAUSE: Final = timedelta(minutes=5)
"""However often it was doubled: somebody waits."""
CLONING: Final = Startup((), timeout=timedelta(minutes=10))
_NOT_THERE: Final = frozenset({126, 127})

_CLONE: Final = """\
into=$2
if [ -e "$into" ] || [ -L "$into" ]; then exit 0; fi
if ! command -v git >/dev/null; then
  echo 'git is not installed where this workspace runs, so nothing can be cloned: install it there.'
  exit 127
fi
parent=$(dirname -- "$into")
mkdir -p -- "$parent" || exit
draft=$parent/.carrel-clone
rm -rf -- "$draft" || exit
export GIT_TERMINAL_PROMPT=0 GIT_SSH_COMMAND="${GIT_SSH_COMMAND:-ssh -o BatchMode=yes}"
git clone --quiet --depth 1 ${3:+--branch "$3"} -- "$1" "$draft" && mv -- "$draft" "$into"
"""
"""Into a place of its own first: a clone that is cut short must not look like somebody's work. Asks nobody for a password."""
_MISSING: Final = 'for each; do [ -e "$each" ] || printf "%s\\n" "$each"; done'


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to be made ready."""

    what: str
    """As a sentence begins."""
    doing: str
    startup: Startup


class Did(StrEnum):
    CHECK = "check"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Outcome:
    did: Did
    code: int | None
    """None: it took too long and was ended."""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Do:
    what: Did
    command: tuple[str, ...]
    after: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Done:
    pass


@dataclass(frozen=True, slots=True)
class GivenUp:
    sentence: str


Next = Do | Done | GivenUp


def tasks(template: Template) -> list[Task]:
    """In the order in which they are done: what is cloned may be what the start-up script works on."""
    found = []
    if template.repository is not None:
        url, into = without_passwords(template.repository.url), template.repository.into
        found.append(
            Task(f"The clone of {url}", f"{url} is being cloned into {into}.", cloning(template.repository))
        )
    if template.startup is not None:
        found.append(Task("The start-up script", "The start-up script is running.", template.startup))
    return found


def prepares(template: Template) -> bool:
    return template.repository is not None or template.startup is not None


def cloning(repository: Repository) -> Startup:
    command = ("sh", "-c", _CLONE, "carrel", repository.url, repository.into, repository.ref)
    return Startup(command, timeout=CLONING.timeout)


def looks_for_missing(template: Template) -> tuple[str, ...]:
    """A command that prints which of the shared folders are not in the home."""
    return ("sh", "-c", _MISSING, "carrel", *template.data)


def missing(template: Template, printed: str) -> str | None:
    """From what that command printed; None where all are there."""
    names = set(printed.splitlines()) & set(template.data)
    if not names:
        return None
    folders = " and ".join(f"{template.data[name]} ({name})" for name in template.data if name in names)
    return f"Not among your files, for it is not there where this workspace runs: {folders}. Tell an administrator."


def shortcomings(events: Iterable[Event], workspace_id: WorkspaceId) -> list[tuple[str, list[str]]]:
    """What could not be made ready in this workspace: what is said of it, and what was printed last."""
    found = [event for event in in_order(events) if event.workspace_id == workspace_id]
    return [told_in(event.sentence) for event in found if event.kind == "unprepared"]


def told_in(sentence: str) -> tuple[str, list[str]]:
    """What a line of a timeline says, and what was printed last."""
    first, _, rest = sentence.partition("\n")
    return first, rest.split("\n") if rest else []


def following(task: Task, done: Sequence[Outcome]) -> Next:
    startup = task.startup
    if not done:
        return Do(Did.CHECK, startup.check) if startup.check else Do(Did.COMMAND, startup.command)
    last = done[-1]
    if last.did is Did.COMMAND and startup.check:
        return Do(Did.CHECK, startup.check)
    if last.code == 0:
        return Done()
    commands = [outcome for outcome in done if outcome.did is Did.COMMAND]
    if not commands:
        return Do(Did.COMMAND, startup.command)
    if len(commands) > startup.retries or commands[-1].code in _NOT_THERE:
        return GivenUp(_failed(task, len(commands), last))
    return Do(Did.COMMAND, startup.command, after=_pause(startup, len(commands)))


def lines_of(done: Sequence[Outcome]) -> str:
    """What the last try printed, the command's before the check's; git repeats the address it was given."""
    first = max((at for at, outcome in enumerate(done) if outcome.did is Did.COMMAND), default=0)
    return without_passwords("".join(_whole_lines(outcome.output) for outcome in done[first:]))


def _pause(startup: Startup, tries: int) -> timedelta:
    doubled: timedelta = startup.backoff * 2 ** min(tries - 1, 20)
    return min(doubled, LONGEST_PAUSE)


def _failed(task: Task, tries: int, last: Outcome) -> str:
    times = "" if tries == 1 else f" {tries} times"
    return f"{task.what} failed{times}: {_how(task, last)}."


def _how(task: Task, last: Outcome) -> str:
    what = "its check" if last.did is Did.CHECK else "it"
    if last.code is None:
        return f"{what} did not end within {humanly(task.startup.timeout)}"
    if last.code < 0:
        return f"{what} was ended by signal {-last.code}"
    return f"{what} ended with exit status {last.code}"


def _whole_lines(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"
