"""One setting as it is in effect. Secrets are never told, only whether they are set."""

from carrel.wire.v1.shape import Telling


class Setting(Telling):
    key: str
    """Dotted, e.g. `pools.jupyterlab.warm`."""
    value: str
    """As the file would say it."""
    running: str | None
    """What holds now, where an admin changed a pool since the start; until the next start."""
    default: str
    source: str
    """`default`, `built-in`, the file, the environment variable or the command line option."""
    line: int | None
    """Of the file, where that is known."""
    meaning: str
    is_secret: bool
