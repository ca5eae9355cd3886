"""Findings about where a request comes from and to which name it is addressed (docs/reference/findings.md)."""

import pytest

from .raw import ask, request
from .rig import Rig, Workspace

NAVIGATION = (("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"))
BY_A_PAGE = (("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty"))


@pytest.mark.parametrize(
    "target",
    [
        "/hub/",
        "/hub/api/v1/users",
        "/hub/internal/authorize/w/x/",
        "//hub/",
        "/%68ub/",
        "/w/../hub/",
        "/w/..%2fhub/",
        "/HUB/",
        "http://localhost/hub/",
    ],
)
async def test_finding_02_the_hub_is_not_on_the_workspaces_origin_in_any_spelling(
    rig: Rig, workspace: Workspace, target: str
) -> None:
    seen = len(rig.control.hub.seen)
    path = target if target.startswith("/") else f"/{target}"
    named = await rig.enter(workspace, path)
    shared = await rig.enter(workspace, path, host=f"localhost:{rig.workspaces_port}")

    assert shared.status in (400, 404)
    assert named.status in (400, 404) or (named.header("location") or "").startswith(workspace.door)
    assert len(rig.control.hub.seen) == seen
    assert not rig.control.asked


@pytest.mark.parametrize(
    "target",
    [
        "/hub/internal",
        "/hub/internal/authorize/w/x/",
        "/hub//internal/health",
        "/hub/x/../internal/health",
        "/hub/./internal/health",
        "/hub/%69nternal/health",
        "/hub/%2e/internal/health",
        "/hub%2finternal/health",
        "/hub/%2finternal/health",
        "/hub/x%2f..%5cinternal/health",
        "/hub/internal%2fhealth",
        "//hub/internal/health",
        "/hub/\\internal/health",
    ],
)
async def test_finding_02_internal_addresses_are_not_served_from_outside(rig: Rig, target: str) -> None:
    seen = len(rig.control.hub.seen)

    answer = await rig.hub(target)

    assert answer.status in (400, 404)
    assert len(rig.control.hub.seen) == seen


@pytest.mark.parametrize("site", ["same-site", "cross-site", "Same-Site"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_finding_04_a_page_elsewhere_cannot_ride_the_hubs_session(
    rig: Rig, site: str, method: str
) -> None:
    seen = len(rig.control.hub.seen)

    answer = await rig.hub(
        "/hub/api/v1/claims", method=method, headers=[("sec-fetch-site", site), *BY_A_PAGE]
    )

    assert answer.status == 403
    assert len(rig.control.hub.seen) == seen


async def test_finding_04_a_form_posted_from_a_workspaces_port_is_refused(rig: Rig) -> None:
    origin = f"http://localhost:{rig.workspaces_port}"
    form = [("origin", origin), ("sec-fetch-site", "same-site"), *NAVIGATION]

    assert (await rig.hub("/hub/claim", method="POST", headers=form)).status == 403
    assert (await rig.hub("/hub/claim", method="POST", headers=[("origin", origin)])).status == 403
    assert (await rig.hub("/hub/claim", method="POST", headers=[("origin", "null")])).status == 403


async def test_finding_04_the_hubs_own_forms_and_plain_links_work(rig: Rig) -> None:
    own = [("origin", f"http://localhost:{rig.port}"), ("sec-fetch-site", "same-origin"), *NAVIGATION]

    assert (await rig.hub("/hub/claim", method="POST", headers=own)).status == 200
    assert (await rig.hub("/hub/", headers=[("sec-fetch-site", "cross-site"), *NAVIGATION])).status == 200


async def test_finding_04_the_hub_cannot_be_framed(rig: Rig) -> None:
    answer = await rig.hub("/hub/")

    assert answer.header("x-frame-options") == "DENY"
    assert answer.header("cross-origin-opener-policy") == "same-origin"
    framed = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")]
    assert (await rig.hub("/hub/", headers=framed)).status == 403


@pytest.mark.parametrize("site", ["same-site", "cross-site"])
@pytest.mark.parametrize(
    "kind",
    [
        BY_A_PAGE,
        (("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "script")),
        (("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")),
    ],
)
async def test_finding_09_another_page_can_neither_fetch_script_nor_frame_a_workspace(
    rig: Rig, workspace: Workspace, site: str, kind: tuple[tuple[str, str], ...]
) -> None:
    for host in (rig.host(workspace), f"localhost:{rig.workspaces_port}"):
        answer = await rig.enter(workspace, host=host, headers=[("sec-fetch-site", site), *kind])
        assert answer.status == 403

    assert not workspace.app.seen


async def test_finding_09_another_page_may_link_into_a_workspace(rig: Rig, workspace: Workspace) -> None:
    answer = await rig.enter(workspace, headers=[("sec-fetch-site", "cross-site"), *NAVIGATION])

    assert answer.status == 200


async def test_finding_09_a_foreign_origin_opens_no_stream(
    rig: Rig, workspace: Workspace, other: Workspace
) -> None:
    foreign = [
        rig.origin(other),
        "http://evil.test",
        "null",
        f"http://localhost:{rig.port}",
        f"https://{rig.host(workspace)}",
        f"http://evil{rig.host(workspace)}",
        f"{rig.origin(workspace)}.evil.test",
        f"http://localhost:{rig.workspaces_port}",
    ]
    upgrade = [("upgrade", "websocket"), ("connection", "upgrade")]
    for origin in foreign:
        answer = await rig.enter(workspace, "socket", headers=[("origin", origin), *upgrade])
        assert answer.status == 403, origin

    async with rig.stream(workspace, headers=[("origin", rig.origin(workspace))]) as own:
        assert await own.echoes(b"mine")
    assert [message.header("origin") for message in workspace.app.seen] == [rig.origin(workspace)]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_finding_09_a_foreign_origin_writes_nothing(
    rig: Rig, workspace: Workspace, other: Workspace, method: str
) -> None:
    for origin in (rig.origin(other), "http://evil", "null"):
        answer = await rig.enter(
            workspace, "api/contents/x", method=method, headers=[("origin", origin)], body=b"{}"
        )
        assert answer.status == 403

    assert not workspace.app.seen
    own = await rig.enter(workspace, method=method, headers=[("origin", rig.origin(workspace))], body=b"{}")
    assert own.status == 200


async def test_finding_09_on_the_shared_name_only_the_shared_origin_counts(
    rig: Rig, workspace: Workspace
) -> None:
    host = f"127.0.0.1:{rig.workspaces_port}"
    foreign = await rig.enter(
        workspace, host=host, method="POST", headers=[("origin", f"http://localhost:{rig.port}")]
    )
    own = await rig.enter(workspace, host=host, method="POST", headers=[("origin", f"http://{host}")])

    assert (foreign.status, own.status) == (403, 200)


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "evil.test:{port}",
        "169.254.169.254",
        "localhost",
        "localhost:{hub}",
        "localhost:{port}.evil.test",
        "evil.test:{port}/localhost:{port}",
        "evil.test,aaaaaaaaaaaaaaaa.localhost:{port}",
        "x.localhost:{port}",
        "evil.aaaaaaaaaaaaaaaa.localhost:{port}",
        "",
    ],
)
async def test_finding_17_no_other_name_is_served(rig: Rig, workspace: Workspace, host: str) -> None:
    named = host.format(port=rig.workspaces_port, hub=rig.port)

    answer = await ask(
        rig.workspaces_port,
        request(
            "GET",
            workspace.door,
            [("host", named), ("cookie", f"carrel-ticket={rig.signer.ticket(workspace.id)}")],
        ),
    )

    assert answer.status in (400, 403, 404)
    assert not workspace.app.seen
    assert (await rig.hub(host=named if named != f"localhost:{rig.port}" else "evil.test")).status in (
        400,
        404,
    )


async def test_finding_17_of_two_hosts_none_reaches_an_app_unchecked(rig: Rig, workspace: Workspace) -> None:
    double = request(
        "GET",
        workspace.door,
        [
            ("host", "evil.test"),
            ("host", rig.host(workspace)),
            ("cookie", f"carrel-ticket={rig.signer.ticket(workspace.id)}"),
        ],
    )

    assert (await ask(rig.workspaces_port, double)).status in (400, 403, 404)
    assert not workspace.app.seen


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG", "Trace"])
async def test_finding_27_methods_that_echo_a_request_are_refused(
    rig: Rig, workspace: Workspace, method: str
) -> None:
    for host in (rig.host(workspace), f"localhost:{rig.workspaces_port}"):
        assert (await rig.enter(workspace, method=method, host=host)).status in (400, 403, 404)
    assert (await rig.hub(method=method)).status in (400, 403, 404)

    assert not workspace.app.seen
