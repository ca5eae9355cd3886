"""What people are told about where their files are. Pure text: decides nothing."""

from typing import Final

from carrel.domain.claim import Claim, ClaimState

OUT: Final = "Your files are out of it and safe."
COMING_OUT: Final = "Your files are still coming out of the workspace you had before; they are brought in as soon as they are out."


def with_another(home: str, other: Claim) -> str:
    """Why the files of that name cannot come along: another live claim has them."""
    called = "" if other.name in ("default", home) else f' (it is called "{other.name}")'
    has = "are promised to what you wait for" if other.state is ClaimState.WAITING else "are in what you have"
    return (
        f'The files "{home}" {has} in pool "{other.pool}"{called}. Give that back first, or choose other files: '
        "name another home."
    )


def with_other_files(home: str, mine: Claim) -> str:
    """Why asking again does not change the files."""
    has = "wait for one" if mine.state is ClaimState.WAITING else "have one"
    return (
        f'You {has} of pool "{mine.pool}" already, with the files "{home}". Give it back first, or ask for a second one: '
        "give it a name of its own."
    )


def at_another_place(home: str, pool: str) -> str:
    return (
        f'The files "{home}" are at a place that pool "{pool}" does not reach. '
        "Ask for a workspace of the pool you had before, or choose other files: name another home."
    )
