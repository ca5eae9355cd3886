"""How Envoy's listeners speak TLS, as plain data: where each finds its certificate, and the file in which it does. Pure."""

from pathlib import Path
from typing import Any, Final

from carrel.dataplane.rendering import discovery

CERTIFICATES: Final = {"hub": "hub-certificate.json", "workspaces": "workspaces-certificate.json"}
"""Per listener, in the run directory. Each holds chain and key together, so that one rename changes both at once."""
_TYPES: Final = "type.googleapis.com/envoy.extensions.transport_sockets"
_SLOWEST_HANDSHAKE: Final = "10s"


def plain_values() -> dict[str, object]:
    """For the placeholders of envoy.yaml, where whoever stands in front speaks TLS, or nobody does."""
    plain = {
        "name": "envoy.transport_sockets.raw_buffer",
        "typed_config": {"@type": f"{_TYPES}.raw_buffer.v3.RawBuffer"},
    }
    return {"codec": "HTTP1", "hub_socket": plain, "workspaces_socket": plain, "handshake_within": "0s"}


_PROTOCOLS: Final = {"hub": ["http/1.1"], "workspaces": ["h2", "http/1.1"]}


def encrypted_values(run_dir: Path) -> dict[str, object]:
    sockets = {
        f"{listener}_socket": _socket(listener, run_dir / CERTIFICATES[listener]) for listener in CERTIFICATES
    }
    return {"codec": "AUTO", **sockets, "handshake_within": _SLOWEST_HANDSHAKE}


def _socket(listener: str, file: Path) -> dict[str, Any]:
    source = {"path_config_source": {"path": str(file)}, "resource_api_version": "V3"}
    context = {
        "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
        "alpn_protocols": _PROTOCOLS[listener],
        "tls_certificate_sds_secret_configs": [{"name": listener, "sds_config": source}],
    }
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {"@type": f"{_TYPES}.tls.v3.DownstreamTlsContext", "common_tls_context": context},
    }


def certificate_file(listener: str, chain: str, key: str) -> bytes:
    pair = {"certificate_chain": {"inline_string": chain}, "private_key": {"inline_string": key}}
    kind = f"{_TYPES}.tls.v3.Secret"
    return discovery({"@type": kind, "name": listener, "tls_certificate": pair})
