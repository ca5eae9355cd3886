"""The numbers of a run are boiled down as they say."""

import pytest
from bench.stats import percentile, ratio, summarise, times_better


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([7.0], 0.95, 7.0),
        ([1.0, 2.0, 3.0], 0.5, 2.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([1.0, 2.0], 0.5, 1.5),
        ([0.0, 10.0, 20.0, 30.0, 40.0], 0.95, 38.0),
        ([4.0, 8.0], 0.0, 4.0),
        ([4.0, 8.0], 1.0, 8.0),
    ],
)
def test_a_percentile_lies_between_its_two_neighbours(
    values: list[float], share: float, expected: float
) -> None:
    assert percentile(values, share) == pytest.approx(expected)


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="No value was measured"):
        percentile([], 0.5)


def test_a_summary_holds_the_ends_and_the_middle() -> None:
    summary = summarise([5.0, 1.0, 3.0, 2.0, 4.0])
    assert (summary.count, summary.least, summary.p50, summary.most) == (5, 1.0, 3.0, 5.0)
    assert summary.p50 < summary.p95 < summary.most


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [(50.0, 100.0, 0.5), (None, 100.0, None), (50.0, None, None), (50.0, 0.0, None)],
)
def test_a_ratio_needs_both_sides(ours: float | None, theirs: float | None, expected: float | None) -> None:
    assert ratio(ours, theirs) == expected


@pytest.mark.parametrize(("more_is_better", "expected"), [(False, 2.0), (True, 0.5)])
def test_better_is_above_one_whichever_direction_is_good(more_is_better: bool, expected: float) -> None:
    assert times_better(50.0, 100.0, more_is_better=more_is_better) == expected
