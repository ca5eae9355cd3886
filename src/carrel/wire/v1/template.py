"""A template as people may see it: what it is for, not its environment, which may hold secrets. And, for admins, its versions, what
each says in the words of the configuration file, and how another one takes over.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from carrel.domain.template import HomeKind
from carrel.wire.v1.shape import Asking, Telling, Time

Version = Annotated[str, StringConstraints(pattern="^[0-9a-zA-Z]{1,64}$")]
Definition = Annotated[dict[str, Any], Field(max_length=50)]
"""What stands in the configuration file under `[templates.NAME]`: the same keys and the same values."""


class TemplateParameter(Telling):
    """What may be chosen. Of the fields after `default`, only those of its type are there."""

    name: str
    type: Literal["choice", "number", "text"]
    title: str
    description: str
    default: str | float
    options: list[str] | None = None
    least: float | None = None
    most: float | None = None
    step: float | None = None
    pattern: str | None = None
    longest: int | None = None


class Template(Telling):
    name: str
    version: str
    title: str
    description: str
    image: str | None
    open: str
    home: HomeKind
    memory: int | None
    """Bytes."""
    price_per_hour: float | None
    icon: str = ""
    """The name of the picture on its card."""
    parameters: list[TemplateParameter] = Field(default_factory=list)
    """What a person may choose who asks for one."""


class TemplateVersion(Telling):
    version: str
    """A digest of all that it says; its first 6 characters are enough where only one begins so."""
    created_at: Time
    is_current: bool
    title: str
    warm: int
    """How many ready workspaces that nobody holds run from it."""
    claimed: int
    others: int
    """Those that are starting or on their way out."""


class TemplateDifference(Telling):
    field: str
    """E.g. `environment.COURSE`."""
    was: str
    becomes: str


class WholeTemplateVersion(TemplateVersion):
    definition: dict[str, Any]
    """Secrets are left out: "set, and not shown" stands for them, also where it is sent back."""
    toml: str
    """The same as text."""
    changes: list[TemplateDifference]
    """From the current version to this one."""


class TemplateChange(Asking):
    definition: Definition
    """All of it, not only what changes."""
    expected_version: Version
    """The version it began with. Where another one is current by now, it is refused."""


class TemplatePreviewRequest(Asking):
    """One of the two."""

    definition: Definition | None = None
    version: Version | None = None
    """One to go back to."""


class TemplateRollbackRequest(Asking):
    version: Version
    """Which to go back to; its first 6 characters are enough where only one begins so."""
    expected_version: Version | None = None
    """If given: where another one is current by now, it is refused."""


class TemplatePoolPreview(Telling):
    pool: str
    sentence: str
    """E.g. "4 warm ones are replaced one after another; 2 people keep theirs and are told that an update is there." """
    replaced: int
    """Unclaimed ones."""
    staying: int
    """Unclaimed ones that are not replaced now, as in a paused pool."""
    kept: int
    """Claimed ones: they go on as they are."""
    is_whole: bool
    """False where there is more to come than was looked ahead: `replaced` is then the least."""


class TemplatePreview(Telling):
    """What such a change would do. Nothing is changed by asking."""

    version: str
    """What it would be called."""
    changes: list[TemplateDifference]
    pools: list[TemplatePoolPreview]
