"""Group C of the findings: requests that two readers could take apart differently. An app is never shown a second request."""

import pytest

from .raw import App, Message, Reply, connected
from .rig import Rig, Workspace

SECOND = b"GET /w/smuggled HTTP/1.1\r\nhost: localhost\r\n\r\n"

FRAMINGS: dict[str, bytes] = {
    "both lengths": b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "both lengths, length last": b"transfer-encoding: chunked\r\ncontent-length: 0\r\n\r\n0\r\n\r\n" + SECOND,
    "two lengths": b"content-length: 0\r\ncontent-length: 43\r\n\r\n" + SECOND,
    "a list of lengths": b"content-length: 0, 43\r\n\r\n" + SECOND,
    "a signed length": b"content-length: +0\r\n\r\n" + SECOND,
    "a negative length": b"content-length: -1\r\n\r\n" + SECOND,
    "a length in hex": b"content-length: 0x0\r\n\r\n" + SECOND,
    "an empty length": b"content-length: \r\n\r\n" + SECOND,
    "a length too long for a number": b"content-length: 99999999999999999999\r\n\r\n" + SECOND,
    "an encoding with a space before its colon": b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "an unknown encoding": b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n" + SECOND,
    "identity and chunked": b"transfer-encoding: identity, chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "chunked, but not last": b"transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + SECOND,
    "two encodings": b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n" + SECOND,
    "an encoding with a vertical tab": b"transfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + SECOND,
    "an encoding with an underscore": b"transfer_encoding: chunked\r\ncontent-length: 0\r\n\r\n" + SECOND,
    "an encoding folded into the next line": b"transfer-encoding:\r\n chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n"
    + SECOND,
    "a folded header": b"x-a: b\r\n\tcontent-length: 43\r\ncontent-length: 0\r\n\r\n" + SECOND,
    "a chunk extension with a line feed": b"transfer-encoding: chunked\r\n\r\n2;\nxx\r\nok\r\n0\r\n\r\n"
    + SECOND,
    "a chunk extension with a return": b"transfer-encoding: chunked\r\n\r\n2;\rxx\r\nok\r\n0\r\n\r\n"
    + SECOND,
    "a chunk size in excess": b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nok\r\n0\r\n\r\n"
    + SECOND,
    "a signed chunk size": b"transfer-encoding: chunked\r\n\r\n+0\r\n\r\n" + SECOND,
    "a chunk size in 0x": b"transfer-encoding: chunked\r\n\r\n0x0\r\n\r\n" + SECOND,
    "an empty chunk size": b"transfer-encoding: chunked\r\n\r\n\r\n\r\n" + SECOND,
    "a chunk longer than it says": b"transfer-encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n" + SECOND,
    "trailers": b"transfer-encoding: chunked\r\n\r\n0\r\ncontent-length: 43\r\n\r\n" + SECOND,
    "a header without a colon": b"x-nothing\r\ncontent-length: 0\r\n\r\n" + SECOND,
    "a header with a NUL": b"x-a: b\x00c\r\ncontent-length: 0\r\n\r\n" + SECOND,
    "a bare return in a header": b"x-a: b\rcontent-length: 43\r\n\r\n" + SECOND,
    "a bare line feed in a header": b"x-a: b\ncontent-length: 0\r\n\r\n" + SECOND,
    "h2c": b"upgrade: h2c\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABk\r\n\r\n"
    + SECOND,
    "an upgrade with a body": b"upgrade: websocket\r\nconnection: upgrade\r\ncontent-length: 43\r\n\r\n"
    + SECOND,
}


@pytest.mark.parametrize("framing", FRAMINGS.values(), ids=FRAMINGS.keys())
async def test_c_no_framing_smuggles_a_second_request(rig: Rig, workspace: Workspace, framing: bytes) -> None:
    said = rig.said(workspace, "first", method="POST").removesuffix(b"\r\n") + framing

    answers = await said_at_once(rig, said)

    assert all(message.target == f"{workspace.door}first" for message in workspace.app.seen)
    assert len(workspace.app.seen) <= 1
    assert not any(b"app of" in answer.body for answer in answers[1:])


@pytest.mark.parametrize("framing", FRAMINGS.values(), ids=FRAMINGS.keys())
async def test_c_no_framing_carries_a_stranger_in(rig: Rig, workspace: Workspace, framing: bytes) -> None:
    said = rig.said(workspace, "first", method="POST", cookies={}).removesuffix(b"\r\n") + framing

    await said_at_once(rig, said)

    assert not workspace.app.seen


async def said_at_once(rig: Rig, said: bytes, *, within: float = 0.15) -> list[Message]:
    answers: list[Message] = []
    async with connected(rig.workspaces_port) as connection:
        await connection.say(said)
        try:
            while len(answers) < 3 and (answer := await connection.answer(within=within)):
                answers.append(answer)
                if answer.status == 101:
                    break
        except (TimeoutError, ConnectionError, EOFError):
            pass
    return answers


async def test_c_what_is_pipelined_after_a_refusal_is_judged_on_its_own(
    rig: Rig, workspace: Workspace, other: Workspace
) -> None:
    refused = rig.said(other, cookies={"carrel-ticket": rig.signer.ticket(workspace.id)})
    stranger = rig.said(workspace, "x", cookies={})
    mine = rig.said(workspace, "mine")

    answers = await said_at_once(rig, refused + stranger + mine, within=3)

    assert [answer.status for answer in answers][:2] == [401, 401]
    assert [message.target for message in workspace.app.seen] in ([], [f"{workspace.door}mine"])
    assert not other.app.seen


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nset-cookie: carrel-session=x\r\ncontent-length: 3\r\n\r\nbad",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nokbad",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n0\r\n\r\nbad",
        b"HTTP/1.1 200 OK\r\nx: a\r\n\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad",
        b"HTTP/1.1 101 Switching\r\nupgrade: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad",
    ],
)
async def test_c_an_app_cannot_answer_the_next_visitor(
    rig: Rig, workspace: Workspace, app: App, raw: bytes
) -> None:
    async def splits(_: Message) -> Reply:
        return Reply(raw=raw)

    app.handler = splits
    async with connected(rig.workspaces_port) as connection:
        await connection.say(rig.said(workspace))
        await connection.answer()
        app.handler = None
        if connection.reader.at_eof():
            return
        await connection.say(rig.said(workspace, "next"))
        answer = await connection.answer()

    assert answer is None or (
        answer.status == 200 and answer.text == app.name and "set-cookie" not in answer.names
    )


async def test_c_a_line_end_in_a_secret_splits_nothing(rig: Rig) -> None:
    """`rules.endpoints` refuses it; this is the second lock."""
    odd = await rig.add()
    odd.secret = "x\r\nx-injected: yes"
    await rig.publish()

    async def answered() -> bool:
        return (await rig.enter(odd)).status != 401

    assert await answered()
    assert not any("x-injected" in message.names for message in odd.app.seen)
    rig.workspaces.remove(odd)
    await rig.publish()
    await odd.app.stop()
