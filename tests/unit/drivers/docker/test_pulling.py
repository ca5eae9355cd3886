"""How far the fetching of an image has come, told from streams as an engine sent them."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from carrel.drivers.docker.images.pulling import Pulling

IMAGE = "quay.io/jupyter/base"


def said(status: str, layer: str, current: int | None = None, total: int | None = None) -> dict[str, Any]:
    """A line of the stream of Docker 20.10."""
    figures = {"current": current, "total": total}
    detail = {key: figure for key, figure in figures.items() if figure is not None}
    return {"status": status, "progressDetail": detail, "id": layer}


def heard(*lines: dict[str, Any]) -> Pulling:
    pulling = Pulling(IMAGE)
    for line in lines:
        pulling.hear(line)
    return pulling


def fraction(*lines: dict[str, Any]) -> float | None:
    return heard(*lines).progress.fraction


BEGUN = (
    {"status": "Pulling from one/big", "id": "latest"},
    said("Pulling fs layer", "db29b0"),
    said("Pulling fs layer", "bf23c9"),
    said("Pulling fs layer", "a8e8e5"),
    said("Waiting", "a8e8e5"),
)


def test_what_went_wrong_is_said_until_the_engine_says_something_again() -> None:
    pulling = Pulling(IMAGE, "The image could not be fetched.")
    assert pulling.progress.sentence == "The image could not be fetched. It is tried again."
    pulling.hear(said("Downloading", "db29b0", 1, 2))
    assert pulling.progress.sentence == f"The image {IMAGE} is being fetched."


def test_nothing_is_foreseen_before_any_size_is_known() -> None:
    progress = heard(*BEGUN).progress
    assert progress.fraction is None
    assert progress.sentence == f"The image {IMAGE} is being fetched."


def test_layers_that_wait_count_as_much_as_the_others_on_average() -> None:
    half = (said("Downloading", "db29b0", 500, 1000), said("Downloading", "bf23c9", 1500, 3000))
    assert fraction(*BEGUN, *half) == 0.75 * 2000 / 6000


def test_layers_that_are_there_already_do_not_count() -> None:
    there = (said("Already exists", "bf23c9"), said("Already exists", "a8e8e5"))
    assert fraction(*BEGUN, *there, said("Downloading", "db29b0", 500, 1000)) == 0.75 * 0.5


def test_an_image_all_of_which_is_there_has_no_figure() -> None:
    lines = (
        {"status": "Pulling from one/big", "id": "latest"},
        {"status": "Digest: sha256:33943a"},
        {"status": "Status: Image is up to date for 127.0.0.1:35075/one/big:latest"},
    )
    assert fraction(*lines) is None


def test_unpacking_is_the_rest_and_is_called_so() -> None:
    fetched = (
        said("Pulling fs layer", "a"),
        said("Downloading", "a", 10, 100),
        said("Verifying Checksum", "a"),
        said("Download complete", "a"),
    )
    progress = heard(*fetched, said("Extracting", "a", 50, 100)).progress
    assert progress.sentence == f"The image {IMAGE} is being unpacked."
    assert progress.fraction == 0.875
    assert fraction(*fetched, said("Extracting", "a", 100, 100), said("Pull complete", "a")) == 0.99


def test_unpacking_counted_in_seconds_says_nothing_of_how_far_it_is() -> None:
    seconds = {"status": "Extracting", "id": "a", "progressDetail": {"current": 7, "units": "s"}}
    assert fraction(said("Downloading", "a", 100, 100), said("Download complete", "a"), seconds) == 0.75


def test_a_layer_that_is_begun_anew_does_not_take_people_back() -> None:
    lines = (
        *BEGUN,
        said("Downloading", "db29b0", 900, 1000),
        {"status": "Retrying in 5 seconds", "progressDetail": {}, "id": "db29b0"},
    )
    before = fraction(*lines)
    assert fraction(*lines, said("Downloading", "db29b0", 10, 1000)) == before


def test_a_size_of_which_nobody_knows_is_not_made_up() -> None:
    assert fraction(said("Downloading", "a", 500, -1), said("Downloading", "a", 600, 0)) is None


LINES = st.fixed_dictionaries(
    {
        "status": st.sampled_from(
            ["Pulling fs layer", "Waiting", "Downloading", "Verifying Checksum", "Download complete", "Extracting",
             "Pull complete", "Already exists", "Retrying in 1 second", "?"]
        ),
        "id": st.sampled_from("abcd"),
        "progressDetail": st.one_of(
            st.none(), st.just({}),
            st.fixed_dictionaries({"current": st.integers(-1, 200), "total": st.integers(-1, 100)}),
        ),
    }
)  # fmt: skip


@given(st.lists(LINES, max_size=40))
def test_whatever_is_heard_it_never_goes_back_nor_over_the_end(lines: list[dict[str, Any]]) -> None:
    pulling, seen = Pulling(IMAGE), []
    for line in lines:
        pulling.hear(line)
        seen.append(pulling.progress.fraction or 0.0)
    assert seen == sorted(seen)
    assert all(0.0 <= each <= 0.99 for each in seen)
