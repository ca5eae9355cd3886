"""The files Envoy watches, as plain data: routes, verification keys and who is withdrawn. Pure; equal input gives equal bytes."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from carrel.dataplane.keys import VerifyingKey, jwks
from carrel.domain.endpoint import Endpoint
from carrel.domain.route import Route, Withdrawal
from carrel.ports.driver import base_path
from carrel.rules.authorize import CODE_PARAMETER

TICKET_MAX_LIFETIME: Final = "150s"
GRACE_MAX_LIFETIME: Final = "1200s"
CLOCK_SKEW_SECONDS: Final = 5
_TYPES: Final = "type.googleapis.com/envoy"


def routes_file(routes: Iterable[Route]) -> bytes:
    endpoints = [_endpoint(route) for route in sorted(routes, key=lambda route: route.workspace_id)]
    return discovery(
        {
            "@type": f"{_TYPES}.config.endpoint.v3.ClusterLoadAssignment",
            "cluster_name": "workspace",
            "endpoints": [{"lb_endpoints": endpoints}],
        }
    )


def _endpoint(route: Route) -> dict[str, Any]:
    address = {"address": route.endpoint.host, "port_value": route.endpoint.port}
    carrel = {"auth": route.authorization}
    if route.strip:
        carrel["own"] = _authority(route.endpoint)
    return {
        "endpoint": {"address": {"socket_address": address}},
        "metadata": {
            "filter_metadata": {
                "envoy.lb": {"door": base_path(route.workspace_id)},
                "carrel": carrel,
            }
        },
    }


def _authority(endpoint: Endpoint) -> str:
    """As the app itself would write it; also what tells the data plane that this one strips."""
    return (
        f"[{endpoint.host}]:{endpoint.port}" if ":" in endpoint.host else f"{endpoint.host}:{endpoint.port}"
    )


def tickets_file(keys: Sequence[VerifyingKey]) -> bytes:
    provider = {
        **_provider("carrel", "carrel-workspace", "ticket", keys),
        "max_lifetime": TICKET_MAX_LIFETIME,
        "claim_to_headers": [
            {"header_name": "x-carrel-door", "claim_name": "door"},
            {"header_name": "x-envoy-upstream-stream-duration-ms", "claim_name": "brief_ms"},
        ],
    }
    either = {"requirements": [{"provider_name": "ticket"}, {"allow_missing_or_failed": {}}]}
    # Whoever brings a one-time code is sent to the authorizer, ticket or not: it takes the code out of the address.
    with_code = {"prefix": "/w/", "query_parameters": [{"name": "carrel-code", "present_match": True}]}
    anybody = {"match": {"prefix": "/w/"}, "requires": {"requires_any": either}}
    return _tokens("tickets", provider, [{"match": with_code}, anybody])


def graces_file(keys: Sequence[VerifyingKey]) -> bytes:
    provider = {
        **_provider("carrel-grace", "carrel-grace", "grace", keys),
        "max_lifetime": GRACE_MAX_LIFETIME,
    }
    match = {"prefix": "/hub/internal/authorize/w/"}
    return _tokens("graces", provider, [{"match": match, "requires": {"provider_name": "grace"}}])


def _provider(issuer: str, audience: str, name: str, keys: Sequence[VerifyingKey]) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "audiences": [audience],
        "from_cookies": [f"carrel-{name}"],
        "payload_in_metadata": name,
        "require_expiration": True,
        "clock_skew_seconds": CLOCK_SKEW_SECONDS,
        "jwt_cache_config": {"jwt_cache_size": 10_000},
        "local_jwks": {"inline_string": jwks(keys)},
    }


def _tokens(name: str, provider: dict[str, Any], rules: list[dict[str, Any]]) -> bytes:
    return _filter(
        name,
        {
            "@type": f"{_TYPES}.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            "providers": {provider["payload_in_metadata"]: provider},
            "rules": rules,
        },
    )


def verdict_file(withdrawals: Sequence[Withdrawal]) -> bytes:
    """Two readers: on the workspaces listener only the shadow rules speak (a verdict), on the grace listener only the enforced ones."""
    opens: dict[str, Any] = _claim("ticket", "door", {"present_match": True})
    stale = _withdrawn("ticket", withdrawals)
    current = [opens, {"not_id": {"or_ids": {"ids": stale}}}] if stale else [opens]
    door = {
        "permissions": [{"not_rule": _BRINGS_A_CODE}],
        "principals": [{"and_ids": {"ids": current}}],
        "condition": _PATH_BEGINS_WITH_DOOR,
    }
    revoked = {
        "permissions": [{"any": True}],
        "principals": _withdrawn("grace", withdrawals) or [{"not_id": {"any": True}}],
    }
    return _filter(
        "verdict",
        {
            "@type": f"{_TYPES}.extensions.filters.http.rbac.v3.RBAC",
            "rules": {"action": "DENY", "policies": {"revoked": revoked}},
            "shadow_rules_stat_prefix": "door_",
            "shadow_rules": {"action": "ALLOW", "policies": {"door": door}},
        },
    )


def _withdrawn(token: str, withdrawals: Sequence[Withdrawal]) -> list[dict[str, Any]]:
    return [
        {"and_ids": {"ids": subjects}} if len(subjects) > 1 else subjects[0]
        for withdrawal in withdrawals
        if (subjects := _subjects(token, withdrawal))
    ]


def _subjects(token: str, withdrawal: Withdrawal) -> list[dict[str, Any]]:
    subjects = []
    if withdrawal.session_id is not None:
        subjects.append(_claim(token, "sid", {"string_match": {"exact": withdrawal.session_id}}))
    if withdrawal.workspace_id is not None:
        subjects.append(
            _claim(token, "door", {"string_match": {"exact": base_path(withdrawal.workspace_id)}})
        )
    return subjects


def _claim(token: str, name: str, value: dict[str, Any]) -> dict[str, Any]:
    matcher = {
        "filter": "envoy.filters.http.jwt_authn",
        "path": [{"key": token}, {"key": name}],
        "value": value,
    }
    return {"sourced_metadata": {"metadata_matcher": matcher}}


def _select(variable: str, field: str) -> dict[str, Any]:
    return {"select_expr": {"operand": {"ident_expr": {"name": variable}}, "field": field}}


_DOOR_HEADER: Final = {
    "call_expr": {
        "function": "_[_]",
        "args": [_select("request", "headers"), {"const_expr": {"string_value": "x-carrel-door"}}],
    }
}
_PATH_BEGINS_WITH_DOOR: Final = {
    "call_expr": {"function": "startsWith", "target": _select("request", "url_path"), "args": [_DOOR_HEADER]}
}
"""request.url_path.startsWith(request.headers["x-carrel-door"])"""
_BRINGS_A_CODE: Final = {"header": {"name": ":path", "string_match": {"contains": f"{CODE_PARAMETER}="}}}
"""Such a request goes to the control plane whatever ticket it has, so that no app gets to see the code (finding E3)."""


def _filter(name: str, config: dict[str, Any]) -> bytes:
    kind = f"{_TYPES}.config.core.v3.TypedExtensionConfig"
    return discovery({"@type": kind, "name": name, "typed_config": config})


def discovery(resource: dict[str, Any]) -> bytes:
    """One resource as a file that Envoy watches."""
    body = json.dumps([resource], separators=(",", ":"))
    version = hashlib.sha256(body.encode()).hexdigest()[:16]
    return f'{{"version_info":"{version}","resources":{body}}}\n'.encode()
