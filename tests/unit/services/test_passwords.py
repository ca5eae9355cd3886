"""Hashing is slow on purpose, for known and unknown people alike, and never in anybody's way."""

import asyncio
import time

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from carrel.domain.errors import Invalid, Unavailable
from carrel.services import passwords
from carrel.services.passwords import Passwords

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SLOWER = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)


async def test_a_password_is_known_again_and_another_is_not() -> None:
    checker = Passwords(QUICK)
    stored = await checker.hash("correct horse")
    assert (await checker.check("correct horse", stored)).is_right
    assert not (await checker.check("wrong horse!", stored)).is_right


async def test_nobody_has_the_decoys_password() -> None:
    checker = Passwords(QUICK)
    assert not (await checker.check("nobody's password", None)).is_right


async def test_an_unknown_person_takes_as_long_as_a_known_one() -> None:
    checker = Passwords(PasswordHasher(time_cost=4, memory_cost=16384, parallelism=1))
    stored = await checker.hash("correct horse")
    await checker.check("warming up", None)

    async def took(of: str | None) -> float:
        began = time.process_time()
        await checker.check("wrong horse!", of)
        return time.process_time() - began

    known = min([await took(stored) for _ in range(5)])
    unknown = min([await took(None) for _ in range(5)])
    assert 0.4 < unknown / known < 2.5


async def test_a_hash_of_older_parameters_is_renewed() -> None:
    stored = await Passwords(QUICK).hash("correct horse")
    checker = Passwords(SLOWER)
    checked = await checker.check("correct horse", stored)
    assert checked.rehashed is not None
    again = await checker.check("correct horse", checked.rehashed)
    assert again.is_right
    assert again.rehashed is None
    assert (await checker.check("wrong horse!", stored)).rehashed is None


async def test_what_is_no_hash_fits_no_password() -> None:
    assert not (await Passwords(QUICK).check("correct horse", "rubbish")).is_right


async def test_the_usual_hash_is_argon2id_with_64_mib() -> None:
    found = extract_parameters(await Passwords().hash("correct horse"))
    assert found.type is Type.ID
    assert found.memory_cost >= 64 * 1024


async def test_a_password_that_may_not_be_set_is_refused() -> None:
    with pytest.raises(Invalid):
        await Passwords(QUICK).hash("short")


async def test_a_long_password_is_looked_at_only_in_part() -> None:
    stored = await Passwords(QUICK).hash("correct horse")
    assert not (await Passwords(QUICK).check("x" * 10_000_000, stored)).is_right


async def test_too_many_at_once_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MOST_AT_ONCE", 3)
    checker = Passwords(PasswordHasher(time_cost=3, memory_cost=16384, parallelism=1))
    results = await asyncio.gather(
        *(checker.hash("correct horse") for _ in range(20)), return_exceptions=True
    )
    refused = [one for one in results if isinstance(one, Unavailable)]
    assert len(refused) == 17
    assert all(isinstance(one, str | Unavailable) for one in results)
