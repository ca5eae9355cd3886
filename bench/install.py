"""Brings the peers of a run into .bench/: JupyterHub in a venv of its own, configurable-http-proxy beside it. Locked by name, version and hash."""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bench.processes import BenchError

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".bench"
HUB_LOCK = ROOT / "requirements" / "bench.txt"
PROXY_LOCK = ROOT / "bench" / "chp"


@dataclass(frozen=True, slots=True)
class Peers:
    hub_python: Path
    node: Path
    chp: Path

    @property
    def chp_command(self) -> list[str]:
        return [str(self.node), str(self.chp)]


def install() -> Peers:
    """Repeating it costs nothing while the locks stay as they are."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise BenchError("configurable-http-proxy needs Node.js: install `node` and `npm`, then try again.")
    hub, proxy = PLACE / "hub", PLACE / "chp"
    python = hub / "bin" / "python"
    if _differs(hub, [HUB_LOCK]):
        shutil.rmtree(hub, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(hub)])
        _run([str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(HUB_LOCK)])
        _stamp(hub, [HUB_LOCK])
    locks = [PROXY_LOCK / "package.json", PROXY_LOCK / "package-lock.json"]
    if _differs(proxy, locks):
        shutil.rmtree(proxy, ignore_errors=True)
        proxy.mkdir(parents=True)
        for lock in locks:
            shutil.copy(lock, proxy)
        _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=proxy)
        _stamp(proxy, locks)
    chp = proxy / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"
    return Peers(hub_python=python, node=Path(node), chp=chp)


def _run(argv: list[str], cwd: Path = ROOT) -> None:
    print(f"bench: {' '.join(argv)}", file=sys.stderr, flush=True)
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise BenchError(f"{argv[0]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")


def _digest(locks: list[Path]) -> str:
    return hashlib.sha256(b"".join(lock.read_bytes() for lock in locks)).hexdigest()


def _differs(place: Path, locks: list[Path]) -> bool:
    stamp = place / "installed"
    return not stamp.exists() or stamp.read_text() != _digest(locks)


def _stamp(place: Path, locks: list[Path]) -> None:
    (place / "installed").write_text(_digest(locks))


if __name__ == "__main__":
    install()
