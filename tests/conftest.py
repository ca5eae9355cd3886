"""Shared by every kind of test: which event loop async tests run on, and the real programs some of them need."""

import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() in ("true", "1")
REAL_COMPONENTS = ("chromium", "postgresql", "jupyterlab", "catalogue")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def chromium() -> str:
    """The Chromium on this machine, else the one Playwright installed for itself."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    own = sorted((Path.home() / ".cache" / "ms-playwright").glob("chromium-*/chrome-linux*/chrome"))
    if not own:
        pytest.skip("Chromium is missing: sudo apt-get install chromium")
    return str(own[-1])


@pytest.fixture(scope="session")
def jupyterlab() -> Path:
    """The bin/ folder of the virtual environment that `make` keeps for JupyterLab."""
    folder = ROOT / ".lab" / "bin"
    if not (folder / "jupyter-lab").exists():
        pytest.skip("JupyterLab is missing: make .lab/stamp")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a real component that is missing is a failure: otherwise nobody would notice that nothing was tested."""
    report = yield
    if report.skipped and IN_CI and needs_a_real_component(item):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"CI=true, and a real component was skipped. {why}"
    return report


def needs_a_real_component(item: pytest.Item) -> bool:
    wanted = {mark.name for mark in item.iter_markers()} | set(getattr(item, "fixturenames", ()))
    return not wanted.isdisjoint(REAL_COMPONENTS)
