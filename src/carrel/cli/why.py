"""How a failure is told: what it was, whose problem it is and what helps, and what the app printed last."""

from collections.abc import Sequence

from carrel.cli.here import Here
from carrel.wire.v1 import Event, Failure


def tell(here: Here, failure: Failure | None, events: Sequence[Event]) -> None:
    """None is no error: nothing went wrong, and JSON has a null for it. `events` may say that something was not made ready."""
    if failure is None:
        shortcomings = [event.sentence for event in events if event.kind == "unprepared"]
        for sentence in shortcomings or ["Nothing went wrong with it."]:
            here.screen.note(sentence)
        if here.screen.as_json:
            here.screen.text("null")
        return
    if here.screen.as_json:
        here.screen.thing(failure, ())
        return
    for sentence in (failure.sentence, failure.detail, failure.advice, f"For admins: {failure.remedy}"):
        here.screen.text(sentence)
    for line in failure.lines:
        here.screen.text(f"  {line}")
