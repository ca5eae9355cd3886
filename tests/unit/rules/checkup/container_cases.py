"""What container engines and machines show, and which finding each of it is: cases of `test_judgements`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from carrel.domain.finding import Finding, Outcome
from carrel.rules.checkup import containers as rules
from carrel.rules.checkup.containers import Engine, NetworkSeen

Case = tuple[str, Callable[[], Finding], Outcome, str]

ENGINE: Final = Engine("24.0.7", "1.43", "overlay2", "xfs", live_restore=True)
NETWORK: Final = NetworkSeen("carrel-i-engine", "172.20.0.0/16", None, lets_neighbours=False, ipv6=False)
GOOD, WARNING, BAD, UNKNOWN = Outcome.GOOD, Outcome.WARNING, Outcome.BAD, Outcome.UNKNOWN

CONTAINERS: Final[list[Case]] = [
    ("CRL520", lambda: rules.engine("b", ENGINE), GOOD, "24.0.7"),
    ("CRL520", lambda: rules.engine("b", replace(ENGINE, api="1.39")), BAD, "1.39"),
    ("CRL520", lambda: rules.engine("b", replace(ENGINE, api="1.100")), GOOD, "user namespaces are off"),
    ("CRL520", lambda: rules.engine("b", replace(ENGINE, security=("rootless",))), GOOD, "rootless"),
    ("CRL520", lambda: rules.engine("b", replace(ENGINE, security=("userns",))), GOOD, "has user namespaces"),
    ("CRL522", lambda: rules.homes_way("b", mounted=True, why=""), GOOD, "mounted into warm"),
    (
        "CRL522",
        lambda: rules.homes_way("b", mounted=False, why="The engine is on another machine."),
        WARNING,
        "another machine",
    ),
    ("CRL523", lambda: rules.propagation("b", "/s", shared=True), GOOD, "is a shared mount"),
    ("CRL523", lambda: rules.propagation("b", "/s", shared=False), BAD, "private"),
    ("CRL523", lambda: rules.propagation("b", "/s", shared=None), GOOD, "first workspace"),
    ("CRL524", lambda: rules.owners("b", "/h", maps=True), GOOD, "takes idmapped"),
    ("CRL524", lambda: rules.owners("b", "/h", maps=False), WARNING, "first come in"),
    ("CRL524", lambda: rules.owners("b", "/h", maps=None), UNKNOWN, "could not be tried"),
    ("CRL525", lambda: rules.walls("b", []), GOOD, "They stand"),
    ("CRL525", lambda: rules.walls("b", ["-A FORWARD -j DROP"]), BAD, "Missing: -A FORWARD -j DROP."),
    (
        "CRL525",
        lambda: rules.walls("b", None, why="the engine is on another machine."),
        BAD,
        "another machine",
    ),
    ("CRL525", lambda: rules.no_walls_yet("b"), GOOD, "first workspace"),
    ("CRL525", lambda: rules.walls("b", ["-A one", "-A two", "-A three"]), BAD, "-A one and 2 more"),
    ("CRL526", lambda: rules.disk_limit("b", ENGINE, quota=True), GOOD, "overlay2 on xfs"),
    ("CRL526", lambda: rules.disk_limit("b", ENGINE, quota=False), WARNING, "no disk limit"),
    ("CRL526", lambda: rules.disk_limit("b", ENGINE, quota=None), UNKNOWN, "if that is mounted with pquota"),
    ("CRL526", lambda: rules.disk_limit("b", replace(ENGINE, backing="extfs"), quota=None), WARNING, "ext4"),
    (
        "CRL526",
        lambda: rules.disk_limit("b", replace(ENGINE, storage="zfs"), quota=None),
        GOOD,
        "keeps disk limits.",
    ),
    (
        "CRL526",
        lambda: rules.disk_limit("b", replace(ENGINE, storage="btrfs"), quota=None),
        GOOD,
        "count the image in",
    ),
    ("CRL527", lambda: rules.limits("b", ENGINE), GOOD, "keeps limits"),
    (
        "CRL527",
        lambda: rules.limits("b", replace(ENGINE, unsupported=("swap",))),
        WARNING,
        "no limit of swap",
    ),
    (
        "CRL527",
        lambda: rules.limits("b", replace(ENGINE, unsupported=("memory", "swap"))),
        BAD,
        "memory, swap",
    ),
    ("CRL528", lambda: rules.live_restore("b", ENGINE), GOOD, "go on"),
    ("CRL528", lambda: rules.live_restore("b", replace(ENGINE, live_restore=False)), WARNING, "ends all"),
    ("CRL529", lambda: rules.network("b", None, filters_bridges=True), GOOD, "first workspace"),
    ("CRL529", lambda: rules.network("b", NETWORK, filters_bridges=True), GOOD, "172.20.0.0/16"),
    ("CRL529", lambda: rules.network("b", NETWORK, filters_bridges=False), BAD, "pass no rules"),
    (
        "CRL529",
        lambda: rules.network("b", replace(NETWORK, lets_neighbours=True), filters_bridges=True),
        BAD,
        "reach one another",
    ),
    ("CRL529", lambda: rules.network("b", replace(NETWORK, ipv6=True), filters_bridges=True), BAD, "IPv6"),
    (
        "CRL529",
        lambda: rules.network("b", replace(NETWORK, wanted="10.0.0.0/16"), filters_bridges=True),
        WARNING,
        "10.0.0.0/16",
    ),
    ("CRL529", lambda: rules.no_network("b", "Somebody else's has its name."), BAD, "Somebody else's"),
]
