"""A real component that is missing is skipped on a laptop and a failure in CI. Seen in a pytest of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import pytest

@pytest.fixture
def postgresql():
    pytest.skip("PostgreSQL is missing")

@pytest.mark.chromium
def test_marked():
    pytest.skip("Chromium is missing")

def test_with_a_fixture(postgresql):
    pass

def test_of_something_else():
    pytest.skip("not on this system")
"""


@pytest.mark.parametrize(("ci", "expected"), [("true", "1 skipped, 1 failed, 1 error"), ("", "3 skipped")])
def test_only_ci_insists_on_real_components(tmp_path: Path, ci: str, expected: str) -> None:
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = chromium\n")
    (tmp_path / "test_suite.py").write_text(SUITE)
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "CI"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    run = subprocess.run(
        command, cwd=tmp_path, env=environ | {"CI": ci}, capture_output=True, text=True, check=False
    )
    summary = run.stdout.strip().splitlines()[-1]
    assert set(expected.split(", ")) <= set(summary.rpartition(" in ")[0].split(", ")), run.stdout
