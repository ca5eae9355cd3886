"""A world around workspaces for tests of their walls: other things of this machine that listen, and an internet on the other side of it."""

import contextlib
import http.server
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

OUTSIDE = "203.0.113.7"
"""Of the addresses kept for examples; here it answers."""
METADATA = ("169.254.169.254", "100.100.100.200")
LAN = "10.99.0.1"
"""Another address of this machine."""
PRIVATE = "198.51.100.9"
"""Somewhere outside where the backend's `deny` says that nobody may go."""
_HERE, _THERE = "192.0.2.1", "192.0.2.2"
WITHIN = 30.0


class _Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def listening(*ports: int) -> Iterator[None]:
    """On every address of this machine, as the hub, Envoy's admin port or an engine's API would."""
    servers = [http.server.ThreadingHTTPServer(("0.0.0.0", port), _Answers) for port in ports]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


@contextlib.contextmanager
def abstract(name: str) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as there:
        there.bind(f"\0{name}")
        there.listen()
        yield


@contextlib.contextmanager
def internet() -> Iterator[None]:
    """A network namespace behind this one with a public address, and the addresses at which clouds tell about machines."""
    serve = "import http.server as h; h.ThreadingHTTPServer(('0.0.0.0', 80), h.SimpleHTTPRequestHandler).serve_forever()"
    outside = subprocess.Popen(
        ["unshare", "--net", "python3", "-c", serve],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/proc/self/fdinfo",
    )  # fmt: skip
    try:
        _until_apart(outside.pid)
        _ip("link add crt-here type veth peer name crt-there")
        _ip(f"link set crt-there netns {outside.pid}")
        _ip(f"addr add {_HERE}/30 dev crt-here")
        _ip(f"addr add {LAN}/24 dev crt-here")
        _ip("link set crt-here up")
        _ip(f"addr add {_THERE}/30 dev crt-there", pid=outside.pid)
        for address in (OUTSIDE, PRIVATE, *METADATA):
            _ip(f"addr add {address}/32 dev crt-there", pid=outside.pid)
        _ip("link set crt-there up", pid=outside.pid)
        _ip("link set lo up", pid=outside.pid)
        _ip(f"route add default via {_THERE}")
        until_reached(OUTSIDE, 80)
        yield
    finally:
        _ip("link del crt-here", check=False)
        outside.send_signal(signal.SIGKILL)
        outside.wait()


def reached(host: str, port: int) -> bool:
    """From this machine itself, where no wall stands."""
    try:
        with socket.create_connection((host, port), 2) as there:
            there.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return there.recv(8).startswith(b"HTTP/1")
    except OSError:
        return False


def until_reached(host: str, port: int) -> None:
    deadline = time.monotonic() + WITHIN
    while not reached(host, port):
        assert time.monotonic() < deadline, f"{host}:{port} does not answer"
        time.sleep(0.05)


def _until_apart(pid: int) -> None:
    deadline = time.monotonic() + WITHIN
    while Path(f"/proc/{pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _ip(command: str, *, pid: int | None = None, check: bool = True) -> None:
    inside = ["nsenter", "--target", str(pid), "--net"] if pid else []
    subprocess.run([*inside, "ip", *command.split()], check=check, capture_output=True)
