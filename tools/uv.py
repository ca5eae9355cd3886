"""Run uv with the package sources, certificates and trusted hosts that pip is configured with: uv itself does not read pip's configuration."""

import ast
import os
import subprocess
import sys

SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "no-index": "UV_NO_INDEX",
}
"""Of pip, and the variable by which uv is told the same."""

SECTIONS = ("global", "install", ":env:")
"""Of pip's configuration, the stronger ones last."""


def environment(configuration: str) -> dict[str, str]:
    """What `pip config list` printed, as variables for uv."""
    told: dict[str, str] = {}
    lines = [line.partition("=") for line in configuration.splitlines()]
    for section in SECTIONS:
        for name, _, value in lines:
            where, _, setting = name.rpartition(".")
            if where == section and setting in SETTINGS:
                told[SETTINGS[setting]] = " ".join(str(ast.literal_eval(value)).split())
    if "UV_FIND_LINKS" in told:
        told["UV_FIND_LINKS"] = told["UV_FIND_LINKS"].replace(" ", ",")
    # As pip does: the best version of all sources. Hashes say which files are the right ones.
    return {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_LINK_MODE": "copy",
        "UV_PYTHON_DOWNLOADS": "never",
        **told,
    }


def main() -> None:
    command = [sys.executable, "-m", "pip", "config", "list"]
    configuration = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    environ = environment(configuration) | os.environ
    uv = os.path.join(os.path.dirname(sys.executable), "uv")  # noqa: PTH118, PTH120 - this interpreter's own, never what it points to
    os.execve(uv, [uv, *sys.argv[1:]], environ)  # noqa: S606 - a program of our own, with arguments as they are


if __name__ == "__main__":
    main()
