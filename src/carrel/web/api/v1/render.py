"""Domain to wire: where addresses are computed and secrets left out. Asks nothing of anybody."""

from datetime import timedelta

from carrel.domain.account import Token, User
from carrel.domain.address import Addresses
from carrel.domain.claim import Claim
from carrel.domain.event import Event
from carrel.domain.finding import Diagnosis, Finding
from carrel.domain.instance import Ailment
from carrel.domain.prospect import Prospect
from carrel.domain.queue import Estimate
from carrel.domain.report import Report
from carrel.domain.sample import Sample
from carrel.domain.step import Step, StepState
from carrel.domain.template import Template
from carrel.domain.workspace import Workspace
from carrel.domain.workspace_list import Listed
from carrel.rules.checkup.kind import subject_of
from carrel.rules.foresee import Ends
from carrel.rules.policy import stated, worded
from carrel.services.claims import ClaimView
from carrel.services.failures import Failure
from carrel.services.pools import PoolView
from carrel.services.preview import Preview
from carrel.services.reports import ReportView
from carrel.services.workspaces import WorkspaceView
from carrel.wire import v1


def claim(view: ClaimView, addresses: Addresses) -> v1.Claim:
    found: Claim = view.claim
    return v1.Claim(
        id=found.id,
        pool=found.pool,
        name=found.name,
        state=found.state,
        position=view.position,
        estimate_seconds=_seconds(view.estimate.likely) if view.estimate is not None else None,
        estimate_range=_range(view.estimate),
        sentence=view.outlook.sentence,
        trouble=view.outlook.trouble,
        steps=[_step(step) for step in view.outlook.steps],
        workspace=workspace(
            view.workspace,
            view.template,
            addresses,
            view.prospect,
            has_update=view.has_update,
            ailment=view.ailment,
        )
        if view.workspace
        else None,
        release_at=found.release_at,
        parameters=dict(found.parameters),
        home=v1.ClaimedHome(id=found.home_id, name=view.home) if found.home_id and view.home else None,
    )


def _step(found: Step) -> v1.Step:
    took = found.took if found.state is not StepState.NOW else None
    return v1.Step(
        name=found.name,
        state=found.state,
        began_at=found.began_at,
        took_seconds=_seconds(took) if took is not None else None,
        note=found.note,
        fraction=found.fraction,
    )


def _range(found: Estimate | None) -> tuple[float, float] | None:
    return (_seconds(found.low), _seconds(found.high)) if found is not None else None


def _seconds(duration: timedelta) -> float:
    return round(duration.total_seconds(), 1)


def workspace_view(view: WorkspaceView, addresses: Addresses) -> v1.Workspace:
    return workspace(
        view.workspace,
        view.template,
        addresses,
        view.prospect,
        has_update=view.has_update,
        ailment=view.ailment,
    )


def listed(row: Listed, addresses: Addresses) -> v1.ListedWorkspace:
    found = row.workspace
    return v1.ListedWorkspace(
        **dict(workspace(found, row.template, addresses, row.prospect, has_update=row.has_update)),
        owner_name=row.owner_name,
        template=found.template,
        backend=found.backend,
    )


def workspace(
    found: Workspace,
    template: Template | None,
    addresses: Addresses,
    ahead: Prospect | None = None,
    *,
    has_update: bool = False,
    ailment: Ailment | None = None,
) -> v1.Workspace:
    """`template` is None where the recipe is no longer known: people then land at the workspace's root."""
    stop = ahead.stop if ahead is not None else None
    return v1.Workspace(
        id=found.id,
        pool=found.pool,
        owner=found.owner,
        phase=found.phase,
        url=addresses.workspace_page(found.id, template.open if template else ""),
        base_url=addresses.workspace_root(found.id),
        created_at=found.created_at,
        last_active_at=found.last_active_at,
        stops_at=stop.at if stop is not None else None,
        reason=found.reason,
        stops_because=stop.because if stop is not None else None,
        last_active_because=found.active_because,
        idle_since=ahead.idle_since if ahead is not None else None,
        unknown=ahead.blind if ahead is not None else None,
        warned_at=found.warned_at if ahead is not None else None,
        kept_until=found.kept_until,
        update_available=has_update,
        ailment=v1.Ailment(code=ailment.code, sentence=ailment.sentence) if ailment is not None else None,
    )


def pool(view: PoolView) -> v1.Pool:
    found, counts = view.pool, view.counts
    return v1.Pool(
        name=found.name,
        template=found.template,
        backend=found.backend,
        warm=found.warm,
        limit=found.limit,
        per_user=found.per_user,
        paused=found.paused,
        counts=v1.Counts(
            ready=counts.ready,
            starting=counts.starting,
            claimed=counts.claimed,
            stopping=counts.stopping,
            failed=counts.failed,
            waiting=counts.waiting,
        ),
        trouble=view.trouble,
        estimate_seconds=_seconds(view.estimate.likely) if view.estimate is not None else None,
        estimate_range=_range(view.estimate),
        started_for_people=view.started_for_people,
        draining=found.draining,
        starting_at_once=found.starting_at_once,
        start_timeout=worded(found.start_timeout),
        enter_within=worded(found.enter_within),
        watch_within=worded(found.watch_within),
        stop_after_idle=worded(found.stop_after_idle),
        max_age=worded(found.max_age),
        retire_warm_after=worded(found.retire_warm_after),
        quiet_hours=stated(found, "quiet_hours"),
    )


def preview(found: Preview) -> v1.PoolPreview:
    seen = found.foreseen
    return v1.PoolPreview(
        sentence=found.sentence,
        changes=list(found.changes),
        starts=seen.starts,
        starts_at_once=seen.starts_at_once,
        retires=_endings(seen.retires),
        releases=_endings(seen.releases),
        assigned=seen.assigned,
        still_waiting=seen.still_waiting,
        is_whole=seen.is_whole,
        notes=list(found.notes),
    )


def _endings(ends: Ends) -> list[v1.Ending]:
    return [v1.Ending(code=reason.code, reason=reason.sentence, many=many) for reason, many in ends]


def sample(found: Sample) -> v1.PoolSample:
    return v1.PoolSample(
        at=found.at,
        ready=found.ready,
        starting=found.starting,
        claimed=found.claimed,
        waiting=found.waiting,
        failed=found.failed,
    )


def failure(found: Failure) -> v1.Failure:
    cause = found.cause
    return v1.Failure(
        code=cause.fault,
        whose=cause.whose,
        sentence=cause.sentence,
        advice=cause.advice,
        remedy=cause.remedy,
        detail=found.detail,
        lines=list(found.lines),
        at=found.at,
        is_over=found.is_over,
        is_tried_now=found.is_tried_now,
    )


def user(found: User) -> v1.User:
    return v1.User(
        id=found.id,
        name=found.name,
        display_name=found.display_name,
        role=found.role,
        created_at=found.created_at,
        disabled_at=found.disabled_at,
        last_seen_at=found.last_seen_at,
        email=found.email,
    )


def token(found: Token) -> v1.Token:
    return v1.Token(
        id=found.id,
        user=found.user_id,
        label=found.label,
        scopes=sorted(found.scopes),
        created_at=found.created_at,
        expires_at=found.expires_at,
        last_used_at=found.last_used_at,
        revoked_at=found.revoked_at,
        made_by=found.made_by,
    )


def sent_report(found: Report) -> v1.SentReport:
    return v1.SentReport(
        id=found.id,
        at=found.at,
        pool=found.pool,
        claim=found.claim_id,
        workspace=found.workspace_id,
        message=found.message,
    )


def report(view: ReportView) -> v1.Report:
    found = view.report
    return v1.Report(
        **sent_report(found).model_dump(),
        user=found.user_id,
        user_name=view.user_name,
        done_at=found.done_at,
        done_by=found.done_by,
    )


def whole_report(view: ReportView) -> v1.WholeReport:
    return v1.WholeReport(**report(view).model_dump(), attached=view.report.attached)


def checkup(found: Diagnosis) -> v1.Checkup:
    return v1.Checkup(
        at=found.at, outcome=found.worst.value, findings=[_finding(one) for one in found.findings]
    )


def _finding(found: Finding) -> v1.Finding:
    return v1.Finding(
        code=found.code,
        subject=subject_of(found.code),
        title=found.title,
        about=found.about,
        outcome=found.outcome.value,
        found=found.found,
        why=found.why,
        fix=found.fix,
    )


def event(found: Event) -> v1.Event:
    return v1.Event(seq=found.seq, at=found.at, kind=found.kind, sentence=found.sentence)
