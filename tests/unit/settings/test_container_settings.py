"""What may stand in [templates.*.container], what it becomes, and the sentence for each mistake."""

from pathlib import Path

import pytest

from carrel.domain.container import Companion, Container
from carrel.domain.errors import Invalid
from carrel.domain.template import Template
from carrel.rules.difference import differences
from carrel.rules.telling import HIDDEN
from carrel.settings.load import load
from carrel.settings.shown import in_effect
from carrel.settings.template_reading import template_from, template_from_text, text_of

WHOLE = """
[templates.course]
image = "quay.io/jupyter/scipy-notebook@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
memory = "2GiB"

[templates.course.container]
command = []
port = 8787
home_path = "/home/jovyan"
user = "1000:100"
home_owner = "1000:100"
capabilities = ["SETUID", "SETGID"]
read_only = true
cpus = 1.5
processes = 256
disk = "10GiB"
shared_memory = "256MiB"

[templates.course.container.environment]
PGHOST = "localhost"

[templates.course.container.companions.database]
image = "postgres:17-alpine"
command = ["postgres", "-c", "max_connections=10"]
user = "70:70"
memory = "256MiB"
capabilities = ["CHOWN"]

[templates.course.container.companions.database.environment]
POSTGRES_PASSWORD = "hush-hush"
"""


def course(text: str = WHOLE) -> Template:
    return template_from_text("course", text)


def test_all_that_can_be_said_becomes_a_container() -> None:
    found = course()
    assert found.command == ()
    assert found.container == Container(
        command=(),
        port=8787,
        home_path="/home/jovyan",
        user="1000:100",
        home_owner="1000:100",
        environment={"PGHOST": "localhost"},
        capabilities=("SETUID", "SETGID"),
        read_only=True,
        cpus=1.5,
        processes=256,
        disk=10 * 1024**3,
        shared_memory=256 * 1024**2,
        companions=(
            Companion(
                "database",
                "postgres:17-alpine",
                ("postgres", "-c", "max_connections=10"),
                {"POSTGRES_PASSWORD": "hush-hush"},
                "70:70",
                256 * 1024**2,
                ("CHOWN",),
            ),
        ),
    )


def test_what_is_written_of_it_says_the_same_and_hides_its_secrets() -> None:
    found = course()
    text = text_of(found)
    assert "hush-hush" not in text
    assert 'disk = "10GiB"' in text
    assert template_from_text("course", text, base=found) == found


@pytest.mark.parametrize("said", ["", "command = []", "command = ['run']"])
def test_the_image_s_own_start_is_told_from_the_template_s_command(said: str) -> None:
    found = course(
        f"[templates.course]\nimage = 'lab'\ncommand = ['lab']\n[templates.course.container]\n{said}\n"
    )
    assert found.container is not None
    assert found.container.command == {"": None, "command = []": (), "command = ['run']": ("run",)}[said]
    assert course(text_of(found)) == found


def test_differences_are_told_down_to_a_companion_s_fields() -> None:
    old = course()
    new = course(
        WHOLE.replace("10GiB", "20GiB")
        .replace('"postgres:17-alpine"', '"postgres:18-alpine"')
        .replace("command = []", 'command = ["start"]')
        .replace("hush-hush", "other")
    )
    told = [str(one) for one in differences("", old, new)]
    assert told == [
        "container.command: what the image starts → start",
        "container.disk: 10GiB → 20GiB",
        "container.companions.database.image: postgres:17-alpine → postgres:18-alpine",
        f"container.companions.database.environment.POSTGRES_PASSWORD: {HIDDEN} → another one, not shown",
    ]
    plain = template_from("course", {"image": "lab", "command": ["lab"], "container": {}})
    own = template_from("course", {"image": "lab", "command": ["lab"], "container": {"command": []}})
    assert [str(one) for one in differences("", plain, own)] == [
        "container.command: nothing → what the image starts"
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("user = 'jovyan'", "container.user: expected numbers"),
        ("user = '1000:'", "container.user: expected numbers"),
        ("home_owner = '1000'", "container.home_owner: expected two numbers"),
        ("home_path = 'home'", "container.home_path: expected a whole path"),
        ("home_path = '/'", "container.home_path: expected a whole path"),
        ("home_path = '/home/../etc'", "container.home_path: expected a whole path"),
        ("home_path = '/home/x/'", "container.home_path: expected a whole path"),
        ("home_path = '/a:b'", 'expected a path without ":"'),
        ("home_path = '/usr'", "\"/usr\" is the system's"),
        ("home_path = '/proc/self'", "\"/proc/self\" is the system's"),
        ("home_path = '/carrel/person'", "below /carrel Carrel keeps files of its own"),
        ("capabilities = ['SYS_ADMIN']", "SYS_ADMIN reaches beyond the container"),
        ("capabilities = ['NET_RAW']", "NET_RAW reaches beyond the container"),
        ("capabilities = ['CAP_SETUID']", '"CAP_SETUID" is no capability; there are AUDIT_WRITE'),
        ("port = 0", "container.port"),
        ("port = 65536", "container.port"),
        ("processes = 3", "container.processes"),
        ("cpus = 0", "container.cpus"),
        ("cpus = inf", "container.cpus"),
        ("disk = 'plenty'", "container.disk: expected a size"),
        ("command = ['x', '{secret}']", "container.command: expected no {secret} here"),
        ("environment = { 'A=B' = 'x' }", 'container.environment: "A=B" cannot be the name'),
        ("memory = '1GiB'", "there is no setting templates.course.container.memory; did you mean"),
        ("companions.db.image = 'https://example.org/db'", "companions.db.image: expected the name of an image"),
        ("companions.DB.image = 'db'", 'container.companions: "DB" is no name of a companion'),
        ("companions.db.command = ['x']", "container.companions.db.image is missing"),
        ("companions.db = { image = 'db', command = ['{secret}'] }", "companions.db.command: expected no {secret}"),
        ("companions.db = { image = 'db', memory = '1KiB' }", "companions.db.memory: expected at least 16MiB"),
        ("companions.db = { image = 'db', capabilities = ['ROOT'] }", '"ROOT" is no capability'),
        ("".join(f"companions.c{at}.image = 'db'\n" for at in range(6)), "container.companions: expected at most 5"),
    ],
)  # fmt: skip
def test_a_mistake_is_told(said: str, expected: str) -> None:
    with pytest.raises(Invalid) as raised:
        course(f"[templates.course]\nimage = 'lab'\n[templates.course.container]\n{said}\n")
    assert expected in raised.value.sentence


def test_a_workspace_without_enough_memory_for_anything_is_a_mistake() -> None:
    with pytest.raises(Invalid, match=r"templates\.course\.memory: expected at least 16MiB"):
        course("[templates.course]\nimage = 'lab'\nmemory = '1KiB'\n")
    assert course("[templates.course]\nimage = 'lab'\nmemory = '16MiB'\n").memory == 16 * 1024**2


@pytest.mark.parametrize(
    "name",
    [
        "lab", "rocker/rstudio:4.5.2", "quay.io/jupyter/scipy-notebook", "localhost:5000/a/b_c__d:v1.2-3",
        "ghcr.io/marimo-team/marimo:latest-sql", "lab@sha256:" + "0" * 64, "sha256:" + "0" * 64,
    ],
)  # fmt: skip
def test_names_of_images_as_registries_write_them(name: str) -> None:
    assert course(f"[templates.course]\nimage = '{name}'\n").image == name


@pytest.mark.parametrize(
    "name",
    ["", "Lab", "a b", "https://example.org/a", "lab:", "lab@sha256:12", "/lab", "lab/", "-lab", "a\n"],
)
def test_what_is_no_name_of_an_image(name: str) -> None:
    with pytest.raises(Invalid, match="expected the name of an image"):
        template_from("course", {"image": name})


POOL = '[pools.course]\ntemplate = "course"\nbackend = "place"\n'


@pytest.mark.parametrize(
    ("driver", "said", "expected"),
    [
        ("local", "image = 'lab'", 'template "course" has an image and no command'),
        ("docker", "command = ['lab']", 'template "course" has no image'),
    ],
)
def test_a_pool_whose_driver_could_never_start_its_template_is_refused(
    tmp_path: Path, driver: str, said: str, expected: str
) -> None:
    file = tmp_path / "carrel.toml"
    file.write_text(f"{POOL}[backends.place]\ndriver = '{driver}'\n[templates.course]\n{said}\n")
    with pytest.raises(Invalid) as raised:
        load(file, {}, {"HOME": "/"})
    assert expected in raised.value.sentence


def test_tables_of_the_file_add_to_the_container_that_carrel_comes_with(tmp_path: Path) -> None:
    file = tmp_path / "carrel.toml"
    file.write_text('[templates.jupyterlab.container]\ncpus = 2\ndisk = "4GiB"\n')
    settings = load(file, {}, {"HOME": "/"})
    before = load(None, {}, {"HOME": "/"}).templates["jupyterlab"].container
    after = settings.templates["jupyterlab"].container
    assert before is not None
    assert after is not None
    assert after.model_dump() == before.model_dump() | {"cpus": 2, "disk": 4 * 1024**3}
    shown = {row.key: row for row in in_effect(settings)}
    assert shown["templates.jupyterlab.container.disk"].value == "4GiB"
    assert shown["templates.jupyterlab.container.disk"].line == 3


def test_variables_of_the_environment_reach_into_the_container() -> None:
    said = {
        "CARREL_TEMPLATES__JUPYTERLAB__CONTAINER__CPUS": "2",
        "CARREL_TEMPLATES__JUPYTERLAB__CONTAINER__ENVIRONMENT__PIP_USER": "1",
    }
    found = load(None, {}, {"HOME": "/", **said}).templates["jupyterlab"].container
    assert found is not None
    assert (found.cpus, found.environment) == (2, {"PIP_USER": "1"})
