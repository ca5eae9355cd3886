"""WebSocket's opening and its shortest frames (RFC 6455), as far as an echo needs them. Bytes in, bytes out; moves none itself.

Frames are whole, at most 125 bytes long and not compressed; whatever else arrives is refused by whoever reads.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

_MAGIC: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LONGEST: Final = 125
TEXT, BINARY, CLOSE = 1, 2, 8
_FINAL: Final = 0x80
_MASKED: Final = 0x80


def accept_of(key: str) -> str:
    """What a server answers to a client's key, which shows that it understood."""
    digest = hashlib.sha1(key.encode("ascii", "replace") + _MAGIC, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


@dataclass(frozen=True, slots=True)
class Frame:
    opcode: int
    payload: bytes


def write(frame: Frame, mask: bytes = b"") -> bytes:
    """`mask`: four bytes from a client, none from a server. Raises ValueError for a long payload."""
    if len(frame.payload) > LONGEST:
        raise ValueError(f"a frame here holds at most {LONGEST} bytes")
    head = bytes([_FINAL | frame.opcode, len(frame.payload) | (_MASKED if mask else 0)])
    return head + mask + (_masked(frame.payload, mask) if mask else frame.payload)


def read(data: bytes, *, from_client: bool) -> tuple[Frame, bytes] | None:
    """The first frame and the rest; None while it is not all there. Raises ValueError for what is not taken here."""
    if len(data) < 2:
        return None
    length = data[1] & 0x7F
    is_masked = bool(data[1] & _MASKED)
    if not data[0] & _FINAL or data[0] & 0x70 or length > LONGEST or is_masked != from_client:
        raise ValueError("only whole, short and plain frames are taken here")
    start = 6 if is_masked else 2
    if len(data) < start + length:
        return None
    payload = data[start : start + length]
    return Frame(data[0] & 0x0F, _masked(payload, data[2:6]) if is_masked else payload), data[
        start + length :
    ]


def _masked(payload: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
