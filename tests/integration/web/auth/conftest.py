"""A house for each test, with an empty store."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from carrel.store.engine import open_store

from .house import House, open_house


@pytest.fixture(scope="session")
async def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, migrated once and copied for each test."""
    path = tmp_path_factory.mktemp("tables") / "carrel.sqlite"
    store = open_store(f"sqlite:///{path}")
    await store.migrate()
    await store.aclose()
    return path


@pytest.fixture
async def house(tables: Path, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(Path(shutil.copy(tables, tmp_path))) as found:
        yield found
