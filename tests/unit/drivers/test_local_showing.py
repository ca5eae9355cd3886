"""What is shown of an instance, from what its slot and its processes tell."""

import errno

import pytest

from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import InstallationId, PoolName, WorkspaceId
from carrel.domain.template import HomeKind
from carrel.drivers.local.processes import Member, Process, Tag
from carrel.drivers.local.showing import Evidence, shown
from carrel.drivers.local.slot import End, Record, Run
from carrel.ports.driver import InstanceState

ID = WorkspaceId("abcdefghij012345")
RECORD = Record(InstallationId("installation00id"), "local", PoolName("desk"), 20001, HomeKind.PERSISTENT)
RUN = Run(pid=100, started=5000)


def member(pid: int, *, started: int = 5000, is_keeper: bool = False) -> Member:
    process = Process(pid, started, parent=1, has_terminal=False)
    return Member(process, Tag(ID, PoolName("desk"), is_keeper), is_keeper)


KEEPER = member(99, is_keeper=True)
APP = member(100)

STATES: list[tuple[str, Evidence, list[Member], InstanceState]] = [
    ("only begun", Evidence(), [], InstanceState.ENDED),
    ("intended and interrupted", Evidence(RECORD), [], InstanceState.ENDED),
    ("its keeper has not started it yet", Evidence(RECORD), [KEEPER], InstanceState.STARTING),
    ("running", Evidence(RECORD, RUN), [KEEPER, APP], InstanceState.RUNNING),
    ("running without its keeper", Evidence(RECORD, RUN), [APP], InstanceState.RUNNING),
    ("ended", Evidence(RECORD, RUN, End(code=0)), [], InstanceState.ENDED),
    (
        "ended, its kernels not",
        Evidence(RECORD, RUN, End(code=1)),
        [KEEPER, member(101)],
        InstanceState.ENDED,
    ),
    ("gone unseen", Evidence(RECORD, RUN), [], InstanceState.ENDED),
    ("its pid is somebody else's now", Evidence(RECORD, RUN), [member(100, started=1)], InstanceState.ENDED),
    ("without a slot", Evidence(), [APP], InstanceState.RUNNING),
    ("never started", Evidence(RECORD, None, End(error=errno.ENOENT)), [], InstanceState.ENDED),
]


@pytest.mark.parametrize(
    ("evidence", "members", "state"), [each[1:] for each in STATES], ids=[each[0] for each in STATES]
)
def test_states(evidence: Evidence, members: list[Member], state: InstanceState) -> None:
    instance = shown(ID, evidence, members, None)
    assert instance.state is state
    assert (instance.sentence is not None) == (state is InstanceState.ENDED)


def test_what_is_being_done_counts_more_than_what_is_seen() -> None:
    assert shown(ID, Evidence(RECORD, RUN), [], InstanceState.STOPPING).state is InstanceState.STOPPING


def test_every_start_has_a_handle_of_its_own() -> None:
    one = shown(ID, Evidence(RECORD, RUN), [APP], None)
    other = shown(ID, Evidence(RECORD, Run(pid=100, started=5001)), [member(100, started=5001)], None)
    assert one.handle is not None
    assert one.handle != other.handle


def test_endpoint_and_pool_come_from_the_record_else_the_pool_from_a_tag() -> None:
    recorded = shown(ID, Evidence(RECORD, RUN), [APP], None)
    assert (recorded.endpoint, recorded.pool) == (Endpoint("127.0.0.1", 20001), "desk")
    tagged = shown(ID, Evidence(), [APP], None)
    assert (tagged.endpoint, tagged.pool) == (None, "desk")


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        (End(code=0, seconds=0.4), "The program ended by itself after 0.4 s, with exit status 0."),
        (End(code=1, seconds=61), "The program ended by itself after 61 s, with exit status 1."),
        (End(code=-15, seconds=600), "The program was ended by SIGTERM after 10 min."),
        (
            End(code=-9, seconds=9000),
            "The program was ended by SIGKILL after 2.5 h. The machine may have run out of memory.",
        ),
        (End(code=-200, seconds=1), "The program was ended by signal 200 after 1.0 s."),
        (End(error=errno.EACCES), "The program could not be started: Permission denied."),
        (End(), "The program ended; how is not known."),
        (None, "The program ended while Carrel was not watching."),
    ],
)
def test_sentences(end: End | None, sentence: str) -> None:
    assert shown(ID, Evidence(RECORD, RUN, end), [], None).sentence == sentence
