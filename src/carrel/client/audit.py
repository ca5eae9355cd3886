"""The audit trail, for admins."""

from carrel.client.connection import Client
from carrel.wire.v1 import AuditEntry, Page


async def page(
    client: Client, *, after: str | None = None, limit: int = 50, **sought: object
) -> Page[AuditEntry]:
    """`sought` may hold actor, action, target and q, as in the API."""
    return await client.get("/audit", Page[AuditEntry], {"after": after, "limit": limit, **sought})
