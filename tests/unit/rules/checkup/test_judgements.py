"""Every finding's judgement, as a table: these facts, this outcome, and something of what is said."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.rules.checkup.container_cases import CONTAINERS

from carrel.domain.finding import Diagnosis, Finding, Outcome, worst
from carrel.domain.ids import BackendName, PoolName, TemplateName
from carrel.domain.pool import Pool
from carrel.domain.preparation import Startup
from carrel.domain.template import HomeKind, Template
from carrel.rules.checkup import addresses, dataplane, machine, pools, security, store
from carrel.rules.checkup.addresses import Answer, Certificate, Name
from carrel.rules.checkup.catalog import KINDS, in_order, merged
from carrel.rules.checkup.dataplane import Port, Seen
from carrel.rules.checkup.kind import SUBJECTS, subject_of
from carrel.rules.checkup.machine import Demand, Folder, Owned, Room
from carrel.rules.checkup.pools import Filling

GOOD, WARNING, BAD, UNKNOWN = Outcome.GOOD, Outcome.WARNING, Outcome.BAD, Outcome.UNKNOWN
GIB = 1 << 30
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

HERE = Folder("/srv/carrel", exists=True, owner="ada", user="ada")
LAB = Pool(PoolName("lab"), TemplateName("lab"), BackendName("local"), warm=2, limit=4)
RECIPE = Template(TemplateName("lab"), ("lab",))
COURSE = replace(RECIPE, startup=Startup(("make", "ready")))
TWO_OF_TWO = Filling(LAB, ready=2, live=2)
NONE_READY = replace(TWO_OF_TWO, ready=0, live=0)
DEMAND = Demand(workspaces=10, memory=10 * GIB, warm_memory=2 * GIB)

Case = tuple[str, Callable[[], Finding], Outcome, str]

MACHINE: list[Case] = [
    ("CRL101", lambda: machine.settings(None, ["carrel.toml"]), GOOD, "carrel.toml"),
    ("CRL101", lambda: machine.settings(None, []), GOOD, "defaults"),
    ("CRL101", lambda: machine.settings("port: expected a whole number.", []), BAD, "whole number"),
    ("CRL102", lambda: machine.state_dir(HERE), GOOD, "private"),
    ("CRL102", lambda: machine.state_dir(replace(HERE, exists=False)), GOOD, "can be made"),
    (
        "CRL102",
        lambda: machine.state_dir(replace(HERE, exists=False, is_writable=False)),
        BAD,
        "cannot be made",
    ),
    (
        "CRL102",
        lambda: machine.state_dir(replace(HERE, is_writable=False, owner="eve")),
        BAD,
        "belongs to eve",
    ),
    ("CRL102", lambda: machine.state_dir(replace(HERE, is_directory=False)), BAD, "no directory"),
    ("CRL102", lambda: machine.state_dir(replace(HERE, mode=0o755)), WARNING, "0755"),
    ("CRL102", lambda: machine.state_dir(replace(HERE, complaint="The path is too long.")), BAD, "too long"),
    ("CRL103", lambda: machine.private([], "ada"), GOOD, "none yet"),
    ("CRL103", lambda: machine.private([Owned("/s/run", 0o700, "ada")], "ada"), GOOD, "Only ada"),
    ("CRL103", lambda: machine.private([Owned("/s/run", 0o750, "ada")], "ada"), BAD, "/s/run"),
    (
        "CRL103",
        lambda: machine.private([Owned("/s/run", 0o700, "eve")], "ada"),
        BAD,
        "does not belong to ada",
    ),
    (
        "CRL103",
        lambda: machine.private([Owned(f"/s/{n}", 0o644, "ada") for n in range(9)], "ada"),
        BAD,
        "and 5 more",
    ),
    ("CRL104", lambda: machine.disk(Room("/s", 100 * GIB, 50 * GIB)), GOOD, "50%"),
    ("CRL104", lambda: machine.disk(Room("/s", 100 * GIB, 9 * GIB)), WARNING, "9.0 GiB"),
    ("CRL104", lambda: machine.disk(Room("/s", 10_000 * GIB, 900 * GIB)), GOOD, "9%"),
    ("CRL104", lambda: machine.disk(Room("/s", 100 * GIB, GIB)), BAD, "1.0 GiB"),
    ("CRL104", lambda: machine.disk(Room("/s", GIB, GIB // 5)), BAD, "/s"),
    ("CRL104", lambda: machine.disk(Room("/s", 0, 0)), BAD, "0 B of 0 B"),
    ("CRL105", lambda: machine.inodes(Room("/s", 0, 0)), GOOD, "as needed"),
    ("CRL105", lambda: machine.inodes(Room("/s", 1000, 500)), GOOD, "500"),
    ("CRL105", lambda: machine.inodes(Room("/s", 1000, 99)), WARNING, "99"),
    ("CRL105", lambda: machine.inodes(Room("/s", 1000, 19)), BAD, "19"),
    ("CRL106", lambda: machine.open_files(None, 30), GOOD, "no limit"),
    ("CRL106", lambda: machine.open_files(65_536, 30), GOOD, "65536"),
    ("CRL106", lambda: machine.open_files(4096, 300), WARNING, "192 people"),
    ("CRL106", lambda: machine.open_files(1024, 5), BAD, "0 people"),
    ("CRL107", lambda: machine.memory(DEMAND, 16 * GIB), GOOD, "16.0 GiB"),
    ("CRL107", lambda: machine.memory(DEMAND, 8 * GIB), WARNING, "10.0 GiB"),
    ("CRL107", lambda: machine.memory(DEMAND, GIB), BAD, "2.0 GiB"),
    ("CRL108", lambda: machine.processes(DEMAND, limit=None, used=0), GOOD, "no limit"),
    ("CRL108", lambda: machine.processes(DEMAND, limit=5000, used=100), GOOD, "100 of 5000"),
    ("CRL108", lambda: machine.processes(DEMAND, limit=300, used=100), WARNING, "400 more"),
    ("CRL108", lambda: machine.processes(DEMAND, limit=130, used=100), BAD, "100 of 130"),
    ("CRL109", lambda: machine.clock(NOON, None), GOOD, "2026-11-21"),
    ("CRL109", lambda: machine.clock(NOON, 1.5), GOOD, "2026-11-21"),
    ("CRL109", lambda: machine.clock(NOON, 30.0), WARNING, "forward by 30"),
    ("CRL109", lambda: machine.clock(NOON, -3600.0), BAD, "back by 3600"),
    ("CRL109", lambda: machine.clock(NOON.replace(year=1970), None), BAD, "cannot be"),
    ("CRL110", lambda: machine.runs(None, answers=False, state="/s"), GOOD, "None runs"),
    ("CRL110", lambda: machine.runs(7, answers=True, state="/s"), GOOD, "process 7"),
    ("CRL110", lambda: machine.runs(7, answers=False, state="/s"), BAD, "does not answer"),
    ("CRL110", lambda: machine.runs(7, answers=False, state="/s", owner="eve"), UNKNOWN, "as eve"),
]
DATAPLANE: list[Case] = [
    ("CRL201", lambda: dataplane.port(Port("port", "127.0.0.1", 8000)), GOOD, "free"),
    ("CRL201", lambda: dataplane.port(Port("port", "127.0.0.1", 8000, is_ours=True)), GOOD, "our Envoy"),
    (
        "CRL201",
        lambda: dataplane.port(Port("port", "0.0.0.0", 80, refused="may not be used by this user")),
        BAD,
        "Port 80 on 0.0.0.0 may not be used by this user.",
    ),
    ("CRL202", lambda: dataplane.program("/bin/envoy", (1, 40), None), GOOD, "1.40"),
    ("CRL202", lambda: dataplane.program("/bin/envoy", (1, 31), None), WARNING, "1.31"),
    ("CRL202", lambda: dataplane.program("/bin/envoy", None, None), WARNING, "does not say"),
    ("CRL202", lambda: dataplane.program(None, None, "Envoy is not installed."), BAD, "not installed"),
    ("CRL203", lambda: dataplane.alive(Seen(None), is_carrel_running=False), GOOD, "will start one"),
    ("CRL203", lambda: dataplane.alive(Seen(None), is_carrel_running=True), BAD, "does not run"),
    ("CRL203", lambda: dataplane.alive(Seen(7), is_carrel_running=True), BAD, "does not answer"),
    (
        "CRL203",
        lambda: dataplane.alive(Seen(7, answers=True, state="DRAINING"), is_carrel_running=True),
        BAD,
        "DRAINING",
    ),
    (
        "CRL203",
        lambda: dataplane.alive(Seen(7, answers=True, state="LIVE", uptime="9s"), is_carrel_running=True),
        GOOD,
        "for 9s",
    ),
    ("CRL204", lambda: dataplane.outdated(differs=False), GOOD, "today's"),
    ("CRL204", lambda: dataplane.outdated(differs=True), WARNING, "of its start"),
    ("CRL205", lambda: dataplane.follows({"cluster.workspace.update_rejected": 0}), GOOD, "every file"),
    ("CRL205", lambda: dataplane.follows({"cluster.workspace.update_rejected": 2}), BAD, "eds.json"),
    (
        "CRL205",
        lambda: dataplane.follows({"extension_config_discovery.http_filter.verdict.config_fail": 1}),
        BAD,
        "verdict.json",
    ),
    ("CRL206", lambda: dataplane.authorizer({"hub.sock": "healthy"}), GOOD, "reaches"),
    ("CRL206", lambda: dataplane.authorizer({}), UNKNOWN, "does not say"),
    (
        "CRL206",
        lambda: dataplane.authorizer({"authorizer.sock": "/failed_active_hc", "hub.sock": "healthy"}),
        BAD,
        "authorizer.sock",
    ),
    ("CRL207", lambda: dataplane.connections(10, 100), GOOD, "10 of at most 100"),
    ("CRL207", lambda: dataplane.connections(80, 100), WARNING, "80"),
    ("CRL207", lambda: dataplane.connections(96, 100), BAD, "96"),
]
HUB = "https://carrel.example.org"
ADDRESSES: list[Case] = [
    ("CRL301", lambda: addresses.hub(Answer(HUB, status=200, is_proven=True)), GOOD, "leads here"),
    ("CRL301", lambda: addresses.hub(Answer(HUB, status=200)), BAD, "not this Carrel"),
    ("CRL301", lambda: addresses.hub(Answer(HUB, "connection refused")), BAD, "connection refused"),
    ("CRL302", lambda: addresses.websocket(Answer(HUB, status=101, is_proven=True)), GOOD, "gives back"),
    ("CRL302", lambda: addresses.websocket(Answer(HUB, status=101)), BAD, "does not give back"),
    ("CRL302", lambda: addresses.websocket(Answer(HUB, "it was answered 400 Bad Request")), BAD, "400"),
    ("CRL303", lambda: addresses.names([Name("a.example.org", ("192.0.2.1",))]), GOOD, "192.0.2.1"),
    ("CRL303", lambda: addresses.names([Name("x.example.net")]), BAD, "x.example.net"),
    (
        "CRL303",
        lambda: addresses.names([Name("x.localhost", is_found_by_browsers=True)]),
        GOOD,
        "by themselves",
    ),
    ("CRL304", lambda: addresses.workspaces(Answer(HUB, status=404, is_proven=True)), GOOD, "leads here"),
    ("CRL304", lambda: addresses.workspaces(Answer(HUB, status=404)), BAD, "not this Carrel"),
    ("CRL304", lambda: addresses.workspaces(Answer(HUB, "no answer")), BAD, "no answer"),
    ("CRL305", lambda: addresses.certificate(Certificate("h", 60)), GOOD, "60 days"),
    ("CRL305", lambda: addresses.certificate(Certificate("h", 5)), WARNING, "5 days"),
    ("CRL305", lambda: addresses.certificate(Certificate("h", -3, "expired")), BAD, "3 days ago"),
    ("CRL305", lambda: addresses.certificate(Certificate("h", 60, "self-signed")), BAD, "self-signed"),
    ("CRL305", lambda: addresses.certificate(Certificate("h")), UNKNOWN, "could not be read"),
    ("CRL305", lambda: addresses.certificate_file("/c.pem", 60, None), GOOD, "60 days"),
    ("CRL305", lambda: addresses.certificate_file("/c.pem", 5, None), WARNING, "5 days"),
    ("CRL305", lambda: addresses.certificate_file("/c.pem", -3, None), BAD, "3 days ago"),
    ("CRL305", lambda: addresses.certificate_file("/c.pem", None, "No key."), BAD, "No key."),
    (
        "CRL306",
        lambda: addresses.outside(listens_on="0.0.0.0", listens_beyond=True, hub_is_local=True),
        WARNING,
        "localhost",
    ),
    (
        "CRL306",
        lambda: addresses.outside(listens_on="127.0.0.1", listens_beyond=False, hub_is_local=False),
        GOOD,
        "proxy",
    ),
    (
        "CRL306",
        lambda: addresses.outside(listens_on="127.0.0.1", listens_beyond=False, hub_is_local=True),
        GOOD,
        "this machine",
    ),
    (
        "CRL306",
        lambda: addresses.outside(listens_on="0.0.0.0", listens_beyond=True, hub_is_local=False),
        GOOD,
        "anywhere",
    ),
    ("CRL307", lambda: addresses.date(-1.0), GOOD, "same time"),
    ("CRL307", lambda: addresses.date(4.0), WARNING, "ahead"),
    ("CRL307", lambda: addresses.date(-90.0), BAD, "90 seconds behind"),
]
STORE: list[Case] = [
    ("CRL401", lambda: store.reached("PostgreSQL", None), GOOD, "answers"),
    ("CRL401", lambda: store.absent("The file x"), GOOD, "does not exist yet"),
    ("CRL401", lambda: store.reached("", "PostgreSQL does not let us in."), BAD, "let us in"),
    ("CRL402", lambda: store.revision("0002", "0002"), GOOD, "0002"),
    ("CRL402", lambda: store.revision(None, "0002"), WARNING, "none yet"),
    ("CRL402", lambda: store.revision("0001", "0002"), WARNING, "0001"),
    ("CRL402", lambda: store.revision("0009", "0002"), BAD, "newer Carrel"),
    ("CRL403", lambda: store.whole([]), GOOD, "whole"),
    ("CRL403", lambda: store.whole(None), UNKNOWN, "no time"),
    ("CRL403", lambda: store.whole(["row 3 missing from index"]), BAD, "row 3"),
    ("CRL404", lambda: store.write_ahead_log(4 << 20), GOOD, "4 MiB"),
    ("CRL404", lambda: store.write_ahead_log(200 << 20), WARNING, "200 MiB"),
    ("CRL404", lambda: store.write_ahead_log(2 << 30), BAD, "2048 MiB"),
    ("CRL405", lambda: store.file_system("ext4", "/s"), GOOD, "ext4"),
    ("CRL405", lambda: store.file_system("nfs4", "/s"), BAD, "nfs4"),
    ("CRL406", lambda: store.clock(0.2), GOOD, "same time"),
    ("CRL406", lambda: store.clock(2.0), WARNING, "2.0 seconds ahead"),
    ("CRL406", lambda: store.clock(-60.0), BAD, "60.0 seconds behind"),
    (
        "CRL407",
        lambda: store.reserve(32 << 20, 32 << 20, "/s", fits=True),
        GOOD,
        "32 MiB are set aside at /s",
    ),
    ("CRL407", lambda: store.reserve(0, 32 << 20, "/s", fits=True), GOOD, "when it runs"),
    ("CRL407", lambda: store.reserve(0, 32 << 20, "/s", fits=False), WARNING, "for want of room"),
    ("CRL407", lambda: store.reserve(30 << 20, 32 << 20, "/s", fits=False), BAD, "30 MiB of 32 MiB"),
]
POOLS: list[Case] = [
    ("CRL501", lambda: pools.backend("local", None), GOOD, "answers"),
    ("CRL501", lambda: pools.backend("local", None, opened=False), GOOD, "has a driver"),
    ("CRL501", lambda: pools.backend("ec2", "It does not answer."), BAD, "ec2: It does"),
    ("CRL502", lambda: pools.command("lab", None), GOOD, "found"),
    ("CRL502", lambda: pools.command("lab", 'The program "jupyter" was not found.'), BAD, "jupyter"),
    (
        "CRL503",
        lambda: pools.warm(Filling(LAB, started_for_people="it is far away")),
        GOOD,
        "Each is started for its person, because it is far away.",
    ),
    ("CRL503", lambda: pools.warm(TWO_OF_TWO), GOOD, "2 of 2"),
    ("CRL503", lambda: pools.warm(replace(NONE_READY, pool=replace(LAB, warm=0))), GOOD, "None are kept"),
    (
        "CRL503",
        lambda: pools.warm(replace(NONE_READY, pool=replace(LAB, draining=True))),
        GOOD,
        "None are kept",
    ),
    ("CRL503", lambda: pools.warm(replace(NONE_READY, pool=replace(LAB, paused=True))), WARNING, "paused"),
    (
        "CRL503",
        lambda: pools.warm(replace(NONE_READY, failure="The command ended.")),
        BAD,
        "The command ended",
    ),
    ("CRL503", lambda: pools.warm(replace(TWO_OF_TWO, ready=1, failure="It ended.")), WARNING, "1 of 2"),
    ("CRL503", lambda: pools.warm(replace(NONE_READY, held=4, live=4)), WARNING, "all 4"),
    ("CRL503", lambda: pools.warm(NONE_READY), BAD, "nothing is being started"),
    ("CRL503", lambda: pools.warm(replace(NONE_READY, quiet_for=timedelta(seconds=3))), GOOD, "0 of 2"),
    (
        "CRL503",
        lambda: pools.warm(replace(NONE_READY, starting=2, oldest_start=MINUTE)),
        GOOD,
        "2 are starting",
    ),
    (
        "CRL503",
        lambda: pools.warm(replace(NONE_READY, starting=2, oldest_start=5 * MINUTE, usual_start=MINUTE)),
        WARNING,
        "usually 1 minute",
    ),
    (
        "CRL503",
        lambda: pools.warm(replace(NONE_READY, starting=1, oldest_start=9 * MINUTE)),
        WARNING,
        "9 minutes",
    ),
    ("CRL504", lambda: pools.usable(LAB, has_backend=True, has_template=True), GOOD, "Up to 4"),
    ("CRL504", lambda: pools.usable(LAB, has_backend=False, has_template=True), BAD, "local is not open"),
    ("CRL504", lambda: pools.usable(LAB, has_backend=True, has_template=False), BAD, "not offered"),
    (
        "CRL504",
        lambda: pools.usable(replace(LAB, limit=0), has_backend=True, has_template=True),
        BAD,
        "limit is 0",
    ),
    (
        "CRL504",
        lambda: pools.usable(replace(LAB, limit=1), has_backend=True, has_template=True),
        WARNING,
        "1 at most",
    ),
    (
        "CRL504",
        lambda: pools.usable(replace(LAB, paused=True), has_backend=True, has_template=True),
        WARNING,
        "paused and empty",
    ),
    (
        "CRL504",
        lambda: pools.usable(replace(LAB, paused=True), has_backend=True, has_template=True, live=1),
        GOOD,
        "Up to 4",
    ),
    (
        "CRL504",
        lambda: pools.usable(replace(LAB, draining=True), has_backend=True, has_template=True, live=1),
        WARNING,
        "drained",
    ),
    ("CRL505", lambda: pools.waiting("lab", 0, timedelta(0)), GOOD, "Nobody"),
    ("CRL505", lambda: pools.waiting("lab", 1, MINUTE), GOOD, "1 person waits"),
    (
        "CRL505",
        lambda: pools.waiting("lab", 3, 6 * MINUTE),
        WARNING,
        "3 people wait, the first for 6 minutes",
    ),
    ("CRL506", lambda: pools.strays("local", []), GOOD, "nothing"),
    ("CRL506", lambda: pools.strays("local", ["waaaaaaaaaaaaaaa"]), WARNING, "waaaaaaaaaaaaaaa"),
    ("CRL507", lambda: pools.ports("local", 10_000, 30), GOOD, "10000 ports"),
    ("CRL507", lambda: pools.ports("local", 40, 30), WARNING, "40 ports"),
    ("CRL507", lambda: pools.ports("local", 20, 30), BAD, "20 ports"),
    ("CRL508", lambda: pools.homes(LAB, RECIPE, attaches=True), GOOD, "anybody"),
    (
        "CRL508",
        lambda: pools.homes(LAB, replace(RECIPE, home=HomeKind.NONE), attaches=False),
        GOOD,
        "anybody",
    ),
    ("CRL508", lambda: pools.homes(LAB, RECIPE, attaches=False), WARNING, "the 2 warm ones"),
    (
        "CRL508",
        lambda: pools.homes(LAB, RECIPE, attaches=False, started_for_people="it is far away"),
        WARNING,
        "starts each workspace for its person, with their files, because it is far away. The 2",
    ),
    ("CRL509", lambda: pools.claimed(LAB, COURSE, delivers=True, runs=True), GOOD, "Everything"),
    ("CRL509", lambda: pools.claimed(LAB, RECIPE, delivers=True, runs=False), GOOD, "Everything"),
    ("CRL509", lambda: pools.claimed(LAB, RECIPE, delivers=False, runs=False), WARNING, "nobody's settings"),
    ("CRL509", lambda: pools.claimed(LAB, COURSE, delivers=True, runs=False), BAD, "prepares nothing"),
]
SECURITY: list[Case] = [
    ("CRL601", lambda: security.admin(1, ["ada"]), GOOD, "ada"),
    ("CRL601", lambda: security.admin(1, []), WARNING, "The only admin"),
    ("CRL601", lambda: security.admin(2, []), WARNING, "None of the 2"),
    ("CRL601", lambda: security.admin(0, []), WARNING, "no admin"),
    ("CRL602", lambda: security.bootstrap([], is_set=False), GOOD, "none"),
    ("CRL602", lambda: security.bootstrap([timedelta(days=1)], is_set=True), GOOD, "1 days"),
    ("CRL602", lambda: security.bootstrap([timedelta(days=40)], is_set=True), WARNING, "40 days"),
    ("CRL602", lambda: security.bootstrap([timedelta(days=1)], is_set=False), WARNING, "name none"),
    ("CRL603", lambda: security.tls(HUB, is_public=True), GOOD, HUB),
    ("CRL603", lambda: security.tls("http://localhost:8000", is_public=False), GOOD, "this machine"),
    ("CRL603", lambda: security.tls("http://lab.example.org", is_public=True), BAD, "other machines"),
    ("CRL604", lambda: security.domains("localhost", "localhost"), GOOD, "of its own"),
    ("CRL604", lambda: security.domains("carrel.example.org", "labs.example.net"), GOOD, "two sites"),
    ("CRL604", lambda: security.domains("carrel.example.org", "labs.example.org"), WARNING, "example.org"),
    ("CRL605", lambda: security.one_trust(["lab"], is_public=True), WARNING, "lab"),
    ("CRL605", lambda: security.one_trust(["lab"], is_public=False), GOOD, "this machine only"),
    ("CRL605", lambda: security.one_trust([], is_public=True), GOOD, "No pool"),
    ("CRL606", lambda: security.root(is_root=True, local_pools=["lab"]), WARNING, "root"),
    ("CRL606", lambda: security.root(is_root=True, local_pools=[]), GOOD, "no pool"),
    ("CRL606", lambda: security.root(is_root=False, local_pools=["lab"]), GOOD, "not root"),
    ("CRL607", lambda: security.hops(HUB, 0), WARNING, "trusted_hops is 0"),
    ("CRL607", lambda: security.hops(HUB, 1), GOOD, "1 are believed"),
    ("CRL607", lambda: security.hops(HUB, 0, encrypts=True), GOOD, "None stands in front"),
    ("CRL607", lambda: security.hops("http://localhost:8000", 0), GOOD, "None"),
]
TABLE = [*MACHINE, *DATAPLANE, *ADDRESSES, *STORE, *POOLS, *CONTAINERS, *SECURITY]


@pytest.mark.parametrize(
    ("code", "judge", "outcome", "words"), [pytest.param(*case, id=f"{case[0]} {case[3]}") for case in TABLE]
)
def test_facts_become_this_finding(
    code: str, judge: Callable[[], Finding], outcome: Outcome, words: str
) -> None:
    found = judge()
    assert (found.code, found.outcome) == (code, outcome)
    assert words in found.found
    assert found.found.endswith((".", "!"))
    assert bool(found.fix) == (outcome is not GOOD), "what is not good says what to do, and only that"


def test_every_code_has_a_case_that_is_good_and_one_that_is_not() -> None:
    for kind in KINDS:
        outcomes = {outcome for code, _, outcome, _ in TABLE if code == kind.code}
        assert GOOD in outcomes, kind.code
        assert outcomes - {GOOD}, kind.code


def test_codes_are_unique_in_order_and_of_a_subject() -> None:
    codes = [kind.code for kind in KINDS]
    assert codes == sorted(set(codes))
    assert {code[:4] for code in codes} == set(SUBJECTS)
    assert subject_of("CRL201") == "Data plane"
    assert all(kind.title and kind.why.endswith(".") and kind.fix for kind in KINDS)


def test_the_worst_comes_first_and_decides() -> None:
    found = in_order(
        [
            machine.CLOCK.good("g"),
            store.REACHED.warning("w"),
            dataplane.PORT.bad("b"),
            dataplane.PORT.bad("a", about="a"),
        ]
    )
    assert [one.code for one in found] == ["CRL201", "CRL201", "CRL401", "CRL109"]
    assert Diagnosis(NOON, found).worst is BAD
    assert worst([GOOD, UNKNOWN]) is UNKNOWN
    assert worst([]) is UNKNOWN


def test_what_a_running_one_tells_counts_before_what_is_seen_from_beside_it() -> None:
    here = [machine.SETTINGS.bad("of the file"), dataplane.PORT.bad("taken")]
    told = [dataplane.PORT.good("ours", about="port"), dataplane.PORT.good("ours", about="workspaces_port")]
    assert [(one.code, one.found) for one in merged(here, told)] == [
        ("CRL101", "of the file"),
        ("CRL201", "ours"),
        ("CRL201", "ours"),
    ]


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("carrel.example.org", "example.org"),
        ("a.b.example.org.", "example.org"),
        ("labs.physics.ox.ac.uk", "ox.ac.uk"),
        ("lab.co.uk", "lab.co.uk"),
        ("192.0.2.7", "192.0.2.7"),
        ("::1", "::1"),
        ("intranet", "intranet"),
    ],
)
def test_the_registered_part_of_a_name_is_guessed(host: str, domain: str) -> None:
    assert security.registrable(host) == domain
