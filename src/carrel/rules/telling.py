"""What should not be read over somebody's shoulder: values that are called like secrets, and passwords in addresses."""

import re
from typing import Final

HIDDEN: Final = "set, and not shown"

_CALLED: Final = re.compile(
    r"secret|passw|pwd|token|credential|(api|access)_?key|_key$|private", re.IGNORECASE
)
_IN_ADDRESS: Final = re.compile(r"(://[^\s:/@]*):[^\s/]*@")
_TOKEN_IN_ADDRESS: Final = re.compile(r"(://)[^\s:/@]{20,}@")
"""In place of a name: no name is so long, and forges take a token there."""
_PLACEHOLDER: Final = re.compile(r"(\w+ )?\{\w+\}")
"""A value that names only where a secret will be: "token {secret}"."""


def is_telling(name: str, value: object) -> bool:
    """An environment may hold the key of some service; "token {secret}" holds nothing yet."""
    is_text = isinstance(value, str) and value != "" and _PLACEHOLDER.fullmatch(value) is None
    return is_text and _CALLED.search(name) is not None


def has_password(text: str) -> bool:
    return without_passwords(text) != text


def without_passwords(text: str) -> str:
    """An environment or a command may name an address with a password in it."""
    return _TOKEN_IN_ADDRESS.sub(r"\1…@", _IN_ADDRESS.sub(r"\1:…@", text))
