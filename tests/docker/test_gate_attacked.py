"""What a control plane that was taken over tries at the gate, before a real engine: a second request behind the first, devices and programs
with root's rights in archives, notes that lead elsewhere.
"""

import io
import json
import socket
import subprocess
import tarfile
from pathlib import Path

import pytest

from .not_root import body
from .test_gate import OURS, Gate, gate

__all__ = ["gate"]
NAME = "carrel-wworkspaceaaaaaa"


def ask(gate: Gate, method: str, path: str, sent: bytes = b"", *, more: str = "", then: bytes = b"") -> bytes:
    """All that comes back on one connection; `then` follows at once."""
    with socket.socket(socket.AF_UNIX) as way:
        way.settimeout(10)
        way.connect(str(gate.socket))
        head = f"{method} {path} HTTP/1.1\r\nHost: d\r\n{more}Content-Length: {len(sent)}\r\n\r\n"
        way.sendall(head.encode() + sent + then)
        heard = b""
        try:
            while piece := way.recv(1 << 16):
                heard += piece
        except TimeoutError:
            pass
        return heard


def request(path: str, wanted: object) -> bytes:
    text = json.dumps(wanted).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + text


@pytest.mark.parametrize("body_of_first", [{}, {"Detach": True}], ids=["talk", "detached"])
def test_no_second_request_follows_one_that_wanted_to_talk(
    gate: Gate, image: str, body_of_first: dict[str, bool]
) -> None:
    """The engine talks only where there is such a command; else it would hear the next request."""
    evil = {"Image": image, "HostConfig": {"Privileged": True, "Binds": ["/:/host"]}}
    smuggled = request("/v1.41/containers/create?name=smuggled", evil)
    upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\n"
    answer = ask(
        gate,
        "POST",
        "/v1.41/exec/nobody/start",
        json.dumps(body_of_first).encode(),
        more=upgrade,
        then=smuggled,
    )
    found = gate.engine.docker("ps", "-aq", "--filter", "name=smuggled").stdout.strip()
    if found:
        gate.engine.docker("rm", "-f", found)
    assert not found
    assert answer.startswith(b"HTTP/1.1 404")
    assert answer.count(b"HTTP/1.1") == 1


def packed(*entries: tarfile.TarInfo) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for entry in entries:
            archive.addfile(entry, io.BytesIO(b"x" * entry.size))
    return whole.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, mode: int = 0o644) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.mode, found.size = kind, mode, 1 if kind == tarfile.REGTYPE else 0
    found.devmajor, found.devminor = 7, 0
    return found


def test_archives_bring_in_neither_devices_nor_programs_with_roots_rights(gate: Gate, image: str) -> None:
    created = body(image, OURS, "none")
    assert ask(gate, "POST", f"/containers/create?name={NAME}", json.dumps(created).encode()).startswith(
        b"HTTP/1.1 201"
    )
    try:
        put = f"/containers/{NAME}/archive?path=/tmp"
        answers = [
            ask(gate, "PUT", put, packed(each))
            for each in (
                entry("disk", tarfile.BLKTYPE, 0o666),
                entry("memory", tarfile.CHRTYPE, 0o666),
                entry("program", mode=0o4755),
            )
        ]
        inside = subprocess.run(
            ["docker", "-H", gate.engine.host, "cp", f"{NAME}:/tmp", "-"], check=True, capture_output=True
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(inside)) as archive:
            modes = {each.name: (each.type, each.mode & 0o7777) for each in archive}
    finally:
        gate.engine.docker("rm", "-f", NAME)
    assert [answer.split()[1] for answer in answers] == [b"403", b"403", b"200"], modes
    assert modes["tmp/program"] == (tarfile.REGTYPE, 0o755)
    assert "tmp/disk" not in modes


def test_notes_that_lead_elsewhere_are_not_read(gate: Gate, tmp_path: Path) -> None:
    """Beside the homes the control plane writes; the gate reads there, as root."""
    secret = tmp_path / "token"
    secret.write_text("root-s-only-secret\n")
    workspace, home = "wworkspacecccccc", "hhomecccccccccccc"[:16]
    plan = {"uid": 1000, "gid": 100, "takes_home": True, "folders": {}}
    (gate.state / "homes" / f"{home}.volume").symlink_to(secret)
    asked = json.dumps({"workspace_id": workspace, "plan": plan}).encode()
    assert ask(gate, "POST", "/carrel/mounts/make-slot", asked).startswith(b"HTTP/1.1 200")
    asked = json.dumps({"workspace_id": workspace, "home_id": home}).encode()
    answer = ask(gate, "POST", "/carrel/mounts/bring-in", asked)
    (gate.state / "homes" / f"{home}.volume").unlink()
    ask(gate, "POST", "/carrel/mounts/remove-slot", json.dumps({"workspace_id": workspace}).encode())
    assert not answer.startswith(b"HTTP/1.1 200")
    assert b"root-s-only-secret" not in answer
