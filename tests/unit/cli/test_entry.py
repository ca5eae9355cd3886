"""How the command begins."""

import gc
from collections.abc import Iterator
from typing import NoReturn

import pytest

from carrel import __main__
from carrel.cli import words


@pytest.fixture(autouse=True)
def this_process_goes_on() -> Iterator[None]:
    """The command leaves its process as nobody needs it any more."""
    yield
    gc.unfreeze()
    gc.enable()


def test_ctrl_c_while_modules_load_is_silent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(name: str) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(__main__, "import_module", interrupted)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "")


def test_what_is_loaded_is_looked_through_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither while it is loaded nor later; what a command leaves behind itself is collected as ever."""
    told: list[tuple[bool, int]] = []

    class App:
        def main(self) -> None:
            told.append((gc.isenabled(), gc.get_freeze_count()))
            words.Words().commands["settings"]
            told.append((gc.isenabled(), gc.get_freeze_count()))

    monkeypatch.setattr(__main__, "import_module", lambda _name: App())
    __main__.main()
    (while_loading, _), (while_running, kept) = told
    assert (while_loading, while_running) == (False, True)
    assert kept > 10_000


def test_where_something_else_began_a_command_nothing_is_kept() -> None:
    before = gc.get_freeze_count()
    words.Words().commands["settings"]
    assert gc.isenabled()
    assert gc.get_freeze_count() == before
