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
TO_ADMINS: Final = "You have to put this right, as an administrator."
"""In place of the sentence that an administrator has to."""


@dataclass(frozen=True, slots=True)
class Words:
    whose: Whose
    sentence: str
    advice: str
    remedy: str
    blame: str = ""
    """Where the usual sentence about `whose` says too much."""

    def about(self, fault: Fault) -> Cause:
        blame = self.blame or _BLAME[self.whose]
        return Cause(fault, self.whose, self.sentence, blame, self.advice, self.remedy)


_TELL: Final = "It cannot start until this is corrected."
_AGAIN: Final = (
    "It is tried again by itself. If it stays so, tell an administrator: what it printed last is sent along."
)
_REOPEN: Final = "Open it again. If it happens again, tell an administrator."

AT_START: Final[Mapping[Fault, Words]] = {
    Fault.IMAGE: Words(
        Whose.ADMIN,
        "The image that this workspace is made from is missing, or may not be fetched.",
        _TELL,
        "Check the template's image: its name, its tag, and whether this backend may fetch it.",
    ),
    Fault.COMMAND: Words(
        Whose.ADMIN,
        "The program that this workspace runs is not installed on its machine.",
        _TELL,
        "Install the program, or correct the command of the template.",
    ),
    Fault.RECIPE: Words(
        Whose.ADMIN,
        "The template of this workspace has a mistake in it.",
        _TELL,
        "Correct the template as the message says.",
    ),
    Fault.CRASH: Words(
        Whose.APP,
        "The app crashed while it was starting.",
        _AGAIN,
        "Read what it printed last, and try the command of the template by hand.",
    ),
    Fault.QUIT: Words(
        Whose.ADMIN,
        "The app ended as soon as it had started, without an error.",
        _TELL,
        "The command of the template must stay in the foreground for as long as the app runs.",
    ),
    Fault.TIMEOUT: Words(
        Whose.APP,
        "The app was started and did not answer in time.",
        "It is tried again by itself: on a busy machine it may need longer. If it stays so, tell an administrator.",
        "Raise the pool's start_timeout if the app only needs longer; else read what it printed last.",
    ),
    Fault.MEMORY: Words(
        Whose.MACHINE,
        "Memory ran out while the app was starting.",
        "It is tried again by itself, and works as soon as there is memory. If it stays so, tell an administrator.",
        "Give the machine or the template more memory, or lower the limit of its pools.",
    ),
    Fault.DISK: Words(
        Whose.MACHINE,
        "The disk of the machine is full.",
        "Tell an administrator, who has to make room. It is tried again by itself.",
        "Free some space on the disk that the message names.",
    ),
    Fault.PORT: Words(
        Whose.MACHINE,
        "The network port that the app needs is taken by another program.",
        "It is tried again by itself, with another port.",
        "End the program that holds the port, or give the backend more or other ports.",
    ),
    Fault.PERMISSION: Words(
        Whose.ADMIN,
        "The permission to use something that the app needs is missing.",
        _TELL,
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
        "Nothing of yours is lost. It is tried again by itself.",
        "Check that the homes are there, and that Carrel's user may write them.",
    ),
    Fault.LOST: Words(
        Whose.MACHINE,
        "It vanished while it was starting.",
        _AGAIN,
        "See whether the machine was restarted, or somebody ended its processes.",
    ),
    Fault.UNKNOWN: Words(
        Whose.APP,
        "It could not be started; why is not known.",
        _AGAIN,
        "Read its timeline and what it printed last.",
    ),
}
"""Before anybody could use it: whoever reads this waits."""

_SHARED: Final = "This is a limit of the machine, which all who work on it share."

IN_USE: Final[Mapping[Fault, Words]] = {
    Fault.CRASH: Words(
        Whose.APP,
        "The app crashed.",
        _REOPEN,
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
        _REOPEN,
        "Read what it printed last; a machine under heavy load looks the same.",
    ),
    Fault.MEMORY: Words(
        Whose.MACHINE,
        "Memory ran out, so the app was ended.",
        "Open it again and load less at once. If your work needs more memory, tell an administrator.",
        "Give the machine or the template more memory, or let fewer people in at once.",
        _SHARED,
    ),
    Fault.DISK: Words(
        Whose.MACHINE,
        "The disk is full, so the app could not go on.",
        "Delete what you do not need, or ask an administrator for room.",
        "Free some space on the disk with the homes and slots.",
    ),
    Fault.PORT: Words(
        Whose.MACHINE,
        "The network port that the app needs was taken by another program meanwhile.",
        "Open it again: the next one is given another port.",
        "End the program that holds the port, or give the backend more or other ports.",
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
        _REOPEN,
        "Read its timeline and what it printed last.",
    ),
}
"""While it was somebody's. Kinds that are missing here are worded as at the start."""

KILLED: Final = Words(
    Whose.MACHINE,
    "The app was ended by force, most likely because memory ran out.",
    IN_USE[Fault.MEMORY].advice,
    'Look for "out of memory" in the system\'s log; if it is not there, somebody ended the process.',
    _SHARED,
)

TOO_MANY_PROCESSES: Final = Words(
    Whose.APP,
    "It had as many processes as it may have, so nothing more could be started in it.",
    "Open another one, and see that what you run starts fewer processes at once.",
    "Raise the processes of the template's container if the work needs more.",
    "This is a limit of your own workspace; nobody else was held up by it.",
)

ENGINE_RESTARTED: Final = Words(
    Whose.MACHINE,
    "The engine that runs the containers was restarted, and all workspaces on it ended with it.",
    "Open another one: your files are where they were.",
    "See why the engine was restarted; its own log tells.",
)

STOPPED_THERE: Final = Words(
    Whose.MACHINE,
    "It was stopped on its machine: the container engine was shut down, or somebody there ended it.",
    ENGINE_RESTARTED.advice,
    "See whether the engine was shut down, and why; its own log tells. If it was not, somebody there ended the container.",
)

CUT_OFF: Final = Words(
    Whose.APP,
    "The app could not reach something that it needs on the network, and ended.",
    "If it happens again, tell an administrator: what it printed last is sent along.",
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
