"""Version 1 of the public shapes, one module per noun. Fields are only ever added; a change of meaning is a version 2."""

from carrel.wire.v1.audit import AuditEntry
from carrel.wire.v1.checkup import Checkup, Finding
from carrel.wire.v1.claim import Claim, ClaimedHome, ClaimRequest, Step
from carrel.wire.v1.event import Event, Logs
from carrel.wire.v1.failure import Failure
from carrel.wire.v1.home import (
    AdoptedVolume,
    Home,
    HomeAdoption,
    HomeAdoptionRequest,
    HomeChange,
    HomeRequest,
)
from carrel.wire.v1.link import Link, LinkRequest
from carrel.wire.v1.page import Page
from carrel.wire.v1.pool import Counts, Ending, Pool, PoolChange, PoolPreview, PoolSample
from carrel.wire.v1.problem import FieldProblem, Problem
from carrel.wire.v1.report import Report, ReportRequest, SentReport, WholeReport
from carrel.wire.v1.setting import Setting
from carrel.wire.v1.template import (
    Template,
    TemplateChange,
    TemplateDifference,
    TemplateParameter,
    TemplatePoolPreview,
    TemplatePreview,
    TemplatePreviewRequest,
    TemplateRollbackRequest,
    TemplateVersion,
    WholeTemplateVersion,
)
from carrel.wire.v1.token import NewToken, Token, TokenRequest
from carrel.wire.v1.user import Invitation, Newcomer, NewUser, User, UserChange, UserRequest, UsersRequest
from carrel.wire.v1.variable import Variable, VariableValue
from carrel.wire.v1.workspace import Ailment, Extension, ListedWorkspace, Workspace

__all__ = [
    "AdoptedVolume",
    "Ailment",
    "AuditEntry",
    "Checkup",
    "Claim",
    "ClaimRequest",
    "ClaimedHome",
    "Counts",
    "Ending",
    "Event",
    "Extension",
    "Failure",
    "FieldProblem",
    "Finding",
    "Home",
    "HomeAdoption",
    "HomeAdoptionRequest",
    "HomeChange",
    "HomeRequest",
    "Invitation",
    "Link",
    "LinkRequest",
    "ListedWorkspace",
    "Logs",
    "NewToken",
    "NewUser",
    "Newcomer",
    "Page",
    "Pool",
    "PoolChange",
    "PoolPreview",
    "PoolSample",
    "Problem",
    "Report",
    "ReportRequest",
    "SentReport",
    "Setting",
    "Step",
    "Template",
    "TemplateChange",
    "TemplateDifference",
    "TemplateParameter",
    "TemplatePoolPreview",
    "TemplatePreview",
    "TemplatePreviewRequest",
    "TemplateRollbackRequest",
    "TemplateVersion",
    "Token",
    "TokenRequest",
    "User",
    "UserChange",
    "UserRequest",
    "UsersRequest",
    "Variable",
    "VariableValue",
    "WholeReport",
    "WholeTemplateVersion",
    "Workspace",
]
