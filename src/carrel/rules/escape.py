"""How JupyterHub's Docker spawner writes a user's name into the name of a volume: its rule of today and the one of old sites, both ways."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Rule(StrEnum):
    NEW = "new"
    """Small letters and digits stay; every other byte is "-" and two small hex digits: ada@x.org is ada-40x-2eorg."""
    LEGACY = "legacy"
    """Letters, digits and "-" stay; every other byte is "_" and two capital hex digits: ada@x.org is ada_40x_2Eorg."""


@dataclass(frozen=True, slots=True)
class _Way:
    safe: re.Pattern[str]
    sign: str
    digits: str
    """How a byte is written after the sign."""
    written: re.Pattern[str]


_WAYS: Final = {
    Rule.NEW: _Way(re.compile("[a-z0-9]"), "-", "02x", re.compile("-[0-9a-f]{2}|[a-z0-9]")),
    Rule.LEGACY: _Way(re.compile("[A-Za-z0-9-]"), "_", "02X", re.compile("_[0-9A-F]{2}|[A-Za-z0-9-]")),
}


def escaped(name: str, rule: Rule) -> str:
    way = _WAYS[rule]
    return "".join(
        sign
        if way.safe.fullmatch(sign)
        else "".join(f"{way.sign}{byte:{way.digits}}" for byte in sign.encode())
        for sign in name
    )


def unescaped(text: str, rule: Rule) -> str | None:
    """None for what this rule would never have written."""
    way = _WAYS[rule]
    parts = way.written.findall(text)
    if "".join(parts) != text:
        return None
    raw = bytes(
        int(part[1:], 16) if part.startswith(way.sign) and len(part) == 3 else ord(part) for part in parts
    )
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        return None
    return name if escaped(name, rule) == text else None


def readings(text: str, rules: Sequence[Rule] = tuple(Rule)) -> dict[Rule, str]:
    """Whose it may be, by each rule that could have written it."""
    read = {rule: unescaped(text, rule) for rule in rules}
    return {rule: name for rule, name in read.items() if name is not None}
