"""Whose homes the volumes of an older system become: which are taken over, which are not, and why. Changes nothing."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from carrel.domain.errors import Invalid
from carrel.domain.home import USUAL_HOME
from carrel.domain.ids import HomeId, UserId
from carrel.rules.credentials import person_name
from carrel.rules.escape import Rule
from carrel.rules.volume_names import Pattern, home_called, readings


class Outcome(StrEnum):
    ADOPT = "adopt"
    """It would be, or is to be, that home."""
    ADOPTED = "adopted"
    """It is now."""
    ALREADY = "already"
    """It was before."""
    NOBODY = "nobody"
    AMBIGUOUS = "ambiguous"
    TAKEN = "taken"
    """That person has another home of that name."""
    BLOCKED = "blocked"
    """Something is in the way, such as a program that works in it."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Found:
    """A volume on a backend."""

    name: str
    home_id: HomeId
    """Which home it would be, or is."""
    obstacle: str = ""
    """Why it cannot be taken over now."""


@dataclass(frozen=True, slots=True)
class Wish:
    pattern: Pattern
    rules: tuple[Rule, ...] = tuple(Rule)
    home: str = USUAL_HOME
    """What a home is called whose volume is not one of a named server."""
    creates_people: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What there is here already."""

    people: Mapping[str, UserId]
    homes: Mapping[tuple[UserId, str], HomeId]
    """Those that are not deleted."""
    ids: Collection[HomeId]
    """Of all homes, deleted ones among them."""


@dataclass(frozen=True, slots=True)
class Proposal:
    volume: Found
    outcome: Outcome
    sentence: str
    person: str = ""
    user_id: UserId | None = None
    """None for somebody who is to be let in with it, and for nobody."""
    home: str = ""


_WILL: Final = "It becomes this home where it lies; nothing is copied."


def persons(volumes: Sequence[Found], wish: Wish) -> set[str]:
    """Everybody whose any of them might be."""
    return {person for volume in volumes for person, _ in _meant(volume, wish) or ()}


def propose(volumes: Sequence[Found], wish: Wish, known: Known) -> list[Proposal]:
    """By the volumes' names; those that are not of the pattern are left out."""
    told = [_one(volume, wish, known) for volume in sorted(volumes, key=lambda each: each.name)]
    return _apart([one for one in told if one is not None])


def _one(volume: Found, wish: Wish, known: Known) -> Proposal | None:
    meant = _meant(volume, wish)
    if meant is None:
        return None
    if volume.home_id in known.ids:
        return _of(
            volume, meant[0] if meant else ("", ""), known, Outcome.ALREADY, "It was taken over before."
        )
    theirs = [(person, home) for person, home in meant if person in known.people]
    possible = theirs or (meant if wish.creates_people else [])
    if len(possible) > 1:
        names = " or ".join(sorted({person for person, _ in possible}))
        why = f"Its name can be read as {names}. Say which rule wrote it."
        return Proposal(volume, Outcome.AMBIGUOUS, why)
    return _theirs(volume, possible[0], known) if possible else _nobody(volume, meant)


def _meant(volume: Found, wish: Wish) -> list[tuple[str, str]] | None:
    """Person and home, each once. None for a volume that is not of the pattern, empty where the name can be nobody's here."""
    read = readings(volume.name, wish.pattern, wish.rules)
    if not read:
        return None
    found: list[tuple[str, str]] = []
    for reading in read:
        home = home_called(reading.home) if reading.home else wish.home
        try:
            person = person_name(reading.user)
        except Invalid:
            continue
        if home is not None and (person, home) not in found:
            found.append((person, home))
    return found


def _nobody(volume: Found, meant: Sequence[tuple[str, str]]) -> Proposal:
    if not meant:
        return Proposal(volume, Outcome.NOBODY, "Its name is none that a person or a home can have here.")
    names = " or ".join(sorted({person for person, _ in meant}))
    person, home = meant[0] if len(meant) == 1 else (names, "")
    return Proposal(
        volume, Outcome.NOBODY, f"There is nobody called {names}. Let them in first.", person, None, home
    )


def _theirs(volume: Found, meant: tuple[str, str], known: Known) -> Proposal:
    person, home = meant
    user_id = known.people.get(person)
    if user_id is not None and (user_id, home) in known.homes:
        why = f"{person} has a home called {home} already. Rename that one, or take this one over under another name."
        return _of(volume, meant, known, Outcome.TAKEN, why)
    if volume.obstacle:
        return _of(volume, meant, known, Outcome.BLOCKED, volume.obstacle)
    return _of(volume, meant, known, Outcome.ADOPT, _WILL if user_id else f"{person} is let in. {_WILL}")


def _of(volume: Found, meant: tuple[str, str], known: Known, outcome: Outcome, sentence: str) -> Proposal:
    person, home = meant
    return Proposal(volume, outcome, sentence, person, known.people.get(person), home)


def _apart(told: Sequence[Proposal]) -> list[Proposal]:
    """No home is two volumes, as where one was written by each rule."""
    wanted = Counter(
        (one.person, one.home) for one in told if one.outcome in (Outcome.ADOPT, Outcome.BLOCKED)
    )
    return [
        replace(
            one,
            outcome=Outcome.AMBIGUOUS,
            sentence=f"Several volumes would be the home {one.home} of {one.person}. Take them over one by one, by rule or pattern.",
        )
        if one.outcome in (Outcome.ADOPT, Outcome.BLOCKED) and wanted[one.person, one.home] > 1
        else one
        for one in told
    ]
