"""Server-sent events out of lines of text, as the HTML standard cuts them. Does no input or output."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    name: str
    data: str
    seq: int | None = None


async def messages(lines: AsyncIterator[str]) -> AsyncGenerator[Message]:
    """Comments and unfinished messages are dropped."""
    fields: dict[str, str] = {}
    async for line in lines:
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name == "data" and name in fields else value
            continue
        if "data" in fields:
            yield _message(fields)
        fields = {}


def _message(fields: dict[str, str]) -> Message:
    seq = fields.get("id", "")
    return Message(fields.get("event", "message"), fields["data"], int(seq) if seq.isdigit() else None)
