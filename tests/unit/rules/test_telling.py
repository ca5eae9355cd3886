"""What is not read over somebody's shoulder."""

import pytest

from carrel.rules.telling import has_password, is_telling, without_passwords


@pytest.mark.parametrize(
    "name",
    [
        "API_TOKEN",
        "apikey",
        "DB_PASSWORD",
        "db_pwd",
        "AWS_ACCESS_KEY_ID",
        "OPENAI_KEY",
        "client_secret",
        "PRIVATE",
    ],
)
def test_a_value_called_like_a_secret_is_not_shown(name: str) -> None:
    assert is_telling(name, "hush")


@pytest.mark.parametrize("name", ["COURSE", "KEYBOARD", "MONKEY", "key_bindings", "HOME"])
def test_other_values_are(name: str) -> None:
    assert not is_telling(name, "plain")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ada:hush@example.org/x", "https://ada:…@example.org/x"),
        ("https://:hush@example.org", "https://:…@example.org"),
        ("clone https://ghp_0123456789abcdefghij@example.org/x now", "clone https://…@example.org/x now"),
        ("ssh://git@example.org/x", "ssh://git@example.org/x"),
        (
            "https://example.org/a-path-that-is-long-enough@x",
            "https://example.org/a-path-that-is-long-enough@x",
        ),
    ],
)
def test_what_opens_an_address_is_taken_out_of_it(text: str, shown: str) -> None:
    assert without_passwords(text) == shown
    assert has_password(text) == (text != shown)
