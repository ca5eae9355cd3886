"""What somebody who wants out tries from inside a container: handed to its `python3` as text, with what to try in ASKED. Prints what came of it.

Each try says "reached: …" or "refused: …"; that a try would have worked where nothing stood in its way, the tests show.
"""

import ctypes
import errno
import json
import os
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SECONDS = 1.5
libc = ctypes.CDLL(None, use_errno=True)


def fetched(target: str) -> str:
    host, _, port = target.rpartition(":")
    with socket.create_connection((host, int(port)), SECONDS) as there:
        there.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return there.recv(20).decode()


def abstract_socket(name: str) -> str:
    with socket.socket(socket.AF_UNIX) as there:
        there.connect(f"\0{name}")
        return "connected"


def seen(path: str) -> str:
    return str(Path(path).stat())


def written(path: str) -> str:
    with Path(path).open("w") as file:
        file.write("x")
    return "written"


def called(number: int, *arguments: object) -> str:
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "done"


def mounted(_: str) -> str:
    if libc.mount(b"none", b"/mnt", b"tmpfs", 0, None) < 0:
        raise OSError(ctypes.get_errno(), "mount")
    return "mounted"


def device(_: str) -> str:
    os.mknod("/tmp/disk", 0o60600, os.makedev(8, 0))
    return "made"


def raw(_: str) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP):
        return "opened"


def packets(_: str) -> str:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3):
        return "opened"


def unshared(flags: str) -> str:
    if libc.unshare(int(flags, 16)) < 0:
        raise OSError(ctypes.get_errno(), "unshare")
    return "unshared"


def traced(pid: str) -> str:
    if libc.ptrace(16, int(pid), None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    libc.ptrace(17, int(pid), None, None)
    return "attached"


def killed(pid: str) -> str:
    os.kill(int(pid), 0)
    return "there"


TRIES: dict[str, Callable[[str], str]] = {
    "fetch": fetched,
    "abstract": abstract_socket,
    "see": seen,
    "write": written,
    "mount": mounted,
    "device": device,
    "raw": raw,
    "packets": packets,
    "unshare": unshared,
    "trace": traced,
    "signal": killed,
    "setuid": lambda uid: str(os.setuid(int(uid))),
    "chown": lambda path: str(os.chown(path, 4242, 4242)),
    "keys": lambda _: called(250, 0, 0, 0, 0),
    "module": lambda _: called(313, 0, b"", 0),
    "bpf": lambda _: called(321, 0, 0, 0),
    "namespace": lambda kind: str(libc.setns(os.open(f"/proc/1/ns/{kind}", os.O_RDONLY), 0) or "entered"),
    "lookup": socket.gethostbyname,
}


def tried(line: str) -> str:
    kind, _, what = line.partition(" ")
    try:
        return f"reached: {TRIES[kind](what)}"
    except OSError as problem:
        return f"refused: {errno.errorcode.get(problem.errno or 0, type(problem).__name__)}"


def ipv6() -> str:
    """On the way out; loopback's own leads nowhere."""
    setting = Path("/proc/sys/net/ipv6/conf/eth0/disable_ipv6")
    return "off" if not setting.exists() or setting.read_text().strip() == "1" else "on"


def inside() -> dict[str, str]:
    """What a process sees of its own bounds."""
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return {name: status[name].strip() for name in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")} | {
        "mounts": Path("/proc/self/mountinfo").read_text(),
        "devices": " ".join(sorted(each.name for each in Path("/dev").iterdir())),
        "ipv6": ipv6(),
        "environment": " ".join(sorted(os.environ)),
        "interfaces": " ".join(sorted(each.name for each in Path("/sys/class/net").iterdir())),
    }


if __name__ == "__main__":
    asked = json.loads(os.environ["ASKED"])
    with ThreadPoolExecutor(32) as many:
        found = dict(zip(asked, many.map(tried, asked), strict=True))
    json.dump({"tries": found, "inside": inside()}, sys.stdout)
