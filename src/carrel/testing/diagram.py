"""Draws the phases of a workspace from `TRANSITIONS`. `python -m carrel.testing.diagram` prints what the docs must hold."""

import sys
from collections.abc import Mapping

from carrel.domain.workspace import TRANSITIONS, Phase


def draw(transitions: Mapping[Phase, frozenset[Phase]] = TRANSITIONS) -> str:
    """A mermaid state diagram: the phases in their usual order, from the intent to the end."""
    order = list(Phase)
    arrows = [f"    {old} --> {new}" for old in order for new in order if new in transitions[old]]
    ends = [f"    {phase} --> [*]" for phase in order if not transitions[phase]]
    return (
        "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {order[0]}", *arrows, *ends, "```"]) + "\n"
    )


if __name__ == "__main__":
    sys.stdout.write(draw())
