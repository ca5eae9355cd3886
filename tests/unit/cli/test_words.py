"""The table of commands: it says what each is for without importing it, and says the same as the command itself."""

import subprocess
import sys

import typer.main

from carrel.cli.app import app
from carrel.cli.words import WORDS


def test_each_word_is_described_as_its_command_describes_itself() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # typer's group
    for word, (_, summary) in WORDS.items():
        assert (commands[word].help or "").startswith(summary), word


def test_help_imports_no_command() -> None:
    code = (
        "import sys; sys.argv = ['carrel', '--help']\n"
        "from carrel.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.exit(any(name in sys.modules for name in ('carrel.cli.up', 'carrel.cli.claim', 'carrel.app', 'httpx')))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")
