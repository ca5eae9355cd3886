"""What the apps of the catalogue need beside the program that their command begins with, and how to get it. Looks; installs nothing."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from carrel.domain.template import Template

_NOVNC: Final = Path("/usr/share/novnc")
_RSTUDIO: Final = "/usr/lib/rstudio-server/bin"
_R_ANSWERS_WITHIN: Final = 10.0


@dataclass(frozen=True, slots=True)
class _App:
    is_started_by: Callable[[Sequence[str]], bool]
    """Judged by the command, for people make templates of their own from ours."""
    lacks: Callable[[str], str]
    """What is not there on this PATH, as the beginning of a sentence; empty if all is."""
    fix: str


def missing(recipe: Template, path: str) -> tuple[str, str] | None:
    """The complaint and what helps, or None."""
    for app in _APPS:
        if app.is_started_by(recipe.command) and (lack := app.lacks(path)):
            return f"{lack} ({path}).", app.fix
    return None


def _programs(*names: str) -> Callable[[str], str]:
    def lacks(path: str) -> str:
        absent = [name for name in names if shutil.which(name, path=path) is None]
        return f"Not found: {', '.join(absent)}" if absent else ""

    return lacks


def _jupyterlab(path: str) -> str:
    absent = shutil.which("jupyter-lab", path=path) is None
    return "`jupyter` is there, and `jupyter lab` is not" if absent else ""


def _shiny(path: str) -> str:
    program = shutil.which("Rscript", path=path)
    if program is None:
        return "Not found: Rscript"
    asked = [program, "-e", 'quit(status = !requireNamespace("shiny", quietly = TRUE))']
    try:
        ended = subprocess.run(asked, check=False, capture_output=True, timeout=_R_ANSWERS_WITHIN)
    except (OSError, subprocess.TimeoutExpired):
        return "R does not answer"
    return "R is there, and its package shiny is not" if ended.returncode else ""


def _desktop(path: str) -> str:
    return _programs("Xtigervnc", "xauth", "openbox", "xterm", "websockify")(path) or (
        "" if _NOVNC.is_dir() else f"There is no noVNC in {_NOVNC}"
    )


def _rstudio(path: str) -> str:
    return _programs("rserver")(f"{path}:{_RSTUDIO}")


_APPS: Final = (
    _App(
        lambda command: tuple(command[:2]) == ("jupyter", "lab"),
        _jupyterlab,
        "`pip install jupyterlab` into the environment that `jupyter` is of, or name another folder: "
        "`path` of the backend.",
    ),
    _App(
        lambda command: "marimo" in command,
        _programs("marimo"),
        "`pip install marimo`, and put the folder of `marimo` on PATH or into `path` of the backend; "
        "in a clone of Carrel: `make apps`.",
    ),
    _App(
        lambda command: any("shiny::" in word for word in command),
        _shiny,
        "`apt-get install r-cran-shiny`, or in R: `install.packages('shiny')`.",
    ),
    _App(
        lambda command: any(word.endswith("/rserver.sh") for word in command),
        _rstudio,
        "Install RStudio Server, whose programs stand in /usr/lib/rstudio-server/bin, or give the pool a backend that runs containers.",
    ),
    _App(
        lambda command: any(word.endswith("/desktop.sh") for word in command),
        _desktop,
        "`apt-get install tigervnc-standalone-server novnc websockify openbox xterm xauth`",
    ),
)
