"""What is judged about container engines and the walls around workspaces."""

from dataclasses import replace

import pytest

from carrel.domain.finding import Finding, Outcome
from carrel.rules.checkup import containers as rules
from carrel.rules.checkup.containers import Engine, NetworkSeen

ENGINE = Engine("24.0.7", "1.43", "overlay2", "xfs", live_restore=True)
NETWORK = NetworkSeen("carrel-i-engine", "172.20.0.0/16", None, lets_neighbours=False, ipv6=False)
GOOD, WARNING, BAD, UNKNOWN = Outcome.GOOD, Outcome.WARNING, Outcome.BAD, Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("finding", "expected"),
    [
        (rules.engine("b", ENGINE), GOOD),
        (rules.engine("b", replace(ENGINE, api="1.39")), BAD),
        (rules.engine("b", replace(ENGINE, api="1.100")), GOOD),
        (rules.root_inside("b", replace(ENGINE, security=("rootless",))), GOOD),
        (rules.homes_way("b", mounted=True, why=""), GOOD),
        (rules.homes_way("b", mounted=False, why="The engine is on another machine."), WARNING),
        (rules.propagation("b", "/s", shared=True), GOOD),
        (rules.propagation("b", "/s", shared=False), BAD),
        (rules.propagation("b", "/s", shared=None), UNKNOWN),
        (rules.owners("b", "/h", maps=True), GOOD),
        (rules.owners("b", "/h", maps=False), WARNING),
        (rules.owners("b", "/h", maps=None), UNKNOWN),
        (rules.walls("b", []), GOOD),
        (rules.walls("b", ["-A FORWARD -j DROP"]), BAD),
        (rules.walls("b", None, why="the engine is on another machine."), BAD),
        (rules.no_walls_yet("b"), GOOD),
        (rules.disk_limit("b", ENGINE, quota=True), GOOD),
        (rules.disk_limit("b", ENGINE, quota=False), WARNING),
        (rules.disk_limit("b", ENGINE, quota=None), UNKNOWN),
        (rules.disk_limit("b", replace(ENGINE, backing="extfs"), quota=None), WARNING),
        (rules.disk_limit("b", replace(ENGINE, storage="zfs"), quota=None), GOOD),
        (rules.limits("b", ENGINE), GOOD),
        (rules.limits("b", replace(ENGINE, unsupported=("swap",))), WARNING),
        (rules.limits("b", replace(ENGINE, unsupported=("memory", "swap"))), BAD),
        (rules.live_restore("b", ENGINE), GOOD),
        (rules.live_restore("b", replace(ENGINE, live_restore=False)), WARNING),
        (rules.network("b", None, filters_bridges=True), GOOD),
        (rules.network("b", NETWORK, filters_bridges=True), GOOD),
        (rules.network("b", NETWORK, filters_bridges=False), BAD),
        (rules.network("b", replace(NETWORK, lets_neighbours=True), filters_bridges=True), BAD),
        (rules.network("b", replace(NETWORK, ipv6=True), filters_bridges=True), BAD),
        (rules.network("b", replace(NETWORK, wanted="10.0.0.0/16"), filters_bridges=True), WARNING),
        (rules.no_network("b", "Somebody else's has its name."), BAD),
    ],
)
def test_each_thing_is_judged_and_says_what_helps_unless_it_is_good(
    finding: Finding, expected: Outcome
) -> None:
    assert finding.outcome is expected
    assert finding.about == "b"
    assert bool(finding.fix) == (expected is not GOOD)


def test_missing_walls_are_counted() -> None:
    assert rules.walls("b", ["-A one", "-A two", "-A three"]).found == "Missing: -A one and 2 more."


def test_why_homes_are_volumes_is_said() -> None:
    assert (
        "another machine"
        in rules.homes_way("b", mounted=False, why="The engine is on another machine.").found
    )
