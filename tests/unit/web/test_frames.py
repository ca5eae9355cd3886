"""The shortest WebSocket frames, written and read; whatever is longer, parted or oddly masked is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrel.web.frames import BINARY, CLOSE, TEXT, Frame, accept_of, read, write

MASK = b"\x01\x02\x03\x04"


def test_a_key_is_answered_as_in_the_standards_own_example() -> None:
    assert accept_of("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_frames_are_those_of_the_standards_own_examples() -> None:
    hello = Frame(TEXT, b"Hello")
    assert write(hello) == bytes.fromhex("810548656c6c6f")
    assert write(hello, bytes.fromhex("37fa213d")) == bytes.fromhex("818537fa213d7f9f4d5158")


@given(st.sampled_from([TEXT, BINARY, CLOSE]), st.binary(max_size=125), st.binary(max_size=9), st.booleans())
def test_what_is_written_is_read_again(opcode: int, payload: bytes, rest: bytes, from_client: bool) -> None:
    data = write(Frame(opcode, payload), MASK if from_client else b"")
    assert read(data + rest, from_client=from_client) == (Frame(opcode, payload), rest)
    for end in range(len(data)):
        assert read(data[:end], from_client=from_client) is None


@pytest.mark.parametrize(
    "data",
    [
        bytes.fromhex("0105") + b"Hello",  # not the last part
        bytes.fromhex("c105") + b"Hello",  # compressed
        bytes.fromhex("817e0080"),  # 126 bytes or more
        bytes.fromhex("8185") + MASK + b"Hello",  # masked, by a server
    ],
    ids=["in parts", "compressed", "long", "masked"],
)
def test_other_frames_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="plain frames"):
        read(data, from_client=False)


def test_a_client_that_does_not_mask_is_refused() -> None:
    with pytest.raises(ValueError, match="plain frames"):
        read(write(Frame(TEXT, b"x")), from_client=True)


def test_nothing_longer_is_written() -> None:
    with pytest.raises(ValueError, match="at most 125"):
        write(Frame(TEXT, b"x" * 126))
