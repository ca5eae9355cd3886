"""Who wins among built-in values, files, environment and command line, and what comes out."""

import json
from datetime import time, timedelta
from pathlib import Path

import pytest

from carrel.domain.errors import Invalid
from carrel.domain.parameter import Choice, Number, Text
from carrel.domain.pool import Pool
from carrel.domain.preparation import Repository, Startup
from carrel.domain.quiet import QuietHours
from carrel.domain.template import Template
from carrel.rules.recipe import versioned
from carrel.settings import Settings, load
from carrel.settings.preparation_settings import RepositorySettings
from carrel.store.definitions import template_from_json, template_to_json

HOME = {"HOME": "/home/ada"}
CATALOGUE = {"code-server", "desktop", "jupyter-r", "jupyterlab", "marimo", "rstudio", "shiny", "streamlit"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(folder: Path, text: str, name: str = "carrel.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def jupyterlab(settings: Settings) -> Template:
    return next(template for template in settings.domain_templates() if template.name == "jupyterlab")


def pool(settings: Settings, name: str = "jupyterlab") -> Pool:
    return next(pool for pool in settings.domain_pools() if pool.name == name)


def test_without_any_configuration_there_is_a_jupyterlab_pool_on_this_machine() -> None:
    settings = load(None, {}, HOME)
    assert {template.name for template in settings.domain_templates()} == CATALOGUE
    assert list(settings.pools) == ["jupyterlab"]
    assert (settings.backends["local"].driver, settings.backends["local"].options) == ("local", {})
    only = pool(settings)
    assert (only.template, only.backend) == ("jupyterlab", "local")
    assert (only.warm, only.limit, only.per_user) == (2, 20, 1)
    assert only.max_age == timedelta(hours=12)


def test_each_source_wins_over_the_one_before(tmp_path: Path) -> None:
    path = written(tmp_path, "[pools.jupyterlab]\nwarm = 3\nlimit = 30\nper_user = 3")
    environ = HOME | {"CARREL_POOLS__JUPYTERLAB__LIMIT": "40", "CARREL_POOLS__JUPYTERLAB__PER_USER": "4"}
    settings = load(path, {"pools.jupyterlab.per_user": 5, "port": None}, environ)
    assert (pool(settings).warm, pool(settings).limit, pool(settings).per_user) == (3, 40, 5)
    assert settings.port == 8000
    assert settings.sources["pools.jupyterlab.warm"] == str(path)
    assert (
        settings.sources["pools.jupyterlab.limit"] == "environment variable CARREL_POOLS__JUPYTERLAB__LIMIT"
    )
    assert settings.sources["pools.jupyterlab.per_user"].startswith("command line")
    assert settings.sources["pools.jupyterlab.template"] == "built-in"


def test_a_file_that_names_only_pools_keeps_the_templates_and_backends(tmp_path: Path) -> None:
    path = written(
        tmp_path, '[pools.class-a]\ntemplate = "jupyterlab"\nbackend = "local"\nwarm = 30\nlimit = 30'
    )
    settings = load(path, {}, HOME)
    assert {pool.name for pool in settings.domain_pools()} == {"jupyterlab", "class-a"}
    assert "jupyterlab" in settings.templates


def test_a_table_set_to_false_is_left_out(tmp_path: Path) -> None:
    settings = load(written(tmp_path, "[pools]\njupyterlab = false"), {}, HOME)
    assert settings.domain_pools() == []


def test_an_environment_variable_added_to_a_built_in_template_keeps_the_others(tmp_path: Path) -> None:
    path = written(tmp_path, '[templates.jupyterlab.environment]\nCOURSE = "genetics"', "mine.toml")
    template = jupyterlab(load(path, {}, HOME))
    assert template.environment["COURSE"] == "genetics"
    assert template.environment["JUPYTER_TOKEN"] == "{secret}"
    assert template.version == versioned(template).version != jupyterlab(load(None, {}, HOME)).version


def test_the_usual_file_is_found_and_another_can_be_named(tmp_path: Path) -> None:
    written(tmp_path, "port = 9000")
    other = written(tmp_path, "port = 9500", "other.toml")
    assert load(None, {}, HOME).port == 9000
    assert load(None, {}, HOME | {"CARREL_CONFIG": str(other)}).port == 9500
    assert load(other, {}, HOME | {"CARREL_CONFIG": "nowhere.toml"}).port == 9500


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    folder = tmp_path / "conf"
    folder.mkdir()
    written(folder, "port = 9000\n[pools.jupyterlab]\nwarm = 4", "a.toml")
    written(folder, "[pools.jupyterlab]\nlimit = 5", "b.toml")
    written(folder, "this is no configuration", "notes.txt")
    settings = load(folder, {}, HOME)
    assert (settings.port, pool(settings).warm, pool(settings).limit) == (9000, 4, 5)


def test_names_in_variables_are_lower_case_with_hyphens_and_app_variables_stay_as_they_are() -> None:
    environ = HOME | {
        "CARREL_POOLS__CLASS_A__TEMPLATE": "jupyterlab",
        "CARREL_POOLS__CLASS_A__BACKEND": "local",
        "CARREL_POOLS__CLASS_A__STOP_AFTER_IDLE": "never",
        "CARREL_TEMPLATES__JUPYTERLAB__ENVIRONMENT__Course": "genetics",
        "CARREL_TEMPLATES__JUPYTERLAB__COMMAND": '["my-lab", "--port={port}"]',
        "CARREL_PUBLIC_URL": "",
        "CARREL_TOKEN": "crl_for_the_client",
        "CARREL_URL": "http://localhost:8000",
    }
    settings = load(None, {}, environ)
    assert pool(settings, "class-a").stop_after_idle is None
    template = jupyterlab(settings)
    assert template.environment["Course"] == "genetics"
    assert template.command == ("my-lab", "--port={port}")


def test_a_backend_hands_its_other_keys_to_its_driver(tmp_path: Path) -> None:
    path = written(tmp_path, '[backends.lab]\ndriver = "memory"\nstarts_in = 2\n')
    backend = load(path, {}, HOME).backends["lab"]
    assert (backend.driver, backend.options) == ("memory", {"starts_in": 2})


GENETICS = """
[templates.genetics]
command = ["lab"]
icon = "notebook"
activity = "command"
activity_command = ["busy"]
activity_writes = ["api/"]
activity_bytes = "4KiB"
claim_environment = { GIT_AUTHOR_NAME = "{display_name}", DATASET = "{parameter:dataset}" }
data = { "data/genomes" = "/srv/genomes" }
[templates.genetics.parameters.dataset]
type = "choice"
options = ["mouse", "fly"]
[templates.genetics.parameters.cores]
type = "number"
least = 1
most = 8
step = 1
default = 2
[templates.genetics.parameters.branch]
type = "text"
pattern = "[a-z]+"
longest = 20
[templates.genetics.repository]
url = "https://example.org/course/genes.git"
[templates.genetics.startup]
command = ["sh", "-c", "make"]
check = ["test", "-e", "done"]
retries = 1
backoff = "0s"
[pools.genetics]
template = "genetics"
backend = "local"
quiet_hours = "22:00-06:00 Europe/Berlin"
"""


def test_a_template_asks_people_prepares_their_home_and_says_when_it_is_used(tmp_path: Path) -> None:
    settings = load(written(tmp_path, GENETICS), {}, HOME)
    template = next(one for one in settings.domain_templates() if one.name == "genetics")
    assert template.parameters == (
        Choice("dataset", ("mouse", "fly"), "mouse", title="dataset"),
        Number("cores", 2, least=1, most=8, step=1, title="cores"),
        Text("branch", pattern="[a-z]+", longest=20, title="branch"),
    )
    assert template.repository == Repository("https://example.org/course/genes.git", "genes")
    assert template.startup == Startup(
        ("sh", "-c", "make"), ("test", "-e", "done"), retries=1, backoff=timedelta(0)
    )
    assert (template.icon, template.data) == ("notebook", {"data/genomes": "/srv/genomes"})
    assert template.claim_environment["DATASET"] == "{parameter:dataset}"
    assert (template.activity, template.activity_command) == ("command", ("busy",))
    assert (template.activity_writes, template.activity_bytes) == (("api/",), 4096)
    assert template_from_json(json.loads(json.dumps(template_to_json(template)))) == template


def test_quiet_hours_are_of_the_zone_they_name(tmp_path: Path) -> None:
    settings = load(written(tmp_path, GENETICS), {"pools.jupyterlab.quiet_hours": "01:30-05:00"}, HOME)
    assert pool(settings, "genetics").quiet_hours == QuietHours(time(22), time(6), "Europe/Berlin")
    assert pool(settings).quiet_hours == QuietHours(time(1, 30), time(5), "UTC")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HOME": "/home/ada"}, "/home/ada/.local/state/carrel"),
        ({"HOME": "/home/ada", "XDG_STATE_HOME": "/var/state"}, "/var/state/carrel"),
        ({"HOME": "/home/ada", "CARREL_STATE_DIR": "/srv/carrel"}, "/srv/carrel"),
    ],
)
def test_the_state_directory_has_a_usual_place(environ: dict[str, str], expected: str) -> None:
    settings = load(None, {}, environ)
    assert str(settings.state_dir) == expected
    assert settings.database == f"sqlite:///{expected}/carrel.sqlite"


def test_a_relative_state_directory_is_made_absolute(tmp_path: Path) -> None:
    assert load(None, {"state_dir": Path("state")}, HOME).state_dir == tmp_path / "state"


def test_on_a_laptop_workspaces_live_below_localhost() -> None:
    addresses = load(None, {"port": 18000, "workspaces_port": 18001}, HOME).addresses()
    assert addresses.hub == "http://localhost:18000"
    assert (addresses.workspaces_scheme, addresses.shared_host) == ("http", "localhost:18001")


def test_in_production_workspaces_live_at_a_domain_of_their_own() -> None:
    given = {"public_url": "https://carrel.example.org:443/", "workspaces_url": "https://*.labs.example.net"}
    addresses = load(None, given, HOME).addresses()
    assert addresses.hub == "https://carrel.example.org"
    assert (addresses.workspaces_scheme, addresses.shared_host) == ("https", "labs.example.net")
    given["workspaces_url"] = "https://*.labs.example.net:8443"
    assert load(None, given, HOME).addresses().shared_host == "labs.example.net:8443"


def test_secrets_are_not_shown() -> None:
    environ = HOME | {
        "CARREL_BOOTSTRAP_TOKEN": "crl_do_not_show_me",
        "CARREL_DATABASE_URL": "postgresql+asyncpg://carrel:hunter2@db/carrel",
    }
    settings = load(None, {}, environ)
    assert settings.bootstrap_token is not None
    assert settings.bootstrap_token.get_secret_value() == "crl_do_not_show_me"
    assert "hunter2" in settings.database
    for shown in (repr(settings), str(settings), repr(settings.sources)):
        assert "do_not_show" not in shown
        assert "hunter2" not in shown


def test_settings_cannot_be_changed_afterwards() -> None:
    settings = load(None, {}, HOME)
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1
    with pytest.raises(TypeError):
        settings.pools["other"] = settings.pools["jupyterlab"]  # type: ignore[index]


def test_the_environment_of_the_process_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARREL_PORT", "9999")
    assert load(None, {}, HOME).port == 8000


def test_a_secret_in_a_mistake_is_not_shown() -> None:
    with pytest.raises(Invalid) as raised:
        load(
            None,
            {},
            HOME | {"CARREL_BOOTSTRAP_TOKEN": "two words", "CARREL_DATABASE_URL": "mysql://u:hunter2@db"},
        )
    assert "two words" not in raised.value.sentence
    assert "hunter2" not in raised.value.sentence


@pytest.mark.parametrize(
    ("url", "into"),
    [
        ("https://e.org/course.git", "course"),
        ("https://e.org/..", "repository"),
        ("file:///srv/a/..git", "repository"),
    ],
)
def test_a_clone_is_put_into_the_home_whatever_its_address_ends_with(url: str, into: str) -> None:
    assert RepositorySettings(url=url).to_domain().into == into
