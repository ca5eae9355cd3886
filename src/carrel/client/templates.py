"""Templates: the recipes on offer, their versions, and how another one takes over."""

from collections.abc import Mapping

from carrel.client.connection import Client
from carrel.wire.v1 import Page, Template, TemplatePreview, TemplateVersion, WholeTemplateVersion


async def page(client: Client) -> list[Template]:
    return (await client.get("/templates", Page[Template])).items


async def get(client: Client, name: str) -> Template:
    return await client.get(f"/templates/{name}", Template)


async def versions(client: Client, name: str) -> list[TemplateVersion]:
    """The current one first. For admins, as all that follows."""
    return (await client.get(f"/templates/{name}/versions", Page[TemplateVersion])).items


async def version(client: Client, name: str, version: str) -> WholeTemplateVersion:
    return await client.get(f"/templates/{name}/versions/{version}", WholeTemplateVersion)


async def preview(
    client: Client, name: str, *, definition: Mapping[str, object] | None = None, version: str | None = None
) -> TemplatePreview:
    """What a definition, or going back to a version, would do. Changes nothing."""
    wanted = {"definition": definition, "version": version}
    return await client.post(f"/templates/{name}/preview", TemplatePreview, wanted)


async def apply(
    client: Client, name: str, *, definition: Mapping[str, object], expected_version: str
) -> Template:
    """`definition` is what stands in the configuration file under `[templates.NAME]`."""
    wanted = {"definition": definition, "expected_version": expected_version}
    return await client.put(f"/templates/{name}", Template, wanted)


async def roll_back(client: Client, name: str, version: str, expected_version: str | None = None) -> Template:
    wanted = {"version": version, "expected_version": expected_version}
    return await client.post(f"/templates/{name}/rollback", Template, wanted)
