"""The settings as rows for people: each key with its value, default, source and meaning. Secrets stay behind."""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from carrel.domain.setting import DEFAULT, SettingInEffect, policy_text
from carrel.domain.units import format_size
from carrel.settings.model import Settings
from carrel.settings.sources import NAMED_TABLES

HIDDEN: Final = "set, and not shown"
_TELLING: Final = re.compile(r"secret|passw|token|credential|api_?key|private", re.IGNORECASE)
"""A key that is called so holds what should not be read over somebody's shoulder."""
_IN_ADDRESS: Final = re.compile(r"(://[^\s:/@]*):[^\s/]*@")
_PLACEHOLDER: Final = re.compile(r"(\w+ )?\{\w+\}")
"""A value that names only where a secret will be: "token {secret}"."""


def in_effect(settings: Settings) -> tuple[SettingInEffect, ...]:
    """In the order of the reference; then backends, templates and pools by name."""
    return tuple(_rows(settings))


def _rows(settings: Settings) -> Iterator[SettingInEffect]:
    for name, field in Settings.model_fields.items():
        if name not in NAMED_TABLES:
            yield _row(settings, name, _top(settings, name), field)
    for table in ("backends", "templates", "pools"):
        for name, entry in sorted(getattr(settings, table).items()):
            yield from _entry(settings, f"{table}.{name}", entry)


def _top(settings: Settings, name: str) -> object:
    """What is used, also where it follows from something else."""
    derived = {
        "public_url": settings.hub_url,
        "workspaces_url": settings.workspaces_url or f"http://*.localhost:{settings.workspaces_port}",
        "database_url": _without_password(settings.database),
    }
    return derived.get(name, getattr(settings, name))


def _entry(settings: Settings, where: str, entry: BaseModel) -> Iterator[SettingInEffect]:
    for name, field in type(entry).model_fields.items():
        yield from _within(settings, f"{where}.{name}", getattr(entry, name), field)
    for name, value in (entry.model_extra or {}).items():
        yield from _within(settings, f"{where}.{name}", value)


def _within(
    settings: Settings, key: str, value: object, field: FieldInfo | None = None
) -> Iterator[SettingInEffect]:
    """A table row by row: what its keys are called decides what is shown."""
    if isinstance(value, Mapping):
        for inner, deeper in value.items():
            yield from _within(settings, f"{key}.{inner}", deeper)
    else:
        yield _row(settings, key, value, field)


def _row(settings: Settings, key: str, value: object, field: FieldInfo | None = None) -> SettingInEffect:
    is_secret = isinstance(value, SecretStr) or _is_telling(key, value)
    return SettingInEffect(
        key=key,
        value=HIDDEN if is_secret else _without_passwords(_text(key, value)),
        default=_default(key, field),
        source=_source(settings.sources, key),
        line=settings.lines.get(key),
        meaning=" ".join((field.description or "").split()) if field is not None else "",
        is_secret=is_secret,
    )


def _source(sources: Mapping[str, str], key: str) -> str:
    """Where it, or something in it, was said last."""
    if key in sources:
        return sources[key]
    inner = [origin for known, origin in sources.items() if known.startswith(f"{key}.")]
    return inner[-1] if inner else DEFAULT


def _default(key: str, field: FieldInfo | None) -> str:
    if field is None or field.is_required():
        return ""
    return _text(key, field.default)


def _text(key: str, value: object) -> str:
    last = key.rpartition(".")[2]
    return format_size(value) if last == "memory" and isinstance(value, int) else policy_text(last, value)


def _is_telling(key: str, value: object) -> bool:
    """An environment may hold the key of some service; "token {secret}" holds nothing yet."""
    in_table = key.count(".") >= 2
    is_text = isinstance(value, str) and value != "" and _PLACEHOLDER.fullmatch(value) is None
    return in_table and is_text and _TELLING.search(key.rpartition(".")[2]) is not None


def _without_passwords(text: str) -> str:
    """An environment or a command may name an address with a password in it."""
    return _IN_ADDRESS.sub(r"\1:…@", text)


def _without_password(url: str) -> str:
    """Wherever it stands: before the host, or among the options."""
    password = urlsplit(url).password
    plain = url if password is None else url.replace(f":{password}@", ":…@", 1)
    return re.sub(r"(?i)([?&][^=&]*passw[^=&]*=)[^&]*", r"\1…", plain)
