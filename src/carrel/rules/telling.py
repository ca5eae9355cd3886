"""What should not be read over somebody's shoulder: values that are called like secrets, and passwords in addresses."""

import re
from typing import Final

HIDDEN: Final = "set, and not shown"

_CALLED: Final = re.compile(r"secret|passw|token|credential|api_?key|private", re.IGNORECASE)
_IN_ADDRESS: Final = re.compile(r"(://[^\s:/@]*):[^\s/]*@")
_PLACEHOLDER: Final = re.compile(r"(\w+ )?\{\w+\}")
"""A value that names only where a secret will be: "token {secret}"."""


def is_telling(name: str, value: object) -> bool:
    """An environment may hold the key of some service; "token {secret}" holds nothing yet."""
    is_text = isinstance(value, str) and value != "" and _PLACEHOLDER.fullmatch(value) is None
    return is_text and _CALLED.search(name) is not None


def has_password(text: str) -> bool:
    return _IN_ADDRESS.search(text) is not None


def without_passwords(text: str) -> str:
    """An environment or a command may name an address with a password in it."""
    return _IN_ADDRESS.sub(r"\1:…@", text)
