"""Which of the settings' files belong together as certificate and key. Opens none of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class TlsSettings(Protocol):
    @property
    def tls_certificate(self) -> Path | None: ...

    @property
    def tls_key(self) -> Path | None: ...

    @property
    def workspaces_tls_certificate(self) -> Path | None: ...

    @property
    def workspaces_tls_key(self) -> Path | None: ...


def pairs(settings: TlsSettings) -> Mapping[str, tuple[Path, Path]]:
    """Certificate and key of each listener; nothing where Envoy speaks plain HTTP."""
    hub = _pair(settings.tls_certificate, settings.tls_key)
    if hub is None:
        return {}
    workspaces = _pair(settings.workspaces_tls_certificate, settings.workspaces_tls_key)
    return {"hub": hub, "workspaces": workspaces or hub}


def _pair(certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    return (certificate, key) if certificate is not None and key is not None else None


def demand_pairs(settings: TlsSettings, *, is_https: bool) -> None:
    """Raises ValueError. `is_https`: people come to the hub by https."""
    _demand_both("tls_certificate", settings.tls_certificate, "tls_key", settings.tls_key)
    _demand_both(
        "workspaces_tls_certificate",
        settings.workspaces_tls_certificate,
        "workspaces_tls_key",
        settings.workspaces_tls_key,
    )
    if settings.tls_certificate is None:
        if settings.workspaces_tls_certificate is not None:
            raise ValueError(
                "workspaces_tls_certificate is set and tls_certificate is not: the hub needs one too"
            )
        return
    if not is_https:
        raise ValueError(
            'tls_certificate is set, so people come by https: give public_url and workspaces_url that begin with "https://"'
        )


def _demand_both(certificate: str, one: Path | None, key: str, other: Path | None) -> None:
    if (one is None) != (other is None):
        given, missing = (certificate, key) if one is not None else (key, certificate)
        raise ValueError(f"{given} is set and {missing} is not: a certificate and its key go together")
