"""The settings as people see them: where each comes from, to the line, and no secret among them."""

from pathlib import Path

import pytest

from carrel.domain.pool import Pool
from carrel.domain.setting import SettingInEffect
from carrel.rules.telling import HIDDEN
from carrel.settings import load
from carrel.settings.lines import line_of, lines_of
from carrel.settings.model import Settings
from carrel.settings.recipes import PoolSettings
from carrel.settings.shown import in_effect

HOME = {"HOME": "/home/ada"}

TOML = '''\
port = 9000            # the hub
[pools.jupyterlab]
warm = 5
  "limit" = 40
[templates.shiny]
command = [
  "shiny", "warm = 7",
]
environment = { API_TOKEN = "hush-hush", DATABASE = "postgresql://shiny:hush-hush@db/shiny", HOME = "{home}", SHINY_TOKEN = "{secret}" }
description = """
port = 1
"""
title = "Shiny"
[backends.else]
driver = "memory"
password = "hush-hush"
places = ["here", "there"]
registry = { host = "registry.example.org", password = "hush-hush" }
'''


def shown(
    tmp_path: Path, text: str = TOML, environ: dict[str, str] | None = None
) -> dict[str, SettingInEffect]:
    file = tmp_path / "carrel.toml"
    file.write_text(text)
    rows = in_effect(load(file, {"host": "0.0.0.0"}, HOME | (environ or {})))
    assert len({row.key for row in rows}) == len(rows)
    return {row.key: row for row in rows}


def test_each_value_says_where_it_comes_from(tmp_path: Path) -> None:
    rows = shown(tmp_path, environ={"CARREL_LOG_LEVEL": "debug"})
    file = str(tmp_path / "carrel.toml")
    sources = {
        "port": ("9000", "8000", file, 1),
        "pools.jupyterlab.warm": ("5", "0", file, 3),
        "pools.jupyterlab.limit": ("40", "10", file, 4),
        "pools.jupyterlab.max_age": ("12h", "12h", "built-in", None),
        "pools.jupyterlab.paused": ("false", "false", "default", None),
        "templates.shiny.title": ("Shiny", "", file, 13),
        "templates.shiny.command": ("shiny warm = 7", "", file, 6),
        "templates.shiny.environment.HOME": ("{home}", "", file, 9),
        "templates.jupyterlab.memory": ("1GiB", "", "built-in", None),
        "backends.else.driver": ("memory", "", file, 15),
        "backends.else.places": ("here there", "", file, 17),
        "host": ("0.0.0.0", "127.0.0.1", "command line option --host", None),
        "log_level": ("debug", "info", "environment variable CARREL_LOG_LEVEL", None),
        "session_lifetime": ("14d", "14d", "default", None),
    }
    for key, expected in sources.items():
        row = rows[key]
        assert (row.value, row.default, row.source, row.line) == expected, key


def test_what_follows_from_something_else_is_shown_as_it_is_used(tmp_path: Path) -> None:
    rows = shown(tmp_path)
    assert (rows["public_url"].value, rows["public_url"].source) == ("http://localhost:9000", "default")
    assert rows["workspaces_url"].value == "http://*.localhost:8001"
    assert rows["database_url"].value == "sqlite:////home/ada/.local/state/carrel/carrel.sqlite"


def test_a_duration_that_is_none_is_never_and_an_empty_value_stays_empty(tmp_path: Path) -> None:
    rows = shown(tmp_path, '[pools.jupyterlab]\nmax_age = "never"\n')
    assert rows["pools.jupyterlab.max_age"].value == "never"
    assert rows["envoy"].value == ""


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql+asyncpg://carrel:hush-hush@db/carrel", "postgresql+asyncpg://carrel:…@db/carrel"),
        (
            "postgresql+asyncpg://db/carrel?password=hush-hush&ssl=on",
            "postgresql+asyncpg://db/carrel?password=…&ssl=on",
        ),
        ("postgresql+asyncpg://carrel@/carrel?host=/run", "postgresql+asyncpg://carrel@/carrel?host=/run"),
    ],
)
def test_no_secret_is_shown(tmp_path: Path, url: str, told: str) -> None:
    secret = {"CARREL_BOOTSTRAP_TOKEN": "crl_hush-hush-hush-hush-hush-hush-hush", "CARREL_DATABASE_URL": url}
    rows = shown(tmp_path, environ=secret)
    assert "hush" not in repr(rows)
    assert rows["database_url"].value == told
    for key in ("bootstrap_token", "backends.else.password", "templates.shiny.environment.API_TOKEN"):
        assert (rows[key].value, rows[key].is_secret) == (HIDDEN, True), key
    assert rows["templates.shiny.environment.DATABASE"].value == "postgresql://shiny:…@db/shiny"
    assert rows["backends.else.registry.host"].value == "registry.example.org"
    assert rows["backends.else.registry.password"].is_secret
    assert rows["templates.shiny.environment.SHINY_TOKEN"].value == "{secret}"


def test_a_secret_that_is_not_set_is_not_said_to_be(tmp_path: Path) -> None:
    row = shown(tmp_path)["bootstrap_token"]
    assert (row.value, row.is_secret) == ("", False)


def test_every_setting_has_its_row_and_meaning(tmp_path: Path) -> None:
    rows = shown(tmp_path)
    for name in Settings.model_fields:
        if name not in ("backends", "templates", "pools"):
            assert rows[name].meaning, name
    policy = {f"pools.jupyterlab.{name}" for name in PoolSettings.model_fields}
    assert policy <= set(rows)
    assert {key.rpartition(".")[2] for key in policy} <= set(Pool.__dataclass_fields__)


def test_lines_of_odd_files_are_left_out_and_never_wrong() -> None:
    text = "a.b = 1\n[x.'y.z']\nk = '''\nk2 = 1\n'''\nk3 = { in = 1 }\n[[many]]\nk4 = 1\nbroken line\n"
    lines = lines_of(text)
    assert lines[("a", "b")] == 1
    assert lines[("x", "y.z", "k")] == 3
    assert ("x", "y.z", "k2") not in lines
    assert line_of(lines, ("x", "y.z", "k3", "in")) == 6
    assert line_of(lines, ("many", "k4")) is None
    assert ("x", "y.z", "k4") not in lines
    assert lines_of('"\\q" = 1\n') == {}
