"""Which workspaces the data plane is told about."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from carrel.domain.endpoint import Endpoint
from carrel.domain.ids import BackendName, PoolName, TemplateName, WorkspaceId
from carrel.domain.template import PathMode, Template
from carrel.domain.workspace import Desired, Phase, Workspace
from carrel.rules.endpoints import Surroundings, Table, authorization, table

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
LAB = TemplateName("lab")
ONE, TWO = WorkspaceId("wone000000000000"), WorkspaceId("wtwo000000000000")


def workspace(workspace_id: WorkspaceId = ONE, **changes: Any) -> Workspace:
    said: dict[str, Any] = {
        "id": workspace_id,
        "pool": PoolName("lab"),
        "template": LAB,
        "template_version": "v1",
        "backend": BackendName("local"),
        "phase": Phase.READY,
        "desired": Desired.RUNNING,
        "created_at": NOW,
        "phase_at": NOW,
        "secret": "s3cret",
        "endpoint": Endpoint("127.0.0.1", 40_000),
    }
    return Workspace(**{**said, **changes})


def found(*workspaces: Workspace, template: Template | None = None, **surroundings: Any) -> Table:
    template = template or Template(LAB, ("lab",), authorization="token {secret}")
    return table(workspaces, {(LAB, "v1"): template}, surroundings=Surroundings(**surroundings), now=NOW)


def refusal(*workspaces: Workspace, **said: Any) -> str:
    result = found(*workspaces, **said)
    assert not result.routes
    (refused,) = result.refused
    return refused.sentence


def test_a_ready_workspace_is_in_the_table_with_its_secret_filled_in() -> None:
    (route,) = found(workspace()).routes

    assert (route.workspace_id, route.endpoint, route.authorization) == (
        ONE,
        Endpoint("127.0.0.1", 40_000),
        "token s3cret",
    )


def test_an_app_without_an_authorization_of_its_own_is_still_given_one() -> None:
    bare = Template(LAB, ("lab",))

    assert authorization(bare, "s") == "Carrel s"
    assert found(workspace(), template=bare).routes[0].authorization == "Carrel s3cret"


def test_only_the_secret_is_filled_in() -> None:
    odd = Template(LAB, ("lab",), authorization="Basic {secret} {0} {id} %REQ(x)%")

    assert authorization(odd, "{secret}") == "Basic {secret} {0} {id} %REQ(x)%"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"secret": ""}, "no secret"),
        ({"secret": "a\r\nx: y"}, "printable ASCII"),
        ({"secret": "schlüssel"}, "printable ASCII"),
        ({"endpoint": None}, "gave no address"),
        ({"template_version": "v0"}, "not known"),
        ({"endpoint": Endpoint("lab.example.org", 80)}, "is a name"),
        ({"endpoint": Endpoint("localhost", 80)}, "is a name"),
        ({"endpoint": Endpoint("0177.0.0.1", 80)}, "is a name"),
        ({"endpoint": Endpoint("2130706433", 80)}, "is a name"),
        ({"endpoint": Endpoint("127.0.0.1", 0)}, "is not one"),
        ({"endpoint": Endpoint("127.0.0.1", 65536)}, "is not one"),
        ({"endpoint": Endpoint("127.0.0.1", 80, scheme="https")}, "speaks http"),
        ({"endpoint": Endpoint("169.254.169.254", 80)}, "metadata"),
        ({"endpoint": Endpoint("169.254.170.2", 80)}, "metadata"),
        ({"endpoint": Endpoint("::ffff:169.254.169.254", 80)}, "metadata"),
        ({"endpoint": Endpoint("fd00:ec2::254", 80)}, "metadata"),
        ({"endpoint": Endpoint("100.100.100.200", 80)}, "metadata"),
        ({"endpoint": Endpoint("fe80::1", 80)}, "metadata"),
        ({"endpoint": Endpoint("0.0.0.0", 80)}, "metadata"),
        ({"endpoint": Endpoint("::", 80)}, "metadata"),
        ({"endpoint": Endpoint("224.0.0.1", 80)}, "metadata"),
        ({"endpoint": Endpoint("255.255.255.255", 80)}, "metadata"),
    ],
)
def test_a_row_that_could_reach_the_wrong_place_is_refused_with_a_sentence(
    changes: dict[str, Any], words: str
) -> None:
    assert words in refusal(workspace(**changes))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_our_own_listeners_are_no_workspaces(host: str) -> None:
    assert "Carrel's own" in refusal(workspace(endpoint=Endpoint(host, 8000)), our_ports=(8000, 8001))


def test_the_same_port_on_another_machine_is_one() -> None:
    assert found(workspace(endpoint=Endpoint("10.0.0.7", 8000)), our_ports=(8000, 8001)).routes


@pytest.mark.parametrize("path", PathMode)
def test_the_route_says_whether_the_prefix_comes_off(path: PathMode) -> None:
    (route,) = found(workspace(), template=Template(LAB, ("lab",), path=path)).routes

    assert route.strip is (path is PathMode.STRIP)


@pytest.mark.parametrize("later_address", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_finding_24_of_two_workspaces_on_one_address_the_first_keeps_it(later_address: str) -> None:
    first = workspace(ONE, ready_at=NOW - timedelta(minutes=5))
    later = workspace(
        TWO, ready_at=NOW, created_at=NOW - timedelta(hours=1), endpoint=Endpoint(later_address, 40_000)
    )

    for order in ((first, later), (later, first)):
        result = found(*order)
        assert [route.workspace_id for route in result.routes] == [ONE]
        assert [refused.workspace_id for refused in result.refused] == [TWO]
        assert str(ONE) in result.refused[0].sentence


def test_a_refused_row_takes_no_address() -> None:
    without_secret = workspace(ONE, secret="", ready_at=NOW - timedelta(minutes=5))

    result = found(without_secret, workspace(TWO, ready_at=NOW))

    assert [route.workspace_id for route in result.routes] == [TWO]


@pytest.mark.parametrize(("minutes", "routed"), [(0, False), (9.9, False), (10, True), (60, True)])
def test_an_address_rests_before_another_workspace_may_have_it(minutes: float, routed: bool) -> None:
    recent = [(Endpoint("127.0.0.1", 40_000), TWO, NOW - timedelta(minutes=minutes))]

    result = found(workspace(), recent=recent)

    assert bool(result.routes) is routed
    assert routed or str(TWO) in result.refused[0].sentence


def test_a_workspace_may_have_its_own_address_back() -> None:
    recent = [(Endpoint("127.0.0.1", 40_000), ONE, NOW), (Endpoint("a-name", 40_000), TWO, NOW)]

    assert found(workspace(), recent=recent).routes


def test_no_sentence_tells_the_secret() -> None:
    rows = [workspace(secret="hush\n"), workspace(TWO, secret="hush", endpoint=Endpoint("x", 1))]

    assert not any("hush" in refused.sentence for refused in found(*rows).refused)
