"""What a look over Carrel and its machine found: the worst first."""

from typing import Literal

from carrel.wire.v1.shape import Telling, Time

Outcome = Literal["good", "warning", "bad", "unknown"]


class Finding(Telling):
    code: str
    """E.g. "CRL201"; docs/reference/doctor.md explains each."""
    subject: str
    """Which part of Carrel it is about, e.g. "Data plane"."""
    title: str
    about: str
    """Which of several things of one kind, e.g. a pool's name; empty where there is one only."""
    outcome: Outcome
    found: str
    why: str
    """Why it matters."""
    fix: str
    """What helps; empty where nothing has to be done."""


class Checkup(Telling):
    at: Time
    outcome: Outcome
    """The worst of all."""
    findings: list[Finding]
