"""Hashes and checks passwords with argon2id, in threads of its own so that nobody else waits. It decides nothing about people."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from carrel.domain.errors import Unavailable
from carrel.rules.credentials import LONGEST_PASSWORD, new_password, password_text

AT_ONCE = 2
"""Each takes 64 MiB and a core for a moment."""
MOST_AT_ONCE = 200
"""Under way and waiting; more are turned away at once instead of after minutes."""


@dataclass(frozen=True, slots=True)
class Checked:
    is_right: bool
    rehashed: str | None = None
    """The same password under today's parameters, where the stored hash is of older ones."""


class Passwords:
    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._limiter = CapacityLimiter(AT_ONCE)
        self._decoy: str | None = None
        self._under_way = 0

    async def hash(self, password: str) -> str:
        """Raises Invalid for one that may not be set."""
        wanted = new_password(password)
        with self._one_more():
            return await to_thread.run_sync(self._hasher.hash, wanted, limiter=self._limiter)

    async def check(self, password: str, stored: str | None) -> Checked:
        """Takes as long for an unknown person (`stored` is None) as for a known one. Raises Unavailable when too many wait."""
        given = password_text(password[: LONGEST_PASSWORD * 4])
        with self._one_more():
            return await to_thread.run_sync(self._check, given, stored, limiter=self._limiter)

    def _check(self, given: str, stored: str | None) -> Checked:
        if self._decoy is None:
            self._decoy = self._hasher.hash("nobody's password")
        is_right = self._verify(stored or self._decoy, given) and stored is not None
        if is_right and stored is not None and self._hasher.check_needs_rehash(stored):
            return Checked(is_right, self._hasher.hash(given))
        return Checked(is_right)

    def _verify(self, stored: str, given: str) -> bool:
        try:
            return self._hasher.verify(stored, given)
        except (VerificationError, InvalidHashError):
            return False

    @contextmanager
    def _one_more(self) -> Iterator[None]:
        """Counted by ourselves: the limiter sees a caller only after a turn of the loop, when thousands have passed."""
        if self._under_way >= MOST_AT_ONCE:
            raise Unavailable("Too many people are signing in at this moment. Try again in a few seconds.")
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
