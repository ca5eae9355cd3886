"""/reports: tell the admins that something is wrong; for admins, what was told."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from carrel.domain.ids import ClaimId, ReportId, WorkspaceId
from carrel.services import reports
from carrel.web.api.answers import told, told_page
from carrel.web.api.asked import Asked, Question
from carrel.web.api.once import once
from carrel.web.api.paging import After, Limit
from carrel.web.api.v1 import render
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1
from carrel.wire.v1.shape import Id

router = APIRouter(prefix=PREFIX + "/reports", tags=["reports"])


@router.post(
    "",
    operation_id="reports.send",
    response_model=v1.SentReport,
    status_code=201,
    summary="Tell the admins, with the timeline and the last log lines; an open report about the same thing is renewed",
)
async def send(asked: Asked, body: v1.ReportRequest) -> Response:
    return await once(asked, body, lambda: _send(asked, body))


async def _send(asked: Question, body: v1.ReportRequest) -> Response:
    report = await reports.send(
        asked.context,
        asked.actor,
        claim_id=ClaimId(body.claim_id) if body.claim_id else None,
        workspace_id=WorkspaceId(body.workspace_id) if body.workspace_id else None,
        message=body.message,
    )
    return told(render.sent_report(report), 201)


@router.get(
    "", operation_id="reports.page", response_model=v1.Page[v1.Report], summary="Reports, newest first"
)
async def page(
    asked: Asked,
    *,
    is_open: Annotated[
        bool | None, Query(alias="open", description="Only open ones, or only done ones.")
    ] = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    found = await reports.page(asked.context, asked.actor, is_open=is_open, after=after, limit=limit)
    return told_page(found, render.report)


@router.get(
    "/{report_id}",
    operation_id="reports.get",
    response_model=v1.WholeReport,
    summary="One report, with what is attached to it",
)
async def get(asked: Asked, report_id: Id) -> Response:
    return told(render.whole_report(await reports.get(asked.context, asked.actor, ReportId(report_id))))


@router.post(
    "/{report_id}/done", operation_id="reports.done", response_model=v1.WholeReport, summary="It was seen to"
)
async def done(asked: Asked, report_id: Id) -> Response:
    return await once(asked, None, lambda: _done(asked, ReportId(report_id)))


async def _done(asked: Question, report_id: ReportId) -> Response:
    return told(render.whole_report(await reports.done(asked.context, asked.actor, report_id)))
