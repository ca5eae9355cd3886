"""How a failure is told: what it was, whose problem it is and what helps, and what the app printed last."""

from carrel.cli.here import Here
from carrel.wire.v1 import Failure


def tell(here: Here, failure: Failure | None) -> None:
    """None is no error: nothing went wrong, and JSON has a null for it."""
    if failure is None:
        here.screen.note("Nothing went wrong with it.")
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
