"""Shared by every kind of test: which event loop async tests run on, the real programs some of them need, and in which order and
company they run where several processes share them.
"""

import gc
import os
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() in ("true", "1")
REAL_COMPONENTS = ("chromium", "postgresql", "jupyterlab", "catalogue", "docker")
TRY_TWICE = ("tests/docker/", "tests/e2e/", "tests/integration/dataplane/")
"""Real programs on a busy machine: a test of these that fails is run once more, and the summary says so (docs/decisions/0008)."""
TOGETHER = ("tests/docker/", "tests/e2e/pages/")
"""Folders whose modules share what is dear to start."""
FIRST = (*TOGETHER, "tests/e2e/", "tests/integration/drivers/", "tests/integration/", "tests/contract/")
"""Long ones before short ones, or several processes would wait for one at the end."""


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
def pytest_collection() -> Generator[None, object, object]:
    """Thousands of tests are there to stay: nobody looks through them for waste."""
    gc.disable()
    result = yield
    gc.freeze()
    gc.enable()
    return result


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(TRY_TWICE):
            item.add_marker(pytest.mark.flaky(reruns=1))
    if hasattr(config, "workerinput"):
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    return next((turn for turn, folder in enumerate(FIRST) if item.nodeid.startswith(folder)), len(FIRST))


class _Shares(LoadScopeScheduling):
    """Each module, or folder of those that go together, is one process's."""

    def _split_scope(self, nodeid: str) -> str:
        together = (folder for folder in TOGETHER if nodeid.startswith(folder))
        return next(together, None) or super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Shares:
    config.option.loadscopereorder = (
        False  # by the number of tests, which says little about how long they take
    )
    return _Shares(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A test that passed the second time is told with what was wrong the first time: somebody is to find out why."""
    again: list[pytest.TestReport] = terminalreporter.stats.get("rerun", [])
    if again:
        terminalreporter.section("tried twice")
    for report in again:
        terminalreporter.write_line(f"{report.nodeid} ({report.when})")
        for line in report.longreprtext.splitlines()[-12:]:
            terminalreporter.write_line(f"    {line}")


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
