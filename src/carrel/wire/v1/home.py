"""A home: somebody's files, apart from every workspace. Downloaded as an archive, which is no shape."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from carrel.domain.home import USUAL_HOME
from carrel.rules.volume_names import USUAL_PATTERN
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
    size_warning: str | None = None
    """While it is larger than is meant: what its person is told. Null without the setting `home_size_warning`."""
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


class HomeAdoptionRequest(Asking):
    """Volumes of an older system, to become homes of the people here."""

    backend: Name | None = None
    """On which to look. Needed where more than one could have some."""
    pattern: Annotated[str, StringConstraints(min_length=1, max_length=200)] = USUAL_PATTERN
    """How the older system names a volume: text with {username}, or {raw_username} where it is written as it is, and perhaps {servername}."""
    escape: Literal["new", "legacy"] | None = None
    """By which of JupyterHub's rules a name is written into it: "new" as in ada-40example-2eorg, "legacy" as in ada_40example_2Eorg.
    Null: by either.
    """
    home: Name = USUAL_HOME
    """What the home is to be called; that of a named server is called like the server."""
    create_people: bool = False
    """Let in whoever is not here yet, without a password."""
    dry_run: bool = False
    """Say what would be done, and do nothing."""


class AdoptedVolume(Telling):
    volume: str
    outcome: str
    """adopt (it would be), adopted, already, nobody (of that name), ambiguous, taken (they have a home of that name), blocked, failed."""
    sentence: str
    user: str | None
    """The id of its person; null for nobody, and for somebody who would be let in."""
    user_name: str | None
    home: str | None
    """The home's name."""
    home_id: str
    """Which it is, or would be."""


class HomeAdoption(Telling):
    backend: str
    volumes: list[AdoptedVolume]
    """Those of the pattern, by name."""
    counts: dict[str, int]
    """How many of each outcome."""
    others: int
    """Volumes that are not of the pattern."""
