"""The ways in that are meant to be."""

from .rig import Rig, Workspace


async def test_a_ticket_opens_its_own_workspace_without_asking_anybody(
    rig: Rig, workspace: Workspace
) -> None:
    answer = await rig.enter(workspace, "lab?x=1")

    assert (answer.status, answer.text) == (200, f"app of {workspace.id}")
    assert workspace.app.last.target == f"{workspace.door}lab?x=1"
    assert workspace.app.last.every("authorization") == [f"token {workspace.secret}"]
    assert not rig.control.asked


async def test_a_stranger_is_sent_where_the_control_plane_says(rig: Rig, workspace: Workspace) -> None:
    page = await rig.enter(workspace, cookies={}, headers=[("accept", "text/html")])
    script = await rig.enter(workspace, cookies={})

    assert (page.status, page.header("location")) == (302, "http://localhost/hub/open")
    assert (script.status, script.header("content-type")) == (401, "application/problem+json")
    assert not workspace.app.seen


async def test_an_api_token_goes_in_through_the_control_plane(rig: Rig, workspace: Workspace) -> None:
    answer = await rig.enter(workspace, cookies={}, headers=[("authorization", "Bearer crl_good")])

    assert answer.status == 200
    assert workspace.app.last.every("authorization") == [f"token {workspace.secret}"]


async def test_a_stream_is_carried_both_ways(rig: Rig, workspace: Workspace) -> None:
    async with rig.stream(workspace) as stream:
        assert await stream.echoes(b"x" * 100_000)


async def test_an_address_without_its_last_slash_is_completed(rig: Rig, workspace: Workspace) -> None:
    answer = await rig.enter(workspace, workspace.door.rstrip("/"), cookies={})

    assert answer.status == 302
    assert (answer.header("location") or "").endswith(workspace.door)


async def test_the_root_of_the_hub_leads_to_the_hub(rig: Rig) -> None:
    root, page = await rig.hub("/"), await rig.hub("/hub/")

    assert (root.status, root.header("location")) == (302, f"http://localhost:{rig.port}/hub/")
    assert (page.status, page.text) == (200, "the hub")
