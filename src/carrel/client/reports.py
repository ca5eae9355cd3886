"""Reports: what people told the admins."""

from carrel.client.connection import Client
from carrel.wire.v1 import Page, Report, SentReport, WholeReport


async def send(
    client: Client, *, claim_id: str | None = None, workspace_id: str | None = None, message: str = ""
) -> SentReport:
    content = {"claim_id": claim_id, "workspace_id": workspace_id, "message": message}
    return await client.post("/reports", SentReport, content)


async def page(
    client: Client, *, is_open: bool | None = None, after: str | None = None, limit: int = 50
) -> Page[Report]:
    return await client.get("/reports", Page[Report], {"open": is_open, "after": after, "limit": limit})


async def get(client: Client, report_id: str) -> WholeReport:
    return await client.get(f"/reports/{report_id}", WholeReport)


async def done(client: Client, report_id: str) -> WholeReport:
    return await client.post(f"/reports/{report_id}/done", WholeReport)
