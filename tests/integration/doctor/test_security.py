"""Findings about who could come in, from settings and real accounts."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from carrel.domain.account import Token
from carrel.domain.actor import Role, Scope, System
from carrel.domain.finding import Outcome
from carrel.domain.ids import TokenId
from carrel.mint import fingerprint, new_id, new_token
from carrel.rules.checkup import security
from carrel.services import users
from carrel.store import tokens

from .examined import findings, is_well, patient_of, produced, running

OPEN = {"host": "0.0.0.0", "public_url": "http://lab.example.org", "workspaces_url": "http://*.example.net"}
ENCRYPTED = {"public_url": "https://lab.example.org", "workspaces_url": "https://*.example.net"}


async def test_no_admin_has_a_password(house: Any, tmp_path: Path) -> None:
    patient = running(house, tmp_path / "S")
    admin = await house.person("ada", Role.ADMIN)
    await house.person("bob")
    found = produced(await findings(patient, security.ADMIN), "CRL601", Outcome.WARNING)
    assert "The only admin" in found.found
    await users.set_password(house.context, System(), admin.id, "a long password")
    assert is_well(await findings(patient, security.ADMIN), "CRL601")


async def test_a_bootstrap_token_that_lives_on(house: Any, tmp_path: Path) -> None:
    patient = running(house, tmp_path / "S")
    admin = await house.person("admin", Role.ADMIN)
    assert is_well(await findings(patient, security.BOOTSTRAP), "CRL602")
    made = house.context.clock.now() - timedelta(days=100)
    token = Token(TokenId(new_id()), admin.id, "bootstrap", frozenset(Scope), made)
    await house.context.store.write(tokens.add, token, fingerprint(new_token()))
    found = produced(await findings(patient, security.BOOTSTRAP), "CRL602", Outcome.WARNING)
    assert "100 days" in found.found
    await house.context.store.write(tokens.revoke, token.id, house.context.clock.now())
    assert is_well(await findings(patient, security.BOOTSTRAP), "CRL602")


async def test_a_public_hub_over_plain_http(tmp_path: Path) -> None:
    found = await findings(patient_of(tmp_path / "S", **OPEN), security.TLS)
    produced(found, "CRL603", Outcome.BAD)
    produced(found, "CRL605", Outcome.WARNING, about="")


async def test_a_hub_that_listens_everywhere_is_public_whatever_its_name(tmp_path: Path) -> None:
    produced(await findings(patient_of(tmp_path / "S", host="0.0.0.0"), security.TLS), "CRL603", Outcome.BAD)


async def test_hub_and_workspaces_of_one_site(tmp_path: Path) -> None:
    given = ENCRYPTED | {"workspaces_url": "https://*.labs.example.org"}
    found = await findings(patient_of(tmp_path / "S", **given), security.DOMAINS)
    produced(found, "CRL604", Outcome.WARNING)


async def test_carrel_as_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    produced(await findings(patient_of(tmp_path / "S"), security.ROOT), "CRL606", Outcome.WARNING)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert is_well(await findings(patient_of(tmp_path / "S"), security.ROOT), "CRL606")


async def test_a_proxy_in_front_that_nobody_counted(tmp_path: Path) -> None:
    produced(
        await findings(patient_of(tmp_path / "S", **ENCRYPTED), security.HOPS), "CRL607", Outcome.WARNING
    )
    counted = patient_of(tmp_path / "S", **ENCRYPTED, trusted_hops=1)
    assert is_well(await findings(counted, security.HOPS), "CRL607")
