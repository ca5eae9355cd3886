"""Why nothing came back, told apart: no such machine, no TLS, a certificate nobody trusts, silence, a sign to somewhere else."""

import socket
import ssl

import httpx
import pytest

from carrel.client import Client, pools
from carrel.client import connection as connection_module
from carrel.domain.errors import CarrelError

WHERE = "https://carrel.example.org"


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("cause", "sentence", "tries"),
    [
        (untrusted(), "cannot be trusted: self-signed certificate", 2),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "speaks no TLS", 2),
        (socket.gaierror(-2, "unknown"), "no machine called carrel.example.org", 4),
        (httpx.ReadTimeout("late"), "does not answer in time", 4),
        (ConnectionRefusedError(), "Nothing answers at https://carrel.example.org", 4),
    ],
)
async def test_the_cause_is_named(
    cause: Exception, sentence: str, tries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "PAUSES", (0, 0, 0))
    asked = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        if isinstance(cause, httpx.TransportError):
            raise cause
        raise httpx.ConnectError("failed") from cause

    with pytest.raises(CarrelError) as failed:
        await asked_for_pools(answer)
    assert failed.value.code == "unavailable"
    assert sentence in failed.value.sentence
    assert asked == tries


async def test_a_sign_to_another_address_is_passed_on() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(308, headers={"Location": "https://new.example.org/hub/api/v1/pools"})

    with pytest.raises(CarrelError, match=r"sends on to https://new\.example\.org\. Ask there") as failed:
        await asked_for_pools(answer)
    assert failed.value.code == "invalid"


async def asked_for_pools(answer: object) -> None:
    async with Client(WHERE, token="crl_x", transport=httpx.MockTransport(answer)) as client:  # type: ignore[arg-type]
        await pools.page(client)
