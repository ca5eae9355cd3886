"""Whatever is sent: an answer below 500, and a problem where it is a refusal."""

import json
import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carrel.domain.actor import Role
from carrel.web.api.v1.routes import description

House = Any

TEXT = st.text(max_size=40) | st.sampled_from(["lab", "a" * 16, "\0", "../..", "crl_x", "1e400", "null"])
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True, allow_infinity=True) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
FIELDS = [
    "pool",
    "name",
    "user",
    "parameters",
    "hours",
    "paused",
    "warm",
    "limit",
    "password",
    "role",
    "label",
    "scopes",
]
FIELDS += ["days", "disabled", "display_name"]
BODY = st.dictionaries(st.sampled_from(FIELDS), VALUE, max_size=6) | VALUE
QUERIES = ["after", "limit", "user", "owner", "pool", "state", "phase", "lines"]
QUERY = st.dictionaries(st.sampled_from(QUERIES), TEXT | st.integers(), max_size=4)
OPERATIONS = sorted(
    (method.upper(), path) for path, methods in description()["paths"].items() for method in methods
)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=TEXT, body=BODY, query=QUERY, key=st.none() | TEXT)
async def test_every_operation_answers_anything(
    house: House, method: str, path: str, *, part: str, body: Any, query: dict[str, Any], key: str | None
) -> None:
    client = await _admin(house)
    headers = {b"Content-Type": b"application/json"}
    if key is not None:
        headers[b"Idempotency-Key"] = "".join(sign for sign in key if sign.isprintable()).encode()
    content = json.dumps(body).encode("utf-8", "surrogatepass")
    address = re.sub(r"{\w+}", quote(part, safe="") or "x", path)
    answer = await client.request(
        method,
        address,
        params=query,
        headers=headers,
        content=None if method == "GET" else content,
    )
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code


async def _admin(house: House) -> httpx.AsyncClient:
    if "root" not in house.people:
        await house.pool()
        house.root = await house.browser(await house.person("root", Role.ADMIN))
    client: httpx.AsyncClient = house.root
    return client
