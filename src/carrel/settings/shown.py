"""The settings as rows for people: each key with its value, default, source and meaning. Secrets stay behind."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from carrel.domain.setting import DEFAULT, SIZES, SettingInEffect, policy_text
from carrel.domain.units import format_size
from carrel.rules.telling import HIDDEN, is_telling, without_passwords
from carrel.settings.model import Settings
from carrel.settings.sources import NAMED_TABLES


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
    """A table row by row, where somebody said something in it: what its keys are called decides what is shown."""
    if isinstance(value, BaseModel):
        value = {
            name: getattr(value, name) for name in type(value).model_fields if name in value.model_fields_set
        }
    if isinstance(value, Mapping):
        for inner, deeper in value.items():
            yield from _within(settings, f"{key}.{inner}", deeper)
    else:
        yield _row(settings, key, value, field)


def _row(settings: Settings, key: str, value: object, field: FieldInfo | None = None) -> SettingInEffect:
    is_secret = isinstance(value, SecretStr) or _is_telling(key, value)
    return SettingInEffect(
        key=key,
        value=HIDDEN if is_secret else without_passwords(_text(key, value)),
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
    return format_size(value) if last in SIZES and isinstance(value, int) else policy_text(last, value)


def _is_telling(key: str, value: object) -> bool:
    return key.count(".") >= 2 and is_telling(key.rpartition(".")[2], value)


def _without_password(url: str) -> str:
    """Wherever it stands: before the host, or among the options."""
    password = urlsplit(url).password
    plain = url if password is None else url.replace(f":{password}@", ":…@", 1)
    return re.sub(r"(?i)([?&][^=&]*passw[^=&]*=)[^&]*", r"\1…", plain)
