"""The engine that tests of containers run against: private, able to crash, and gone without a trace."""

import psutil
import pytest
from tests.docker_engine import Engine, an_engine, import_small, mounts_below

SLEEP = ("sh", "-c", "trap 'exit 0' TERM; sleep 600 & wait")


def test_a_container_of_the_image_runs_python_as_somebody_who_is_not_root(docker: Engine, image: str) -> None:
    done = docker.docker(
        "run", "--rm", image, "python3", "-c", "import os, http.server; print(os.getuid(), os.getcwd())"
    )
    assert done.stdout == "1000 /home/jovyan\n"
    assert docker.containers() == []


def test_the_image_of_jupyterlab_starts_it(docker: Engine, lab_image: str) -> None:
    done = docker.docker("run", "--rm", "--network", "none", lab_image, "jupyter-lab", "--version")
    assert done.stdout[0].isdigit()


@pytest.mark.usefixtures("docker")
def test_containers_outlive_an_engine_that_crashes_where_it_was_told_so() -> None:
    with an_engine("--live-restore") as engine:
        image = import_small(engine)
        engine.docker("run", "--detach", "--network", "none", image, *SLEEP)
        pid = int(engine.docker("inspect", "--format", "{{.State.Pid}}", *engine.containers()).stdout)
        engine.kill()
        assert not engine.is_running()
        assert psutil.pid_exists(pid)
        engine.start()
        state = engine.docker(
            "inspect", "--format", "{{.State.Running}} {{.State.Pid}}", *engine.containers()
        )
        assert state.stdout.split() == ["true", str(pid)]
        engine.kill()
    assert not psutil.pid_exists(pid)
    assert engine.processes() == []
    assert mounts_below(engine.folder) == []
    assert not engine.folder.exists()


def test_an_engine_that_crashed_comes_back_with_what_it_had(docker: Engine, image: str) -> None:
    docker.docker("run", "--detach", "--network", "none", image, *SLEEP)
    docker.kill()
    docker.start()
    state = docker.docker("inspect", "--format", "{{.State.Running}}", *docker.containers())
    assert state.stdout == "false\n"
    docker.clear()
    assert docker.containers() == []
