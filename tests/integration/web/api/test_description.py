"""The OpenAPI description: whole, and true of what is served."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
from starlette.routing import Route

from carrel.web.api.v1.routes import description, routes

House = Any
METHODS = {"get", "post", "put", "patch", "delete"}


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    if isinstance(node, list):
        for value in node:
            yield from references(value)


def test_it_is_openapi_3_1_with_everything_it_refers_to() -> None:
    found = description()
    assert found["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(found["info"])
    for reference in references(found):
        node: Any = found
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node


def test_it_describes_every_route_and_no_other() -> None:
    served = {
        (route.path, method.lower())
        for route in routes()
        if isinstance(route, Route) and not route.path.endswith("openapi.json")
        for method in route.methods or ()
    }
    assert {(path, method) for path, method, _ in operations()} == served


def test_every_operation_has_an_id_of_its_own_named_noun_and_verb() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+", one) for one in ids)


def test_every_operation_says_what_it_answers_and_how_it_refuses() -> None:
    for path, method, operation in operations():
        assert method in METHODS
        assert operation["summary"]
        assert "422" not in operation["responses"]
        refused = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
        assert refused == {"$ref": "#/components/schemas/Problem"}
        good = [status for status in operation["responses"] if status.startswith("2")]
        assert good, path
        for status in good:
            content = operation["responses"][status].get("content", {})
            kind = "application/gzip" if path.endswith("/archive") else "application/json"
            assert status == "204" or content[kind]["schema"], (path, method, status)


def test_every_parameter_of_a_path_is_described() -> None:
    for path, _, operation in operations():
        named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path))


def test_every_post_takes_an_idempotency_key() -> None:
    for _, method, operation in operations():
        names = {one["name"] for one in operation.get("parameters", [])}
        assert ("Idempotency-Key" in names) == (method == "post")


def test_what_may_be_sent_is_closed_and_bounded() -> None:
    schemas = description()["components"]["schemas"]
    sent = {name for name in schemas if name.endswith(("Request", "Change")) or name == "Extension"}
    assert sent == {
        *("ClaimRequest", "Extension", "LinkRequest", "PoolChange", "ReportRequest", "TokenRequest"),
        *("UserChange", "UserRequest", "UsersRequest"),
        *("HomeAdoptionRequest", "HomeChange", "HomeRequest"),
        *("TemplateChange", "TemplatePreviewRequest", "TemplateRollbackRequest"),
    }
    for name in sent:
        assert schemas[name]["additionalProperties"] is False


def test_there_are_two_ways_to_say_who_asks() -> None:
    found = description()
    assert set(found["components"]["securitySchemes"]) == {"token", "session"}
    assert found["security"] == [{"token": []}, {"session": []}]


async def test_anybody_may_read_it(house: House) -> None:
    client: httpx.AsyncClient = await house.client()
    assert (await client.get("/hub/api/v1/openapi.json")).json() == description()
