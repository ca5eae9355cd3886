"""Resolve the dependencies anew into requirements/*.txt: names, versions and hashes, nothing about where they come from."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

OPTIONS = (
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
)

LOCKS = {
    "uv.txt": ["requirements/uv.in"],
    "carrel.txt": ["pyproject.toml", "requirements/build.in", "--extra=postgresql", "--extra=docker"],
    "dev.txt": [
        "pyproject.toml",
        "requirements/build.in",
        "--extra=postgresql",
        "--extra=docker",
        "--group=dev",
    ],
    "jupyterlab.txt": ["requirements/jupyterlab.in"],
    "apps.txt": ["requirements/apps.in"],
    "bench.txt": ["requirements/bench.in"],
}


def main() -> None:
    for name, sources in LOCKS.items():
        output = f"requirements/{name}"
        command = [
            sys.executable,
            "tools/uv.py",
            "pip",
            "compile",
            *OPTIONS,
            *sys.argv[1:],
            *sources,
            "-o",
            output,
        ]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
