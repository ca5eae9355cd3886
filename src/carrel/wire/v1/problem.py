"""A problem as RFC 9457 describes it, with the stable `code` that programs branch on."""

from carrel.wire.v1.shape import Telling

MEDIA_TYPE = "application/problem+json"


class FieldProblem(Telling):
    """One thing that is wrong with a request: where, and what was expected. Never the value itself: it may be a secret."""

    where: str
    sentence: str


class Problem(Telling):
    type: str
    """The address of the code's description, below the hub."""
    title: str
    status: int
    code: str
    detail: str
    """What is wrong and what to do, for people."""
    instance: str
    """The id of this one failure, also in the log of whoever runs Carrel."""
    fields: list[FieldProblem] | None = None
