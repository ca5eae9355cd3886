"""What a failure comes down to, as a table: what was recorded → which kind it is and whose problem."""

import errno
import os
from dataclasses import replace

import pytest

from carrel.domain.cause import Fault, Whose
from carrel.domain.ids import WorkspaceId
from carrel.domain.reason import ReasonCode
from carrel.drivers.local.showing import Evidence, shown
from carrel.drivers.local.slot import End
from carrel.drivers.ondisk.faults import may_be_full
from carrel.ports.driver import DriverError
from carrel.rules import blame
from carrel.rules.causes import Delay, Mishap, cause, code_of_exit, hindrance, is_failure
from carrel.testing.worlds import a_pool

R = ReasonCode
TRACEBACK = ("Traceback (most recent call last):", '  File "app.py", line 3, in <module>')


def trace(last: str) -> tuple[str, ...]:
    return ("Starting up.", *TRACEBACK, last)


CODES: list[tuple[ReasonCode, Fault, Whose]] = [
    (R.IMAGE_MISSING, Fault.IMAGE, Whose.ADMIN),
    (R.COMMAND_MISSING, Fault.COMMAND, Whose.ADMIN),
    (R.NOT_PERMITTED, Fault.PERMISSION, Whose.ADMIN),
    (R.REJECTED, Fault.RECIPE, Whose.ADMIN),
    (R.CRASHED, Fault.CRASH, Whose.APP),
    (R.QUIT, Fault.QUIT, Whose.ADMIN),
    (R.START_TIMEOUT, Fault.TIMEOUT, Whose.APP),
    (R.UNRESPONSIVE, Fault.TIMEOUT, Whose.APP),
    (R.OUT_OF_MEMORY, Fault.MEMORY, Whose.MACHINE),
    (R.KILLED, Fault.MEMORY, Whose.MACHINE),
    (R.DISK_FULL, Fault.DISK, Whose.MACHINE),
    (R.ATTACH_FAILED, Fault.FILES, Whose.ADMIN),
    (R.LOST, Fault.LOST, Whose.MACHINE),
    (R.TOO_MANY_PROCESSES, Fault.LIMIT, Whose.APP),
    (R.ENGINE_RESTARTED, Fault.LOST, Whose.MACHINE),
]

SAID: list[tuple[str, str, Fault]] = [
    (R.CRASHED, "MemoryError", Fault.MEMORY),
    (R.CRASHED, "OSError: [Errno 12] Cannot allocate memory", Fault.MEMORY),
    (
        R.CRASHED,
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        Fault.MEMORY,
    ),
    (R.CRASHED, "java.lang.OutOfMemoryError: Java heap space", Fault.MEMORY),
    (R.CRASHED, "terminate called after throwing an instance of 'std::bad_alloc'", Fault.MEMORY),
    (R.CRASHED, "OSError: [Errno 28] No space left on device: '/home/x'", Fault.DISK),
    (R.CRASHED, "Error: ENOSPC: no space left on device, write", Fault.DISK),
    (R.CRASHED, "OSError: [Errno 122] Disk quota exceeded", Fault.DISK),
    (R.CRASHED, "OSError: [Errno 98] Address already in use", Fault.PORT),
    (R.CRASHED, "Error: listen EADDRINUSE: address already in use 127.0.0.1:20001", Fault.PORT),
    (
        R.CRASHED,
        "ERROR: the Jupyter server could not be started because port 20001 is not available.",
        Fault.PORT,
    ),
    (R.CRASHED, "PermissionError: [Errno 13] Permission denied: '/srv/data'", Fault.PERMISSION),
    (R.CRASHED, "Error: EACCES: permission denied, open '/srv/data'", Fault.PERMISSION),
    (R.CRASHED, "ConnectionRefusedError: [Errno 111] Connection refused", Fault.NETWORK),
    (R.CRASHED, "socket.gaierror: [Errno -3] Temporary failure in name resolution", Fault.NETWORK),
    (R.CRASHED, "curl: (6) Could not resolve host: example.org", Fault.NETWORK),
    (R.CRASHED, "bash: line 1: rserver: command not found", Fault.COMMAND),
    (R.CRASHED, "ModuleNotFoundError: No module named 'jupyterlab'", Fault.CRASH),
    (R.CRASHED, "KeyError: 'memory'", Fault.CRASH),
    (R.START_TIMEOUT, "OSError: [Errno 28] No space left on device", Fault.DISK),
    (R.START_TIMEOUT, "Serving at http://127.0.0.1:20001/w/x/", Fault.TIMEOUT),
    (R.UNRESPONSIVE, "OSError: [Errno 28] No space left on device", Fault.TIMEOUT),
    (R.LOST, "MemoryError", Fault.LOST),
    (R.COMMAND_MISSING, "No space left on device", Fault.COMMAND),
]
"""Code, the last line that the app printed, and what that makes of it."""

DELAYS: list[tuple[Delay, str, Fault]] = [
    (Delay.FULL, "The quota of 8 processors is used up.", Fault.LIMIT),
    (Delay.FULL, "None of the ports 20000-20009 is free: 10 are held, 0 rest.", Fault.PORT),
    (Delay.AWAY, "The engine does not answer.", Fault.NETWORK),
    (Delay.AWAY, "The workspace cannot be started: Permission denied (/state/slots/x).", Fault.PERMISSION),
    (Delay.UNSEEN, "The backend did not list its instances within 30 seconds.", Fault.NETWORK),
    (Delay.UNSEEN, "The slots cannot be read: Permission denied (/state/slots).", Fault.PERMISSION),
]

EXITS = [
    (0, R.QUIT), (1, R.CRASHED), (2, R.CRASHED), (126, R.NOT_PERMITTED), (127, R.COMMAND_MISSING),
    (137, R.KILLED), (-9, R.KILLED), (-11, R.CRASHED), (-15, R.CRASHED), (255, R.CRASHED),
]  # fmt: skip

ORDINARY = [
    R.RELEASED, R.STOPPED_BY_ADMIN, R.EXPIRED, R.IDLE, R.UNENTERED, R.UNWATCHED, R.OUTDATED, R.STALE, R.SURPLUS, R.RESTARTED,
]  # fmt: skip


@pytest.mark.parametrize(("code", "fault", "whose"), CODES)
def test_a_code_alone_says_what_it_is(code: ReasonCode, fault: Fault, whose: Whose) -> None:
    found = cause(Mishap(code, "It is so."))
    assert (found.fault, found.whose) == (fault, whose)


@pytest.mark.parametrize(("code", "last", "fault"), SAID)
def test_the_last_lines_tell_where_the_code_does_not(code: str, last: str, fault: Fault) -> None:
    assert (
        cause(Mishap(code, "The program ended by itself after 0.3 s, with exit status 1.", trace(last))).fault
        is fault
    )


def test_only_the_end_of_what_was_printed_counts_and_the_last_sign_most() -> None:
    full, noise = "No space left on device", "and so on"
    assert cause(Mishap(R.CRASHED, "", (full, *[noise] * 15))).fault is Fault.CRASH
    assert cause(Mishap(R.CRASHED, "", (full, *[noise] * 3, "MemoryError", noise))).fault is Fault.MEMORY


@pytest.mark.parametrize(("delay", "sentence", "fault"), DELAYS)
def test_what_only_delays_is_told_by_its_sentence(delay: Delay, sentence: str, fault: Fault) -> None:
    assert cause(Mishap(delay, sentence)).fault is fault


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (errno.ENOSPC, Fault.DISK),
        (errno.EDQUOT, Fault.DISK),
        (errno.ENOMEM, Fault.MEMORY),
        (errno.EMFILE, Fault.LIMIT),
        (errno.EAGAIN, Fault.LIMIT),
        (errno.EACCES, Fault.PERMISSION),
        (errno.EPERM, Fault.PERMISSION),
        (errno.EIO, Fault.NETWORK),
    ],
)
def test_what_the_system_says_to_the_local_driver_is_understood(number: int, fault: Fault) -> None:
    with pytest.raises(DriverError) as raised, may_be_full("The workspace cannot be started"):
        raise OSError(number, os.strerror(number), "/state/slots/x")
    assert cause(Mishap(Delay.AWAY, raised.value.sentence)).fault is fault


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        (errno.ENOENT, Fault.COMMAND),
        (errno.ENOEXEC, Fault.COMMAND),
        (errno.EACCES, Fault.PERMISSION),
        (errno.ENOMEM, Fault.MEMORY),
        (errno.ENOSPC, Fault.DISK),
        (errno.ETXTBSY, Fault.CRASH),
    ],
)
def test_what_kept_a_program_from_starting_is_understood(number: int, fault: Fault) -> None:
    instance = shown(WorkspaceId("a" * 16), Evidence(end=End(error=number)), [], None)
    assert cause(Mishap(instance.code or R.CRASHED, instance.sentence or "")).fault is fault


def test_a_kill_for_want_of_memory_is_told_from_any_other() -> None:
    sure = shown(WorkspaceId("a" * 16), Evidence(end=End(code=-9, out_of_memory=True)), [], None)
    unsure = shown(WorkspaceId("a" * 16), Evidence(end=End(code=-9)), [], None)
    assert (sure.code, unsure.code) == (R.OUT_OF_MEMORY, R.KILLED)
    assert sure.sentence is not None
    assert sure.sentence.endswith("The machine ran out of memory.")
    assert "most likely" not in cause(Mishap(sure.code, "", was_in_use=True)).sentence
    assert "most likely" in cause(Mishap(unsure.code, "", was_in_use=True)).sentence


@pytest.mark.parametrize(("status", "code"), EXITS)
def test_an_exit_status_says_what_it_can(status: int, code: ReasonCode) -> None:
    assert code_of_exit(status) is code


@pytest.mark.parametrize("code", ReasonCode)
def test_an_end_is_a_failure_or_ordinary(code: ReasonCode) -> None:
    is_ordinary = code in ORDINARY or code is R.UNKNOWN
    assert is_failure(code, was_in_use=False) is not is_ordinary
    assert is_failure(code, was_in_use=True) is not (is_ordinary or code is R.QUIT)


def test_a_code_of_a_newer_carrel_is_not_guessed() -> None:
    assert not is_failure("eaten_by_mice", was_in_use=True)
    assert not is_failure(None, was_in_use=True)
    assert cause(Mishap("eaten_by_mice", "Mice.")).fault is Fault.UNKNOWN


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("words", [blame.AT_START, blame.IN_USE], ids=["at the start", "in use"])
def test_every_kind_has_whole_sentences(fault: Fault, words: dict[Fault, blame.Words]) -> None:
    found = (words.get(fault) or blame.AT_START[fault]).about(fault)
    for text in (found.sentence, found.blame, found.advice, found.remedy):
        assert text[0].isupper()
        assert text.endswith(".")


def test_a_pool_without_room_says_whose_limit_it_is() -> None:
    pool = a_pool(limit=2)
    assert hindrance(pool, 1) is None
    full = hindrance(pool, 2)
    assert full is not None
    assert full.sentence == "All 2 workspaces that this pool may have are in use: its limit is reached."
    paused = hindrance(replace(pool, paused=True), 0)
    assert paused is not None
    assert "paused" in paused.sentence


def test_that_an_admin_has_to_act_is_said_once() -> None:
    for kind, words in (*blame.AT_START.items(), *blame.IN_USE.items()):
        told = words.about(kind)
        if told.whose is Whose.ADMIN:
            assert "administrator" in told.blame
            assert "administrator" not in told.advice
