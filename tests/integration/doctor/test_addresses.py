"""Findings about addresses: real servers stand where people are sent, and they are not ours, or not as they should be."""

import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.certificates import Authority, put

from carrel.app.doctor import addresses as gathered
from carrel.domain.finding import Outcome
from carrel.rules.checkup import addresses

from .examined import findings, is_well, patient_of, produced, running
from .strangers import a_proxy_of, a_stranger, answering, certified, closed_port, whole

ELSEWHERE = {"public_url": "http://hub.example.invalid", "workspaces_url": "http://*.labs.example.invalid"}


async def test_nobody_answers_where_people_are_sent(house: Any, tmp_path: Path) -> None:
    patient = running(house, tmp_path / "S", port=closed_port(), workspaces_port=closed_port())
    produced(await findings(patient, addresses.HUB), "CRL301", Outcome.BAD)
    produced(await findings(patient, addresses.WEBSOCKET), "CRL302", Outcome.BAD)
    produced(await findings(patient, addresses.WORKSPACES), "CRL304", Outcome.BAD)


async def test_a_stranger_answers_where_people_are_sent(house: Any, tmp_path: Path) -> None:
    async with answering(a_stranger) as hub, answering(a_stranger) as workspaces:
        patient = running(house, tmp_path / "S", port=hub, workspaces_port=workspaces)
        found = await findings(patient, addresses.HUB)
        assert "answers 200, and it is not this Carrel" in produced(found, "CRL301", Outcome.BAD).found
        found = await findings(patient, addresses.WEBSOCKET)
        assert "it was answered 200 OK" in produced(found, "CRL302", Outcome.BAD).found
        found = await findings(patient, addresses.WORKSPACES)
        assert "not this Carrel" in produced(found, "CRL304", Outcome.BAD).found


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (whole("", "101 Switching Protocols"), "does not speak WebSocket"),
        ("HTTP/1.1 101", "does not speak WebSocket"),
        (whole("", "426 Upgrade Required"), "426"),
    ],
)
async def test_a_proxy_that_lets_no_websocket_through(
    house: Any, tmp_path: Path, answer: str, said: str
) -> None:
    async with answering(lambda _line: answer) as hub:
        found = await findings(running(house, tmp_path / "S", port=hub), addresses.WEBSOCKET)
    assert said in produced(found, "CRL302", Outcome.BAD).found


async def test_our_own_proof_is_believed_from_behind_any_proxy(house: Any, tmp_path: Path) -> None:
    ours = a_proxy_of(house.context.installation)
    async with answering(ours) as hub, answering(ours) as workspaces:
        patient = running(house, tmp_path / "S", port=hub, workspaces_port=workspaces)
        found = await findings(patient, addresses.HUB)
        assert is_well(found, "CRL301")
        assert is_well(found, "CRL307")
        assert is_well(await findings(patient, addresses.WORKSPACES), "CRL304")


async def test_a_proxy_with_another_time(house: Any, tmp_path: Path) -> None:
    late = a_proxy_of(house.context.installation, ahead=timedelta(minutes=-5))
    async with answering(late) as hub:
        found = await findings(running(house, tmp_path / "S", port=hub), addresses.DATE)
    assert "behind ours" in produced(found, "CRL307", Outcome.BAD).found


async def test_names_that_nobody_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody_knows(*_args: object, **_more: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody_knows)
    found = await findings(patient_of(tmp_path / "S", **ELSEWHERE), addresses.NAMES)
    said = produced(found, "CRL303", Outcome.BAD).found
    assert "hub.example.invalid" in said
    assert ".labs.example.invalid" in said


async def test_names_of_this_machine_are_found(tmp_path: Path) -> None:
    assert is_well(await findings(patient_of(tmp_path / "S"), addresses.NAMES), "CRL303")


@pytest.mark.parametrize(
    ("ends", "said"),
    [(timedelta(days=-3), "ended 3 days ago"), (timedelta(days=90), "not believed")],
    ids=["expired", "self-signed"],
)
async def test_a_certificate_that_browsers_refuse(tmp_path: Path, ends: timedelta, said: str) -> None:
    async with answering(a_stranger, certified(tmp_path, ends=ends)) as port:
        given = {"public_url": f"https://localhost:{port}", "workspaces_url": f"https://*.localhost:{port}"}
        found = await findings(patient_of(tmp_path / "S", **given), addresses.CERTIFICATE)
    assert said in produced(found, "CRL305", Outcome.BAD, about="localhost").found


async def test_a_certificate_that_is_believed_and_soon_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = certified(tmp_path, ends=timedelta(days=5, hours=1))
    trusted = gathered.trusted()
    trusted.load_verify_locations(tmp_path / "certificate.pem")
    monkeypatch.setattr(gathered, "trusted", lambda: trusted)
    async with answering(a_stranger, tls) as port:
        given = {"public_url": f"https://localhost:{port}", "workspaces_url": f"https://*.localhost:{port}"}
        found = await findings(patient_of(tmp_path / "S", **given), addresses.CERTIFICATE)
    assert "ends in 5 days" in produced(found, "CRL305", Outcome.WARNING, about="localhost").found


async def test_a_certificate_file_that_would_not_be_taken_in_or_is_soon_over(tmp_path: Path) -> None:
    authority = Authority()
    certificate, key = put(
        tmp_path, authority.pair("localhost", "*.localhost", ends=timedelta(days=9, hours=1))
    )
    given = {
        "public_url": "https://localhost:1",
        "workspaces_url": "https://*.localhost:1",
        "tls_certificate": str(certificate),
        "tls_key": str(key),
    }
    patient, about = patient_of(tmp_path / "S", **given), str(certificate)
    found = await findings(patient, addresses.CERTIFICATE)
    assert "ends in 9 days" in produced(found, "CRL305", Outcome.WARNING, about=about).found
    key.write_text(authority.pair("localhost")[1])
    found = await findings(patient, addresses.CERTIFICATE)
    assert "is not that of" in produced(found, "CRL305", Outcome.BAD, about=about).found


async def test_no_certificate_is_looked_for_over_plain_http(tmp_path: Path) -> None:
    assert await findings(patient_of(tmp_path / "S"), addresses.CERTIFICATE) == []


async def test_others_may_come_and_every_link_says_localhost(tmp_path: Path) -> None:
    found = await findings(patient_of(tmp_path / "S", host="0.0.0.0"), addresses.OUTSIDE)
    produced(found, "CRL306", Outcome.WARNING)
    assert is_well(await findings(patient_of(tmp_path / "S"), addresses.OUTSIDE), "CRL306")
