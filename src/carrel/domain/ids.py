"""Names and ids. One `NewType` per kind of thing, so that a person's id cannot be handed in as a workspace's."""

import re
from typing import Final, NewType

InstallationId = NewType("InstallationId", str)
WorkspaceId = NewType("WorkspaceId", str)
ClaimId = NewType("ClaimId", str)
UserId = NewType("UserId", str)
SessionId = NewType("SessionId", str)
TokenId = NewType("TokenId", str)
HomeId = NewType("HomeId", str)
ReportId = NewType("ReportId", str)
PoolName = NewType("PoolName", str)
TemplateName = NewType("TemplateName", str)
BackendName = NewType("BackendName", str)

ID_LENGTH: Final = 16
"""Every id has this one length: Envoy compares an Origin with a Host by "ends with", which is safe only then."""

ID_PATTERN: Final = re.compile(r"[a-z][a-z0-9]{15}")
NAME_PATTERN: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
"""Names of pools, templates, backends and claims: a DNS label of at most 40 characters, so that they fit any backend's tags."""


def is_id(text: str) -> bool:
    return ID_PATTERN.fullmatch(text) is not None


def is_name(text: str) -> bool:
    return NAME_PATTERN.fullmatch(text) is not None
