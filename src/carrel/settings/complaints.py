"""What is wrong with a configuration, as sentences: where it stands, which key, and what was expected. Shows no values of secrets."""

import difflib
import typing
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from carrel.domain.errors import Invalid
from carrel.settings.model import Settings

_EXPECTED = {
    "missing": "is missing",
    "string_type": "expected a text",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "model_type": "expected a table of keys and values",
    "mapping_type": "expected a table of names",
    "dict_type": "expected a table of keys and values",
    "tuple_type": "expected a list",
    "path_type": "expected a path",
}


def as_invalid(error: ValidationError, origins: Mapping[str, str], within: tuple[str, ...] = ()) -> Invalid:
    """One sentence per mistake, the first ones first. `within`: the table that was looked at, where it was not all of them."""
    found = error.errors(include_url=False, include_input=False)
    return Invalid("\n".join(dict.fromkeys(_sentence(one, origins, within) for one in found)))


def _sentence(error: ErrorDetails, origins: Mapping[str, str], within: tuple[str, ...]) -> str:
    path = within + tuple(str(step) for step in error["loc"] if step != "[key]")
    if not path:
        return f"{_cause(error)}."
    key = ".".join(path)
    where = _origin(key, origins)
    prefix = f"{where}: " if where else ""
    if error["type"] == "extra_forbidden":
        return f"{prefix}there is no setting {key}; {_expected_instead(path)}"
    if error["type"] == "missing":
        return f"{prefix}{key} is missing."
    return f"{prefix}{key}: {_cause(error)}."


def _cause(error: ErrorDetails) -> str:
    given = error.get("ctx", {}).get("error")
    if given is not None:
        return str(given)
    message = error["msg"].replace("Input should be ", "expected ")
    return _EXPECTED.get(error["type"], message)


def _origin(key: str, origins: Mapping[str, str]) -> str:
    """Where the key stands; for a table, or what is missing in one, where the first of its keys stands."""
    if key in origins:
        return origins[key]
    parts = key.split(".")
    for end in range(len(parts), 0, -1):
        prefix = ".".join(parts[:end])
        for known, origin in reversed(list(origins.items())):
            if known == prefix or known.startswith(f"{prefix}."):
                return origin
    return ""


def _expected_instead(path: Sequence[str]) -> str:
    known = keys_at(path[:-1])
    close = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {'.'.join((*path[:-1], close[0]))}?"
    return f"expected one of {', '.join(known)}."


def keys_at(path: Sequence[str]) -> list[str]:
    """The keys that may stand in the table at `path`."""
    model: type[BaseModel] | None = Settings
    steps = iter(path)
    for step in steps:
        field = model.model_fields.get(step) if model else None
        model = _table_model(field.annotation) if field else None
        if field is not None and _is_named(field.annotation):
            next(steps, None)
    return sorted(model.model_fields) if model else []


def _is_named(annotation: object) -> bool:
    """Whether there is a table for each of many names."""
    return typing.get_origin(annotation) is Mapping


def _table_model(annotation: object) -> type[BaseModel] | None:
    """The model of `Mapping[Name, Model]` or `Model | None`, if it is one of them."""
    models = (
        part for part in typing.get_args(annotation) if isinstance(part, type) and issubclass(part, BaseModel)
    )
    return next(models, None)
