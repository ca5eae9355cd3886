"""What the name of an image means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrel.drivers.docker.images.image_name import read, registry_of

DIGEST = "sha256:" + "a1" * 32


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36"),
        ("jupyter/scipy-notebook", "docker.io/jupyter/scipy-notebook:latest"),
        ("docker.io/busybox", "docker.io/library/busybox:latest"),
        ("index.docker.io/jupyter/base", "docker.io/jupyter/base:latest"),
        ("quay.io/jupyter/scipy-notebook:2024-01-01", "quay.io/jupyter/scipy-notebook:2024-01-01"),
        ("localhost/mine", "localhost/mine:latest"),
        ("127.0.0.1:5000/a/b_c/d__e-f.g", "127.0.0.1:5000/a/b_c/d__e-f.g:latest"),
        ("[::1]:5000/a", "[::1]:5000/a:latest"),
        (f"quay.io/x@{DIGEST}", f"quay.io/x@{DIGEST}"),
        (f"quay.io/x:v1@{DIGEST}", f"quay.io/x:v1@{DIGEST}"),
        (DIGEST, DIGEST),
    ],
)
def test_nothing_of_a_name_is_left_to_a_default(text: str, full: str) -> None:
    name = read(text)
    assert name is not None
    assert name.full == full


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Busybox",
        "quay.io/X",
        "a//b",
        "a:",
        "a:b:c",
        "a@sha256:short",
        "a b",
        "a\nb",
        "quay.io/",
        "-a",
        "a" * 300,
    ],
)
def test_what_is_no_name_is_none(text: str) -> None:
    assert read(text) is None


def test_only_an_id_cannot_be_fetched() -> None:
    assert [name.can_be_pulled for name in (read(DIGEST), read("busybox")) if name] == [False, True]


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://index.docker.io/v1/", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
        ("quay.io", "quay.io"),
        ("http://127.0.0.1:5000", "127.0.0.1:5000"),
    ],
)
def test_a_registry_has_one_name_however_it_is_written(text: str, host: str) -> None:
    assert registry_of(text) == host


@given(st.text(max_size=80))
def test_a_full_name_means_itself(text: str) -> None:
    name = read(text)
    if name is not None:
        assert read(name.full) == name
