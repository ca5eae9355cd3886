"""How an answer proves that it came from this installation: what only it makes of a nonce. Tells nothing about anybody."""

import hmac
import re
from typing import Final

from carrel.domain.ids import InstallationId

PATH: Final = "/hub/health/echo"
"""Of the hub. The only one at which it takes WebSockets."""
PARAMETER: Final = "carrel-echo"
"""In the query of a workspace's address: answered by the authorizer, in place of a workspace that is not there."""
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")


def is_nonce(text: str) -> bool:
    return _NONCE.fullmatch(text) is not None


def proof(installation: InstallationId, nonce: str) -> str:
    """The installation's id is nowhere told, and this does not give it away."""
    return hmac.new(installation.encode(), f"echo:{nonce}".encode(), "sha256").hexdigest()
