"""The words for every kind of failure: whose problem it is, what it is called, what the person and what an admin can do.

A table and no decision; `rules.causes` chooses the line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from carrel.domain.cause import Cause, Fault, Whose

_BLAME: Final[Mapping[Whose, str]] = {
    Whose.YOU: "You can change this yourself.",
    Whose.ADMIN: "An administrator has to put this right; you did nothing wrong.",
    Whose.MACHINE: "This is a problem of the machine; you did nothing wrong.",
    Whose.APP: "The app itself failed; nothing is wrong with your account.",
}


@dataclass(frozen=True, slots=True)
class Words:
    whose: Whose
    sentence: str
    advice: str
    remedy: str

    def about(self, fault: Fault) -> Cause:
        return Cause(fault, self.whose, self.sentence, _BLAME[self.whose], self.advice, self.remedy)


_TELL_ADMIN: Final = "Tell an admin. Trying again helps only once it is corrected."
_READ_ON: Final = "Try again. If it happens again, tell an admin: what it printed last is sent along."

AT_START: Final[Mapping[Fault, Words]] = {
    Fault.IMAGE: Words(
        Whose.ADMIN,
        "The image that this workspace is made from is missing, or may not be fetched.",
        _TELL_ADMIN,
        "Check the template's image: its name, its tag, and whether this backend may fetch it.",
    ),
    Fault.COMMAND: Words(
        Whose.ADMIN,
        "The program that this workspace runs is not installed on its machine.",
        _TELL_ADMIN,
        "Install the program, or correct the command of the template.",
    ),
    Fault.RECIPE: Words(
        Whose.ADMIN,
        "The template of this workspace has a mistake in it.",
        _TELL_ADMIN,
        "Correct the template as the message says.",
    ),
    Fault.CRASH: Words(
        Whose.APP,
        "The app crashed while it was starting.",
        _READ_ON,
        "Read what it printed last, and try the command of the template by hand.",
    ),
    Fault.QUIT: Words(
        Whose.ADMIN,
        "The app ended as soon as it had started, without an error.",
        _TELL_ADMIN,
        "The command of the template must stay in the foreground for as long as the app runs.",
    ),
    Fault.TIMEOUT: Words(
        Whose.APP,
        "The app was started and did not answer in time.",
        "Try again: on a busy machine it may need longer. If it happens again, tell an admin.",
        "Raise the pool's start_timeout if the app only needs longer; else read what it printed last.",
    ),
    Fault.MEMORY: Words(
        Whose.MACHINE,
        "Memory ran out while the app was starting.",
        "Try again later, when fewer people are at work. If that does not help, tell an admin.",
        "Give the machine or the template more memory, or lower the limit of its pools.",
    ),
    Fault.DISK: Words(
        Whose.MACHINE,
        "The disk of the machine is full.",
        "Tell an admin, who has to make room.",
        "Free some space on the disk that the message names.",
    ),
    Fault.PORT: Words(
        Whose.MACHINE,
        "The network port that the app needs is taken by another program.",
        "Try again: it is given another port.",
        "End the program that holds the port, or give the backend more or other ports.",
    ),
    Fault.PERMISSION: Words(
        Whose.ADMIN,
        "The permission to use something that the app needs is missing.",
        _TELL_ADMIN,
        "Give Carrel's user the permission for what the message names.",
    ),
    Fault.NETWORK: Words(
        Whose.MACHINE,
        "The network or the machine that runs the workspaces cannot be reached.",
        "You need do nothing: it is tried again and again, and you keep your place.",
        "Check that the backend runs, and its address, credentials and network.",
    ),
    Fault.LIMIT: Words(
        Whose.MACHINE,
        "The machine is full: its limit is reached.",
        "You keep your place; it goes on when somebody leaves.",
        "Raise what the message names, or lower the limit of the pool.",
    ),
    Fault.FILES: Words(
        Whose.ADMIN,
        "Your files could not be brought in.",
        "Nothing of yours is lost. Try again, and tell an admin if it stays so.",
        "Check that the homes are there, and that Carrel's user may write them.",
    ),
    Fault.LOST: Words(
        Whose.MACHINE,
        "It vanished while it was starting.",
        _READ_ON,
        "See whether the machine was restarted, or somebody ended its processes.",
    ),
    Fault.UNKNOWN: Words(
        Whose.APP,
        "It could not be started; why is not known.",
        _READ_ON,
        "Read its timeline and what it printed last.",
    ),
}
"""Before anybody could use it."""

IN_USE: Final[Mapping[Fault, Words]] = {
    Fault.CRASH: Words(
        Whose.APP,
        "The app crashed.",
        "Open it again. If it happens again, tell an admin.",
        "Read what it printed last.",
    ),
    Fault.QUIT: Words(
        Whose.YOU,
        "The app was shut down from inside.",
        "Open it again whenever you like.",
        "Nothing is to be done: the app ended as it does when its own menu is used.",
    ),
    Fault.TIMEOUT: Words(
        Whose.APP,
        "The app ran, but did not answer any more.",
        "Open it again. If it happens again, tell an admin.",
        "Read what it printed last; a machine under heavy load looks the same.",
    ),
    Fault.MEMORY: Words(
        Whose.MACHINE,
        "Memory ran out, so the app was ended.",
        "Open it again and load less at once. If your work needs more memory, tell an admin.",
        "Give the machine or the template more memory, or let fewer people in at once.",
    ),
    Fault.DISK: Words(
        Whose.MACHINE,
        "The disk is full, so the app could not go on.",
        "Delete what you do not need, or ask an admin for room.",
        "Free some space on the disk with the homes and slots.",
    ),
    Fault.PERMISSION: Words(
        Whose.APP,
        "The app was denied permission to something it needs, and ended.",
        "See which file it named last: a permission in your files may have changed. Then open it again.",
        "Read what it printed last.",
    ),
    Fault.LOST: Words(
        Whose.MACHINE,
        "It vanished: the machine that ran it does not know it any more.",
        "Open it again.",
        "See whether the machine was restarted, or somebody ended its processes.",
    ),
    Fault.UNKNOWN: Words(
        Whose.APP,
        "It ended; why is not known.",
        "Open it again. If it happens again, tell an admin.",
        "Read its timeline and what it printed last.",
    ),
}
"""While it was somebody's. Kinds that are missing here are worded as at the start."""

KILLED: Final = Words(
    Whose.MACHINE,
    "The app was ended by force, most likely because memory ran out.",
    IN_USE[Fault.MEMORY].advice,
    'Look for "out of memory" in the system\'s log; if it is not there, somebody ended the process.',
)

CUT_OFF: Final = Words(
    Whose.APP,
    "The app could not reach something that it needs on the network, and ended.",
    _READ_ON,
    "Read what it printed last: it names what could not be reached.",
)

PAUSED: Final = Words(
    Whose.ADMIN,
    "An administrator has paused this pool, so nothing is started in it.",
    "You keep your place; it goes on when the pool is resumed, or somebody leaves.",
    "Resume the pool.",
)


def full(limit: int) -> Words:
    many = "The only workspace" if limit == 1 else f"All {limit} workspaces"
    used = "is" if limit == 1 else "are"
    return Words(
        Whose.ADMIN,
        f"{many} that this pool may have {used} in use: its limit is reached.",
        "You keep your place, and get the next one that somebody gives back.",
        "Raise the limit of the pool if the machine has room for more.",
    )
