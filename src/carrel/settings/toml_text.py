"""Tables as TOML, in the manner of the configuration files that people write. Knows no setting by name."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_WIDE: Final = 110
"""Characters of a line, beyond which a list has one for each of its values."""


def toml_text(tree: Mapping[str, object], path: tuple[str, ...]) -> str:
    """The table at `path` and those within it."""
    return "\n\n".join("\n".join(lines) for lines in _tables(tree, path)) + "\n"


def _tables(tree: Mapping[str, object], path: tuple[str, ...]) -> Iterator[list[str]]:
    plain = [f"{_key(name)} = {_value(value)}" for name, value in tree.items() if not _is_table(value)]
    if plain or not tree:
        yield [f"[{'.'.join(map(_key, path))}]", *plain]
    for name, value in tree.items():
        if isinstance(value, Mapping) and _is_table(value):
            yield from _tables(value, (*path, name))


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) and bool(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _value(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str() if "\n" in value:
            return _long_text(value)
        case str():
            return _text(value)
        case list():
            return _list([_value(one) for one in value])
        case Mapping():
            return "{}"
        case _:
            return repr(value)


def _list(values: list[str]) -> str:
    short = f"[{', '.join(values)}]"
    if len(short) <= _WIDE and "\n" not in short:
        return short
    return "\n".join(["[", *(f"  {value}," for value in values), "]"])


def _text(value: str) -> str:
    """JSON's escapes are TOML's, besides that one."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _long_text(value: str) -> str:
    """As it stands, where TOML can have it so."""
    is_plain = all(sign.isprintable() or sign in "\n\t" for sign in value)
    if "'''" in value or value.endswith("'") or not is_plain:
        return _text(value)
    return f"'''\n{value}'''"
