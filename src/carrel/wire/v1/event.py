"""One line of the timeline of a claim or a workspace."""

from carrel.wire.v1.shape import Telling, Time


class Event(Telling):
    seq: int
    """1, 2, 3 … within its claim or workspace; also the id of a server-sent event."""
    at: Time
    kind: str
    sentence: str


class Logs(Telling):
    """The last lines of what the app printed."""

    text: str
