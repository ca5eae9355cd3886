"""Whether the control plane beside it answers, as an exit status: 0 is well. With `envoy` as its word: whether the data plane does.

Asked over the sockets in the state directory, so that no address, name or certificate has to be right. Uses the standard library alone.
"""

import http.client
import os
import socket
import sys
from pathlib import Path

SOCKETS = {"control": ("hub.sock", "/hub/health/live"), "envoy": ("envoy-admin.sock", "/ready")}


class OverSocket(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=4)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def is_well(which: str) -> bool:
    name, path = SOCKETS[which]
    connection = OverSocket(Path(os.environ["CARREL_STATE_DIR"], "run", name))
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


if __name__ == "__main__":
    sys.exit(not is_well(sys.argv[1] if len(sys.argv) > 1 else "control"))
