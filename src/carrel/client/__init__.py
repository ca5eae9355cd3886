"""A typed client of the public API; the command line is its first user.

One module per noun, one function per operation, with the names the services have: `await claims.claim(client, pool="jupyterlab")`.
"""

from carrel.client.connection import Client

__all__ = ["Client"]
