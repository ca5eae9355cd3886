"""HAProxy and nginx with one route and no check, where the machine has them: the yardstick for what forwarding must cost at least."""

import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.peers.chp import Proxy
from bench.processes import Program, free_ports, listening

HAPROXY = """
global
  nbthread 1
  maxconn 4000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
frontend all
  bind 127.0.0.1:{port}
  default_backend app
backend app
  http-reuse always
  server app {host}:{target}
"""

NGINX = """
daemon off;
master_process off;

pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 10000000;
  upstream app {{ server {host}:{target}; keepalive 64; keepalive_requests 10000000; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    program: str
    config: str
    arguments: tuple[str, ...]
    """Before the path of the configuration."""


KINDS = (
    Kind("HAProxy", "haproxy", HAPROXY, ("-db", "-f")),
    Kind("nginx", "nginx", NGINX, ("-c",)),
)


def is_installed(kind: Kind) -> bool:
    return shutil.which(kind.program, path=_PATH) is not None


_PATH = f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin:/sbin"
"""Both live in sbin, which is not on everybody's PATH."""


@asynccontextmanager
async def running(folder: Path, kind: Kind, *, target_host: str, target_port: int) -> AsyncIterator[Proxy]:
    folder.mkdir(parents=True)
    (port,) = free_ports(1)
    config = folder / "proxy.conf"
    config.write_text(kind.config.format(port=port, host=target_host, target=target_port, folder=folder))
    argv = [shutil.which(kind.program, path=_PATH) or kind.program, *kind.arguments, str(config)]
    program = Program(argv, env={"PATH": _PATH, "HOME": str(folder)}, cwd=folder, log=folder / "proxy.log")
    try:
        await listening(program, port, within=20)
        yield Proxy(kind.name, port, tuple(program.family()))
    finally:
        await program.end(signal.SIGTERM, within=10)
