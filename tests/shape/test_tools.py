"""What the Makefile prints and calls says clearly what is missing and how to get it."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, path: str | None = None, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": path or os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(command, env=environ, cwd=cwd, capture_output=True, text=True, check=False)


def only(tmp_path: Path, *programs: str) -> str:
    """A PATH with nothing else on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for program in programs:
        found = shutil.which(program)
        assert found is not None
        (folder / program).symlink_to(found)
    return str(folder)


def test_make_alone_prints_what_there_is() -> None:
    printed = run("make").stdout
    listed = re.findall(r"^  make ([a-z]+) ", printed, re.MULTILINE)
    assert {"help", "up", "test", "lint", "bench", "lock", "clean"} <= set(listed)
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony is not None
    assert set(listed) <= set(phony[1].split())


def test_carrel_takes_the_place_of_the_shell_so_that_a_signal_reaches_it_once() -> None:
    printed = run("make", "--dry-run", "up", "ARGS=--port 9000").stdout
    assert re.search(r"exec \.venv/bin/carrel up --port 9000$", printed, re.MULTILINE)


def test_a_python_that_is_too_old_is_told(tmp_path: Path) -> None:
    named = run("tools/venv.sh", str(tmp_path / "venv"), "false")
    assert (named.returncode, named.stderr) == (1, "PYTHON=false is not a Python 3.11 or newer.\n")
    (tmp_path / "python3").symlink_to(shutil.which("false") or "/bin/false")
    path = f"{only(tmp_path, 'bash', 'env', 'false')}:{tmp_path}"
    found = run("tools/venv.sh", str(tmp_path / "venv"), path=path)
    assert found.returncode == 1
    assert "Carrel needs Python 3.11 or newer" in found.stderr
    assert "apt-get install python3" in found.stderr
    assert not (tmp_path / "venv").exists()


def test_missing_programs_are_named_with_the_way_to_get_them(tmp_path: Path) -> None:
    path = only(tmp_path, "bash", "env", "id")
    printed = run(str(ROOT / "tools" / "system.sh"), path=path, cwd=tmp_path)
    assert printed.returncode == 0
    assert "Tests that need chromium will be skipped" in printed.stdout
    assert "sudo apt-get install chromium" in printed.stdout


def test_uv_is_told_what_pip_is_told() -> None:
    spec = importlib.util.spec_from_file_location("uv", ROOT / "tools" / "uv.py")
    assert spec is not None
    assert spec.loader is not None
    uv = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(uv)
    lines = (
        ":env:.index-url='https://nearer.example/simple'",
        "global.index-url='https://mirror.example/simple'",
        "global.extra-index-url='file:///a file:///b'",
        "global.find-links='/c\\n/d'",
        "global.timeout='60'",
    )
    told = uv.environment("\n".join(lines))
    assert {name: value for name, value in told.items() if name in uv.SETTINGS.values()} == {
        "UV_DEFAULT_INDEX": "https://nearer.example/simple",
        "UV_EXTRA_INDEX_URL": "file:///a file:///b",
        "UV_FIND_LINKS": "/c,/d",
    }
