"""The page of checks: what `carrel doctor` says, for an admin at a browser."""

from collections.abc import Iterable, Mapping

from fastapi import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from carrel.domain.actor import Person
from carrel.domain.finding import SEVERITY, Finding, Outcome
from carrel.rules.checkup.kind import subject_of
from carrel.services import checkup
from carrel.web.pages.frame import for_admins, form_of, led, shown


def routes() -> list[BaseRoute]:
    return [
        Route("/hub/admin/doctor", for_admins(page), methods=["GET"]),
        Route("/hub/admin/doctor", for_admins(again), methods=["POST"]),
    ]


async def page(request: Request, person: Person) -> Response:
    report = await checkup.look(request.app.state.checkup, person)
    return shown(
        request,
        "admin/doctor.html",
        at=report.at,
        many={outcome: sum(one.outcome is outcome for one in report.findings) for outcome in SEVERITY},
        open_ones=[one for one in report.findings if one.outcome is not Outcome.GOOD],
        good_ones=_by_subject(one for one in report.findings if one.outcome is Outcome.GOOD),
    )


async def again(request: Request, person: Person) -> Response:
    await form_of(request)
    await checkup.look(request.app.state.checkup, person, afresh=True)
    return led("/hub/admin/doctor?done=checked")


def _by_subject(findings: Iterable[Finding]) -> Mapping[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(subject_of(finding.code), []).append(finding)
    return found
