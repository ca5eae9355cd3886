"""A home: somebody's files, apart from every workspace. Downloaded as an archive, which is no shape."""

from carrel.wire.v1.shape import Asking, Id, Name, Telling, Time


class Home(Telling):
    id: str
    name: str
    """What a claim names it by, as `home`. Of a deleted one: what it was called."""
    owner: str
    created_at: Time
    used_at: Time | None
    """When it last went into a workspace, or came out of one."""
    size_bytes: int | None
    """Null until it was first measured."""
    measured_at: Time | None
    workspace: str | None
    """The id of the workspace it is in, or on its way into or out of."""
    pool: str | None
    """Of that workspace, or of the claim that is to have it."""
    claim: str | None
    """The id of the claim that names it now."""
    deleted_at: Time | None
    removed_at: Time | None
    """Until then a deleted one can be restored; after it its files are removed."""


class HomeRequest(Asking):
    name: Name
    user: Id | None = None
    """Whose; only an admin may name somebody else."""


class HomeChange(Asking):
    name: Name
