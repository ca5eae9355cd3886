"""Why something ended or takes longer: the cause, whose problem it is, and what helps."""

from carrel.domain.cause import Fault, Whose
from carrel.wire.v1.shape import Telling, Time


class Failure(Telling):
    code: Fault
    whose: Whose
    """Who can do something about it, or what failed where nobody is to blame."""
    sentence: str
    """Names the cause."""
    advice: str
    """What the person can do."""
    remedy: str
    """What an admin can do."""
    detail: str
    """What was recorded at the time, word for word; empty where nothing failed and it only takes longer."""
    lines: list[str]
    """What the app printed last."""
    at: Time
    is_over: bool
    """It ended something. Else something waits because of it."""
    is_tried_now: bool
    """Another try is under way."""
