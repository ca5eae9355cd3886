"""Facts about the addresses people are given: who knows the names, who answers there, with which certificate and time. Judges nothing."""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import httpx
from cryptography import x509

from carrel.app.dataplane import certificate_places
from carrel.app.doctor.checks import Check
from carrel.app.doctor.patient import Patient
from carrel.app.doctor.websocket import Refused, echoed
from carrel.dataplane.certificates import CertificatePlace, read_pair
from carrel.domain.errors import Invalid
from carrel.domain.finding import Finding
from carrel.domain.ids import WorkspaceId
from carrel.mint import new_id, new_secret
from carrel.rules import echo
from carrel.rules.checkup import addresses
from carrel.rules.checkup.addresses import Answer, Certificate, Name
from carrel.services.context import Context

_USUAL: Final = {"http": 80, "https": 443}
_WITHIN: Final = 3.0


def checks(patient: Patient) -> list[Check]:
    """What is asked of a running Carrel is asked by itself only: from beside it nobody could tell it from another."""
    found = [
        Check((addresses.OUTSIDE,), lambda: _outside(patient)),
        Check((addresses.NAMES,), lambda: _names(patient)),
    ]
    if _is_encrypted(patient):
        found.append(Check((addresses.CERTIFICATE,), lambda: _certificates(patient)))
    if patient.settings.encrypts:
        found.append(Check((addresses.CERTIFICATE,), lambda: _certificate_files(patient)))
    if patient.context is not None:
        context = patient.context
        found += [
            Check((addresses.HUB, addresses.DATE), lambda: _hub(patient, context)),
            Check((addresses.WEBSOCKET,), lambda: _websocket(patient)),
            Check((addresses.WORKSPACES,), lambda: _workspaces(patient, context)),
        ]
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    scheme: str
    host: str
    port: int

    @property
    def connect_to(self) -> str:
        """`*.localhost` is this machine, whatever its resolver says."""
        return "127.0.0.1" if self.host.endswith(".localhost") else self.host


def _places(patient: Patient) -> tuple[_Place, _Place, str]:
    """The hub's, one workspace's that does not exist, and that one's address."""
    known = patient.settings.addresses()
    nobody = WorkspaceId(new_id())
    root = known.workspace_root(nobody)
    return _place(known.hub), _place(root), root


def _place(address: str) -> _Place:
    parts = urlsplit(address)
    return _Place(parts.scheme, parts.hostname or "", parts.port or _USUAL[parts.scheme])


def _is_encrypted(patient: Patient) -> bool:
    return patient.settings.hub_url.startswith("https://")


async def _outside(patient: Patient) -> Iterable[Finding]:
    settings = patient.settings
    return [
        addresses.outside(
            listens_on=settings.host,
            listens_beyond=not patient.listens_locally,
            hub_is_local=patient.hub_is_local,
        )
    ]


async def _names(patient: Patient) -> Iterable[Finding]:
    hub, workspace, _ = _places(patient)
    return [addresses.names([await _name(patient, place.host) for place in (hub, workspace)])]


async def _name(patient: Patient, host: str) -> Name:
    found = await patient.aside("names", lambda: _addresses(host))
    return Name(host, found, is_found_by_browsers=host.endswith(".localhost"))


def _addresses(host: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(dict.fromkeys(str(one[4][0]) for one in found))


# -- who answers -------------------------------------------------------------------------------------------------------


async def _hub(patient: Patient, context: Context) -> Iterable[Finding]:
    hub, _, _ = _places(patient)
    nonce = new_secret()
    response, complaint = await _asked(hub, f"{echo.PATH}?nonce={nonce}")
    if response is None:
        return [addresses.hub(Answer(patient.settings.hub_url, complaint))]
    is_proven = echo.proof(context.installation, nonce) in response.text
    found = [
        addresses.hub(Answer(patient.settings.hub_url, status=response.status_code, is_proven=is_proven))
    ]
    told = _date(response)
    if told is not None and is_proven:
        found.append(addresses.date((told - patient.clock.now()).total_seconds()))
    return found


async def _workspaces(patient: Patient, context: Context) -> Iterable[Finding]:
    _, place, root = _places(patient)
    nonce = new_secret()
    known = patient.settings.addresses()
    shown = f"{known.workspaces_scheme}://*.{known.shared_host}"
    response, complaint = await _asked(place, f"{urlsplit(root).path}?{echo.PARAMETER}={nonce}")
    if response is None:
        return [addresses.workspaces(Answer(shown, complaint))]
    is_proven = echo.proof(context.installation, nonce) in response.text
    return [addresses.workspaces(Answer(shown, status=response.status_code, is_proven=is_proven))]


async def _websocket(patient: Patient) -> Iterable[Finding]:
    hub, _, _ = _places(patient)
    address = f"{patient.settings.hub_url}{echo.PATH}"
    nonce = new_secret()
    tls = trusted() if hub.scheme == "https" else None
    try:
        async with asyncio.timeout(_WITHIN):
            back = await echoed(address, nonce, tls=tls, connect_to=hub.connect_to)
    except (Refused, OSError) as error:
        return [addresses.websocket(Answer(address, _said(error)))]
    return [addresses.websocket(Answer(address, status=101, is_proven=back == nonce))]


async def _asked(place: _Place, path: str) -> tuple[httpx.Response | None, str]:
    """The answer, or why there is none. No redirect is followed, and no proxy of the environment is asked."""
    authority = place.host if place.port == _USUAL[place.scheme] else f"{place.host}:{place.port}"
    url = f"{place.scheme}://{place.connect_to}:{place.port}{path}"
    tls = trusted() if place.scheme == "https" else False
    try:
        async with httpx.AsyncClient(verify=tls, trust_env=False, timeout=_WITHIN) as client:
            named = {"sni_hostname": place.host}
            return await client.get(url, headers={"Host": authority}, extensions=named), ""
    except httpx.TimeoutException:
        return None, f"no answer within {_WITHIN:g} seconds"
    except (httpx.HTTPError, OSError) as error:
        return None, _said(error)


def _said(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {_WITHIN:g} seconds"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")


def _date(response: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None


# -- certificates ------------------------------------------------------------------------------------------------------


def trusted() -> ssl.SSLContext:
    """What this system trusts, and what comes with Python's clients: a slim container often has only the latter."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


async def _certificates(patient: Patient) -> Iterable[Finding]:
    hub, workspace, _ = _places(patient)
    found = await asyncio.gather(*(_certificate(patient, place) for place in (hub, workspace)))
    return [addresses.certificate(seen) for seen in found]


async def _certificate_files(patient: Patient) -> Iterable[Finding]:
    """Those of a Carrel that shows them itself: a pair that does not fit is seen long before the one in use ends."""
    places = dict.fromkeys(certificate_places(patient.settings).values())
    return [await asyncio.to_thread(_certificate_file, place, patient.clock.now()) for place in places]


def _certificate_file(place: CertificatePlace, now: datetime) -> Finding:
    try:
        left = (read_pair(place).ends - now).total_seconds() / 86_400
    except Invalid as error:
        return addresses.certificate_file(str(place.certificate), None, error.sentence)
    return addresses.certificate_file(str(place.certificate), left, None)


async def _certificate(patient: Patient, place: _Place) -> Certificate:
    complaint: str | None = None
    try:
        (await _handshake(place, trusted())).close()
    except ssl.SSLCertVerificationError as error:
        complaint = error.verify_message
    except (OSError, TimeoutError) as error:
        return Certificate(place.host, complaint=_said(error))
    left: float | None = None
    with suppress(OSError, TimeoutError, ValueError):
        writer = await _handshake(place, _believing())
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        ends = x509.load_der_x509_certificate(der).not_valid_after_utc
        left = (ends - patient.clock.now()).total_seconds() / 86_400
    return Certificate(place.host, left, complaint)


def _believing() -> ssl.SSLContext:
    """Only to read when a certificate that nobody believes ends; nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _handshake(place: _Place, tls: ssl.SSLContext) -> asyncio.StreamWriter:
    async with asyncio.timeout(_WITHIN / 2):
        _, writer = await asyncio.open_connection(
            place.connect_to, place.port, ssl=tls, server_hostname=place.host
        )
    return writer
