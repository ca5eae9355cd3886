"""Which instances are nobody's, and that a second look comes first."""

import pytest

from carrel.domain.ids import PoolName
from carrel.domain.instance import InstanceState
from carrel.domain.reason import ReasonCode
from carrel.rules.collect import collect, collect_twice_seen, strays, unknown
from carrel.rules.view import View
from carrel.testing.worlds import NOON, a_pool, a_workspace, an_instance, workspace_id

ONE = frozenset({workspace_id(1)})


@pytest.mark.parametrize(
    ("has_row", "pool", "seen_before", "is_unknown", "goes"),
    [
        (True, "jupyterlab", True, False, False),
        (False, "jupyterlab", False, True, False),
        (False, "jupyterlab", True, True, True),
        (False, "other", True, False, False),
        (False, None, True, False, False),
    ],
)
def test_an_instance_is_collected_at_the_second_look(
    has_row: bool, pool: str | None, seen_before: bool, is_unknown: bool, goes: bool
) -> None:
    view = View(
        NOON,
        workspaces=(a_workspace(),) if has_row else (),
        instances=(an_instance(pool=pool),),
        unknown_before=ONE if seen_before else frozenset(),
    )

    assert unknown(view, a_pool()) == (ONE if is_unknown else frozenset())
    assert [action.reason.code for action in collect(view, a_pool())] == [ReasonCode.UNKNOWN] * goes


def test_strays_are_those_that_no_pool_and_no_row_answers_for() -> None:
    damaged, orphaned, ours = an_instance(1, pool=None), an_instance(2, pool="removed"), an_instance(3)
    damaged_but_known = an_instance(4, InstanceState.ENDED, pool=None)

    found = strays(
        [damaged, orphaned, ours, damaged_but_known], known={workspace_id(4)}, pools={PoolName("jupyterlab")}
    )

    assert found == [damaged, orphaned]
    assert [action.instance for action in collect_twice_seen(found, ONE)] == [damaged]
