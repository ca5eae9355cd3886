"""A claim: the request for a workspace, and the holding of it."""

from typing import Annotated

from pydantic import Field, StringConstraints

from carrel.domain.claim import ClaimState
from carrel.domain.step import StepName, StepState
from carrel.wire.v1.shape import Asking, Id, Name, Telling, Time
from carrel.wire.v1.workspace import Workspace

Parameter = Annotated[str, StringConstraints(max_length=1000)] | bool | int | float

ParameterName = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{1,40}$")]


class ClaimRequest(Asking):
    pool: Name
    name: Name = "default"
    """Several claims of one pool are told apart by it."""
    home: Name | None = None
    """The files it brings along, by name; new ones where there are none of that name. Null: those called like the claim."""
    parameters: Annotated[dict[ParameterName, Parameter], Field(max_length=50)] = Field(default_factory=dict)
    """What the pool's template asks for; what is left out has its default."""
    user: Id | None = None
    """For whom; only an admin may name somebody else."""


class Step(Telling):
    name: StepName
    state: StepState
    began_at: Time | None
    took_seconds: float | None
    """Null while it is under way, and where nobody had to wait for it."""
    note: str
    fraction: float | None = None
    """Of the one that is under way, 0 to 1; null where nobody knows."""


class ClaimedHome(Telling):
    id: str
    name: str


class Claim(Telling):
    id: str
    pool: str
    name: str
    state: ClaimState
    position: int | None
    """1 is next; null unless it waits."""
    estimate_seconds: float | None
    """How long the wait may still take, from this pool's own start times; null where nothing is known."""
    estimate_range: tuple[float, float] | None = None
    """Seconds: three of four waits take longer than the first, one of ten longer than the second."""
    sentence: str = ""
    """What is going on, or why it ended."""
    trouble: str | None = None
    """Why it takes longer, while starts fail."""
    steps: list[Step] = Field(default_factory=list)
    """How far it is. Only where one claim is asked for: empty in lists, and in the answer to a request for one."""
    workspace: Workspace | None
    release_at: Time | None = None
    """It was given back on a page and goes on until then, so that this can be undone; asking for it again undoes it, too."""
    parameters: dict[str, str | float] = Field(default_factory=dict)
    """What was chosen when it was asked for."""
    home: ClaimedHome | None = None
    """The files it brings along; null where its template keeps none."""
