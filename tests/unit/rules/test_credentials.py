"""What names, passwords and tokens must look like."""

from datetime import timedelta

import pytest

from carrel.domain.errors import Invalid
from carrel.rules.credentials import (
    bootstrap_token,
    new_password,
    person_name,
    token_label,
    token_lifetime,
)


def test_a_name_has_one_spelling() -> None:
    assert person_name(" Ada ") == person_name("ADA") == person_name("\uff21\uff44\uff41") == "ada"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00", "x" * 101, "\u202eada"])
def test_a_name_that_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        person_name(name)


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_a_password_that_is_too_short_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(Invalid):
        new_password(password)


def test_a_password_is_the_same_on_every_keyboard() -> None:
    assert new_password("cafe\u0301 au lait") == new_password("caf\u00e9 au lait")


@pytest.mark.parametrize("token", ["", "secret", "crl_short", "x" * 40, "crl_" + " " * 40, "crl_" + "é" * 40])
def test_a_weak_bootstrap_token_is_refused_with_what_it_needs(token: str) -> None:
    with pytest.raises(Invalid, match="at least 32"):
        bootstrap_token(token, "crl_")


def test_a_long_one_with_our_prefix_is_taken() -> None:
    assert bootstrap_token("crl_" + "x" * 28, "crl_")


def test_labels_and_lifetimes_have_bounds() -> None:
    assert token_label(" ci ") == "ci"
    assert token_lifetime(None) is None
    for label in ("", "x" * 201, "a\nb"):
        with pytest.raises(Invalid):
            token_label(label)
    for days in (0, -1, 4000):
        with pytest.raises(Invalid):
            token_lifetime(timedelta(days=days))
