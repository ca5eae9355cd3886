"""Opens one WebSocket, sends one message and reads what comes back: as a browser would, through whatever stands in front. Judges nothing."""

import ssl
from typing import Any, Final
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException
from websockets.typing import Origin

LARGEST: Final = 1024
"""Bytes of an answer; ours is as long as the question."""


class Refused(Exception):
    """`str()` says what came instead of a WebSocket."""


async def echoed(
    address: str, text: str, *, tls: ssl.SSLContext | None, connect_to: str | None = None
) -> str:
    """What was given back for `text`. `connect_to`: a host other than the address names. Raises Refused, OSError."""
    parts = urlsplit(address)
    where: dict[str, Any] = {"host": connect_to} if connect_to else {}
    try:
        async with connect(
            parts._replace(scheme="wss" if parts.scheme == "https" else "ws").geturl(),
            origin=Origin(f"{parts.scheme}://{parts.netloc}"),
            ssl=tls if parts.scheme == "https" else None,
            compression=None,
            proxy=None,
            max_size=LARGEST,
            **where,
        ) as socket:
            await socket.send(text)
            back = await socket.recv()
    except InvalidStatus as error:
        raise Refused(
            f"it was answered {error.response.status_code} {error.response.reason_phrase}"
        ) from error
    except InvalidHandshake as error:
        raise Refused("whoever answered does not speak WebSocket") from error
    except WebSocketException as error:
        raise Refused("the connection ended before an answer came") from error
    return back if isinstance(back, str) else back.decode(errors="replace")
