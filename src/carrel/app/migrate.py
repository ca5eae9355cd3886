"""Only the store, for `carrel migrate`: opened, brought to this version, closed."""

from carrel.app.statedir import StateDir
from carrel.settings import Settings
from carrel.store.engine import open_store


async def migrate_store(settings: Settings) -> None:
    """Raises Unavailable, Invalid."""
    StateDir(settings.state_dir).prepare()
    store = open_store(settings.database)
    try:
        await store.migrate()
    finally:
        await store.aclose()
