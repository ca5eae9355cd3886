"""A little web app for workspaces under test: pages, an echo WebSocket, a page of the test's own, and ways to misbehave on request.

python -I -S small_app.py HOST PORT BASE_PATH

Hundreds of them are started in a run of the tests, so it is there at once: the standard library alone, and little of that. A thread for
each connection; what few ask for is imported when they do.
"""

# pathlib takes as long to import as all the rest, hence:
# ruff: noqa: PTH110, PTH118, PTH123

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

HOST, PORT, BASE = sys.argv[1], int(sys.argv[2]), sys.argv[3].rstrip("/")
STATUS = {200: "OK", 201: "Created", 404: "Not Found", 405: "Method Not Allowed"}
TEXT, CONTINUED, CLOSE, PING, PONG = 1, 0, 8, 9, 10


class Request(NamedTuple):
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for found, value in self.headers if found == name), "")

    def asked(self, name: str) -> list[str]:
        from urllib.parse import parse_qs

        return parse_qs(self.query).get(name, [])


class Answer(NamedTuple):
    body: bytes
    kind: str = "text/plain; charset=utf-8"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


def ready(request: Request, name: str) -> Answer:
    return Answer(b"ready")


def hello(request: Request, name: str) -> Answer:
    text = f"<!doctype html><title>Small app</title><h1>Hello from {BASE}</h1>"
    return Answer(text.encode(), "text/html; charset=utf-8")


def seen(request: Request, name: str) -> Answer:
    """What arrived here, and what this process knows."""
    import json

    told = {"headers": request.headers, "environment": dict(os.environ), "path": request.path}
    return Answer(json.dumps(told).encode(), "application/json")


def files(request: Request, name: str) -> Answer:
    place = os.path.join(os.environ["HOME"], name)
    if request.method == "PUT":
        with open(place, "wb") as file:
            file.write(request.body)
        return Answer(b"", status=201)
    return Answer(_content(place), "application/octet-stream") if os.path.exists(place) else MISSING


def page(request: Request, name: str) -> Answer:
    """A page that a test wrote into the person's files, as an attacker's would be; headers beside it."""
    content = _content(os.path.join(os.environ["HOME"], name))
    if name.endswith(".js"):
        return Answer(content, "text/javascript; charset=utf-8", headers=(("Service-Worker-Allowed", "/"),))
    return Answer(content, "text/html; charset=utf-8")


def _content(place: str) -> bytes:
    with open(place, "rb") as file:
        return file.read()


def toss(request: Request, name: str) -> Answer:
    cookies = tuple(("Set-Cookie", cookie) for cookie in request.asked("cookie"))
    return Answer(b"tossed", headers=cookies)


def die(request: Request, name: str) -> Answer:
    os._exit(3)


def say(request: Request, name: str) -> Answer:
    """Into its log."""
    sys.stdout.write(request.asked("line")[0] + "\n")
    sys.stdout.flush()
    return Answer(b"said")


def slow(request: Request, name: str) -> Answer:
    import time

    time.sleep(float(request.asked("seconds")[0]))
    return Answer(b"at last")


MISSING = Answer(b"Not Found", status=404)
GET = ("GET", "HEAD")
PAGES: dict[str, tuple[Callable[[Request, str], Answer], tuple[str, ...]]] = {
    "": (hello, GET),
    "ready": (ready, GET),
    "hello": (hello, GET),
    "seen": (seen, (*GET, "POST", "PUT")),
    "files": (files, (*GET, "PUT")),
    "page": (page, GET),
    "toss": (toss, GET),
    "die": (die, (*GET, "POST")),
    "print": (say, GET),
    "slow": (slow, GET),
}
"""By the first part of what comes after the base."""
NAMED = (files, page)
"""There is one more part, a file's name."""


def answer_to(request: Request) -> Answer:
    base, first, name = request.path[: len(BASE) + 1], *_parted(request.path[len(BASE) + 1 :])
    found, methods = PAGES.get(first, (None, ()))
    if found is None or base != f"{BASE}/" or bool(name) != (found in NAMED) or "/" in name:
        return MISSING
    return found(request, name) if request.method in methods else Answer(b"Method Not Allowed", status=405)


def _parted(path: str) -> tuple[str, str]:
    first, _, name = path.partition("/")
    return first, name


# -- HTTP ----------------------------------------------------------------------------------------------------------------


def serve(connection: socket.socket) -> None:
    """Until the other side goes away, or speaks in frames and then goes away."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        with connection, connection.makefile("rb") as file:
            while (request := read_from(file)) is not None:
                if request.header("upgrade").lower() == "websocket" and request.path == f"{BASE}/echo":
                    echo(request, connection, file)
                    break
                connection.sendall(rendered(request, answer_to(request)))
    except OSError:
        return


def read_from(file: BinaryIO) -> Request | None:
    """Whole, body and all; None once nothing more comes."""
    line = file.readline().decode("latin-1").split()
    if len(line) != 3:
        return None
    headers = []
    while (text := file.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = text.partition(":")
        headers.append((name.lower(), value.strip()))
    path, _, query = line[1].partition("?")
    request = Request(line[0], path, query, headers, b"")
    return request._replace(body=_body(request, file))


def _body(request: Request, file: BinaryIO) -> bytes:
    if "chunked" not in request.header("transfer-encoding"):
        return file.read(int(request.header("content-length") or 0))
    chunks = []
    while size := int(file.readline().partition(b";")[0], 16):
        chunks.append(file.read(size))
        file.readline()
    while file.readline().strip():
        pass
    return b"".join(chunks)


def rendered(request: Request, answer: Answer) -> bytes:
    headers = [("Content-Type", answer.kind), ("Content-Length", str(len(answer.body))), *answer.headers]
    lines = [
        f"HTTP/1.1 {answer.status} {STATUS[answer.status]}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return head if request.method == "HEAD" else head + answer.body


# -- WebSockets ----------------------------------------------------------------------------------------------------------


def echo(request: Request, connection: socket.socket, file: BinaryIO) -> None:
    from base64 import b64encode
    from hashlib import sha1

    key = request.header("sec-websocket-key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accepted = b64encode(sha1(key.encode()).digest()).decode()
    head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    connection.sendall(f"{head}Sec-WebSocket-Accept: {accepted}\r\n\r\n".encode())
    text = b""
    while (kind := _frame(file)) is not None:
        code, is_last, payload = kind
        if code == CLOSE:
            connection.sendall(_framed(CLOSE, payload))
            return
        if code == PING:
            connection.sendall(_framed(PONG, payload))
        elif code in (TEXT, CONTINUED):
            text += payload
            if is_last:
                connection.sendall(_framed(TEXT, text))
                text = b""


def _frame(file: BinaryIO) -> tuple[int, bool, bytes] | None:
    """What it is, whether it ends its message, and what is in it."""
    head = file.read(2)
    if len(head) < 2:
        return None
    size = head[1] & 0x7F
    if size > 125:
        size = int.from_bytes(file.read(2 if size == 126 else 8), "big")
    mask, payload = file.read(4), file.read(size)
    pad = (mask * (size // 4 + 1))[:size]
    plain = int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")
    return head[0] & 0x0F, bool(head[0] & 0x80), plain.to_bytes(size, "big")


def _framed(code: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes([0x80 | code, size]) + payload
    length = (
        bytes([126]) + size.to_bytes(2, "big") if size < 1 << 16 else bytes([127]) + size.to_bytes(8, "big")
    )
    return bytes([0x80 | code]) + length + payload


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.stack_size(256 << 10)
    with socket.create_server((HOST, PORT), backlog=4096) as listening:
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
