"""Every mistake in a configuration is told with its place, its key, and what was expected."""

import os
from pathlib import Path

import pytest

from carrel.domain.errors import Invalid
from carrel.settings import load

HOME = {"HOME": "/home/ada"}
TEMPLATE = "[templates.a]\ncommand = ['x']\n"
PARAMETER = TEMPLATE + "[templates.a.parameters.b]\n"
POOL = '[pools.a]\ntemplate = "jupyterlab"\nbackend = "local"\n'


def complaint(config: Path | None = None, environ: dict[str, str] | None = None, **overrides: object) -> str:
    with pytest.raises(Invalid) as raised:
        load(config, overrides, HOME | (environ or {}))
    return raised.value.sentence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prot = 8000", "there is no setting prot; did you mean port?"),
        ("zzz = 1", "there is no setting zzz; expected one of activity_every, backends,"),
        ("port = 'high'", "port: expected a whole number."),
        ("port = 70000", "port: expected less than or equal to 65535."),
        ("log_level = 'loud'", "log_level: expected 'debug', 'info', 'warning' or 'error'."),
        ("host = 'everywhere'", "host: expected an IP address"),
        ("session_lifetime = 14", 'session_lifetime: expected a duration such as "60s"'),
        ("session_lifetime = '0s'", "session_lifetime: expected a duration longer than nothing."),
        ("keep_history = '6h'", "keep_history: expected at least a day (1d)"),
        ("keep_deleted_homes = '5m'", "keep_deleted_homes: expected at least an hour (1h)"),
        ("homes_per_person = 0", "homes_per_person: "),
        ("activity_every = '1h'", "activity_every: expected a duration of 1s to 5m"),
        ("time_zone = 'Atlantis'", "time_zone: expected a name of the time zone database"),
        ("public_url = 'carrel.example.org'", "public_url: expected scheme, host and port only"),
        ("public_url = 'https://carrel.example.org/hub'", "public_url: expected scheme, host and port only"),
        ("public_url = 'https://carrel.example.org:x'", "public_url: expected scheme, host and port only"),
        (
            "workspaces_url = 'https://labs.example.net'",
            "workspaces_url: expected scheme, a star and a domain",
        ),
        (
            "workspaces_url = 'ftp://*.labs.example.net'",
            "workspaces_url: expected scheme, a star and a domain",
        ),
        ("database_url = 'mysql://db/carrel'", 'database_url: expected "sqlite:'),
        ("bootstrap_token = 'short'", "bootstrap_token: expected at least 8 visible ASCII characters"),
        (POOL + "wram = 3", "there is no setting pools.a.wram; did you mean pools.a.warm?"),
        (
            POOL + "max_age = '12'",
            'pools.a.max_age: expected a duration such as "60s", "90m", "12h" or "3d", or "never".',
        ),
        (POOL + "warm = -1", "pools.a.warm: expected greater than or equal to 0."),
        ("[pools.a]\nbackend = 'local'", "pools.a.template is missing."),
        (
            "[pools.A_b]\ntemplate = 'jupyterlab'\nbackend = 'local'",
            'pools.A_b: "A_b" is no name: expected at most 40',
        ),
        ("[pools]\na = 3", "pools.a: expected a table of keys and values."),
        ("pools = 3", "pools: expected a table of keys and values."),
        ("[templates.a]\ncommand = 'jupyter lab'", "templates.a.command: expected a list of texts"),
        ("[templates.a]\ncommand = []", "templates.a.command: expected a program and its arguments."),
        ("[templates.a]\ncommand = ['x', '{secret}']", "templates.a.command: expected no {secret} here"),
        (
            "[templates.a]\ncommand = ['x']\nmemory = '1GB'",
            'templates.a.memory: expected a size such as "512MiB"',
        ),
        ("[templates.a]\ncommand = ['x']\nmemory = 0", "templates.a.memory: expected a size"),
        ("[templates.a]\ncommand = ['x']\npath = 'cut'", "templates.a.path: expected 'keep' or 'strip'."),
        (
            "[templates.a]\ncommand = ['x']\nfiles = {'../x' = ''}",
            "templates.a.files: expected paths inside the slot",
        ),
        (
            "[templates.a]\ncommand = ['x']\nenvironment = {A = 1}",
            "templates.a.environment.A: expected a text.",
        ),
        ("[backends.a]", "backends.a.driver is missing."),
        (TEMPLATE + "icon = 'cat'", "templates.a.icon: expected '', 'chart',"),
        (
            TEMPLATE + "activity = 'command'",
            'templates.a: expected activity = "command" and an activity_command',
        ),
        (TEMPLATE + "data = {'../x' = '/srv'}", "templates.a.data: expected paths inside the home"),
        (TEMPLATE + "data = {x = 'srv'}", "templates.a.data: expected folders by their whole path"),
        (
            TEMPLATE + "claim_environment = {A = '{parameter:b}'}",
            "templates.a: claim_environment.A names {parameter:b}, and there is none.",
        ),
        (
            TEMPLATE + "[templates.a.startup]\ncomand = ['x']",
            "there is no setting templates.a.startup.comand; did you mean templates.a.startup.command?",
        ),
        (TEMPLATE + "[templates.a.startup]\nretries = 1", "templates.a.startup.command is missing."),
        (
            TEMPLATE + "[templates.a.startup]\ncommand = ['x']\ntimeout = '2h'",
            "templates.a.startup.timeout: expected at most an hour",
        ),
        (
            TEMPLATE + "[templates.a.repository]\nurl = '--upload-pack=x'",
            "templates.a.repository.url: expected an address that git clones",
        ),
        (
            TEMPLATE + "[templates.a.repository]\nurl = 'ssh://-oProxyCommand=x/y'",
            "templates.a.repository.url: expected an address that git clones",
        ),
        (
            TEMPLATE + '[templates.a.repository]\nurl = "https://e.org/c\\u001b.git"',
            "templates.a.repository.url: expected an address that git clones",
        ),
        (
            TEMPLATE + "[templates.a.repository]\nurl = 'https://e.org/c.git'\nref = '-x'",
            "templates.a.repository.ref: expected the name of a branch or tag.",
        ),
        (
            TEMPLATE + "[templates.a.repository]\nurl = 'https://e.org/c.git'\ninto = '/etc'",
            "templates.a.repository.into: expected paths inside the home",
        ),
        (
            PARAMETER + "type = 'colour'",
            "templates.a.parameters.b.type: expected 'choice', 'number' or 'text'.",
        ),
        (PARAMETER + "type = 'choice'", 'templates.a.parameters.b: expected options = ["…", "…"]'),
        (
            PARAMETER + "type = 'choice'\noptions = ['x', 'x']",
            "templates.a.parameters.b.options: expected texts that differ",
        ),
        (
            PARAMETER + "type = 'choice'\noptions = ['x']\ndefault = 'y'",
            "templates.a.parameters.b: its default must be allowed too: expected one of x.",
        ),
        (
            PARAMETER + "type = 'choice'\noptions = ['3']\ndefault = 3",
            'templates.a.parameters.b: expected default to be a text: write it between "quotes".',
        ),
        (
            PARAMETER + "type = 'number'\nleast = 2\nmost = 1",
            "templates.a.parameters.b: expected least to be no more than most.",
        ),
        (
            PARAMETER + "type = 'number'\nmost = 8\ndefault = 9",
            "templates.a.parameters.b: its default must be allowed too: expected a number of at most 8.",
        ),
        (
            PARAMETER + "type = 'number'\ndefault = 'many'",
            "templates.a.parameters.b: expected default to be a number.",
        ),
        (
            PARAMETER + "type = 'number'\npattern = 'x'",
            "templates.a.parameters.b: expected no pattern: that is not for type number.",
        ),
        (
            PARAMETER + "type = 'text'\npattern = '(a'",
            'templates.a.parameters.b.pattern: expected a ")" for every "(".',
        ),
        (
            PARAMETER + "type = 'text'\nlogest = 3",
            "there is no setting templates.a.parameters.b.logest; did you mean templates.a.parameters.b.longest?",
        ),
        (
            TEMPLATE + "[templates.a.parameters.'b c']\ntype = 'text'",
            'templates.a.parameters: "b c" is no name of a parameter',
        ),
        (
            TEMPLATE + "[templates.a.parameters]\na-b = {type = 'text'}\nA_b = {type = 'text'}",
            "templates.a.parameters: a-b and A_b would both become the variable CARREL_PARAMETER_A_B.",
        ),
        (POOL + "quiet_hours = 'at night'", "pools.a.quiet_hours: expected quiet hours such as"),
        (
            POOL + "quiet_hours = '22:00-22:00'",
            "pools.a.quiet_hours: expected quiet hours that begin and end",
        ),
        (
            POOL + "quiet_hours = '22:00-06:00 Atlantis'",
            "pools.a.quiet_hours: expected a name of the time zone database",
        ),
    ],
)
def test_a_mistake_in_a_file_names_file_key_and_what_was_expected(
    tmp_path: Path, text: str, expected: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    assert f"{path}: {expected}" in complaint(path)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("prot = 1\nlog_level = 'loud'", encoding="utf-8")
    assert len(complaint(path).splitlines()) == 2


def test_wrong_toml_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("port = 8000\n[pools.a\n", encoding="utf-8")
    assert str(path) in complaint(path)
    assert "line 2" in complaint(path)


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"port = 8000 # \xff")
    assert "is not UTF-8" in complaint(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in complaint(tmp_path / "nowhere.toml")
    assert "cannot be read: No such file" in complaint(
        None, {"CARREL_CONFIG": str(tmp_path / "nowhere.toml")}
    )


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("port = 8000", encoding="utf-8")
    path.chmod(0)
    if os.access(path, os.R_OK):
        path = Path(
            "/proc/self/mem"
        )  # root may read whatever its mode; this file answers every reader with an error
    assert f"{path} cannot be read" in complaint(path)


def test_a_folder_without_configuration_is_told(tmp_path: Path) -> None:
    assert "without any .toml file" in complaint(tmp_path)


def test_one_key_in_two_files_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("port = 1", encoding="utf-8")
    (tmp_path / "b.toml").write_text("port = 2", encoding="utf-8")
    assert (
        complaint(tmp_path)
        == f"port stands in both {tmp_path / 'a.toml'} and {tmp_path / 'b.toml'}. Keep one of them."
    )


def test_a_mistake_in_the_environment_names_the_variable() -> None:
    expected = "environment variable CARREL_PROT: there is no setting prot; did you mean port?"
    assert complaint(None, {"CARREL_PROT": "1"}) == expected


def test_a_mistake_on_the_command_line_names_the_option() -> None:
    assert (
        complaint(workspaces_port="x")
        == "command line option --workspaces-port: workspaces_port: expected a whole number."
    )


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "template",
            "there is code-server, desktop, jupyter-r, jupyterlab, marimo, rstudio, shiny, streamlit.",
        ),
        ("backend", "there is local."),
    ],
)
def test_a_pool_may_only_name_what_exists(key: str, expected: str) -> None:
    sentence = complaint(**{f"pools.jupyterlab.{key}": "nowhere"})
    assert f'pools.jupyterlab.{key} is "nowhere"' in sentence
    assert sentence.endswith(expected)


def test_hub_and_workspaces_need_ports_of_their_own() -> None:
    assert "port and workspaces_port are both 8000" in complaint(workspaces_port=8000)


@pytest.mark.parametrize(
    ("hub", "workspaces", "expected"),
    [
        ("http://carrel.example.org", None, "so workspaces_url must be set too"),
        ("https://carrel.example.org", "http://*.example.net", "must both begin with https://"),
        ("https://carrel.example.org", "https://*.example.org", "share a domain"),
        ("https://carrel.example.org", "https://*.carrel.example.org", "share a domain"),
        ("https://example.org", "https://*.labs.example.org", "share a domain"),
    ],
)
def test_a_hub_on_the_network_needs_another_domain_for_workspaces(
    hub: str, workspaces: str | None, expected: str
) -> None:
    assert expected in complaint(public_url=hub, workspaces_url=workspaces)
