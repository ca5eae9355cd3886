"""Hashes and checks passwords with argon2id, in threads of its own so that nobody else waits. It decides nothing about people."""

from dataclasses import dataclass

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from carrel.domain.errors import Unavailable
from carrel.rules.credentials import LONGEST_PASSWORD, new_password, password_text

AT_ONCE = 2
"""Each takes 64 MiB and a core for a moment."""
MOST_WAITING = 200
"""More are turned away at once instead of after minutes."""


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

    async def hash(self, password: str) -> str:
        """Raises Invalid for one that may not be set."""
        wanted = new_password(password)
        self._turn_away()
        return await to_thread.run_sync(self._hasher.hash, wanted, limiter=self._limiter)

    async def check(self, password: str, stored: str | None) -> Checked:
        """Takes as long for an unknown person (`stored` is None) as for a known one. Raises Unavailable when too many wait."""
        given = password_text(password[: LONGEST_PASSWORD * 4])
        self._turn_away()
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

    def _turn_away(self) -> None:
        if self._limiter.statistics().tasks_waiting >= MOST_WAITING:
            raise Unavailable("Too many people are signing in at this moment. Try again in a few seconds.")
