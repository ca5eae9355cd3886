"""What names, passwords and tokens must look like. Knows nothing of who has which."""

import unicodedata
from datetime import timedelta
from typing import Final

from carrel.domain.errors import Invalid

LONGEST_NAME: Final = 100
LONGEST_DISPLAY_NAME: Final = 200
LONGEST_EMAIL: Final = 254
SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD: Final = 1024
LONGEST_LABEL: Final = 200
LONGEST_TOKEN_LIFETIME: Final = timedelta(days=3660)
SHORTEST_BOOTSTRAP: Final = 32


def person_name(text: str) -> str:
    """The one spelling of what somebody signs in with: "Ada" and "ada" are one person. Raises Invalid."""
    name = spelling(text)
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise Invalid(f"A user's name is 1 to {LONGEST_NAME} printable characters. Choose another.")
    return name


def spelling(text: str) -> str:
    """How a name, or the beginning of one, is kept and looked for."""
    return unicodedata.normalize("NFKC", text[: LONGEST_NAME * 4]).strip().casefold()


def person_display_name(text: str) -> str:
    """How somebody is called on pages. Raises Invalid."""
    name = text.strip()
    if not 0 < len(name) <= LONGEST_DISPLAY_NAME or not name.isprintable():
        raise Invalid(f"A display name is 1 to {LONGEST_DISPLAY_NAME} printable characters. Choose another.")
    return name


def person_email(text: str) -> str | None:
    """Not whether it reaches somebody. None for an empty one. Raises Invalid."""
    address = text.strip()
    if not address:
        return None
    name, _, host = address.rpartition("@")
    is_plain = address.isprintable() and not any(sign.isspace() or sign in '<>"(),;:\\' for sign in address)
    if not name or not host or "@" in name or not is_plain or len(address) > LONGEST_EMAIL:
        raise Invalid("That is no e-mail address. Write one such as ada@example.org, or leave it empty.")
    return address


def password_text(text: str) -> str:
    """The one spelling of a password: keyboards differ in how they put letters together."""
    return unicodedata.normalize("NFKC", text)


def new_password(text: str) -> str:
    """Raises Invalid for one that may not be set."""
    password = password_text(text)
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Invalid(
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters. Choose a longer or shorter one."
        )
    return password


def token_label(text: str) -> str:
    label = text.strip()
    if not 0 < len(label) <= LONGEST_LABEL or not label.isprintable():
        raise Invalid(f"A token's label is 1 to {LONGEST_LABEL} printable characters. Choose another.")
    return label


def token_lifetime(lifetime: timedelta | None) -> timedelta | None:
    if lifetime is not None and not timedelta(0) < lifetime <= LONGEST_TOKEN_LIFETIME:
        raise Invalid(f"A token lives for more than 0 and at most {LONGEST_TOKEN_LIFETIME.days} days.")
    return lifetime


def bootstrap_token(text: str, prefix: str) -> str:
    """Raises Invalid for one that is easily guessed, or that scanners would not recognise as ours."""
    if not text.startswith(prefix) or len(text) < SHORTEST_BOOTSTRAP or not _is_plain(text):
        raise Invalid(
            f'CARREL_BOOTSTRAP_TOKEN begins with "{prefix}" and has at least {SHORTEST_BOOTSTRAP} visible characters. '
            "Take a long random one."
        )
    return text


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text
