"""Why a claim ended, for whoever asks after it."""

from fastapi import Request
from starlette.responses import Response

from carrel.domain.reason import ReasonCode
from carrel.rules.causes import Mishap, cause
from carrel.services.claims import ClaimView
from carrel.web.pages.frame import shown


def ended(request: Request, view: ClaimView) -> Response:
    row, found = view.workspace, view.claim
    return shown(
        request,
        "ended.html",
        reason=why(row.reason, row.reason_code)
        if row and row.reason
        else why(found.reason, found.reason_code),
        pool=found.pool,
        name=found.name,
        recipe=view.template,
        had_one=view.claim.held_at is not None,
    )


def why(reason: str | None, code: str | None) -> str | None:
    """What is recorded, or plainer words where it was the person's own doing."""
    return cause(Mishap(code, reason or "", was_in_use=True)).sentence if code == ReasonCode.QUIT else reason
