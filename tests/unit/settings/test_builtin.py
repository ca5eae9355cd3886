"""What Carrel comes with: every app can run in containers and on this machine, and what two of them share is written alike."""

import pytest

from carrel.domain.template import Template
from carrel.rules.difference import differences
from carrel.settings.load import load

TEMPLATES = {one.name: one for one in load(None, {}, {"HOME": "/"}).domain_templates()}


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES.keys())
def test_an_app_runs_here_and_in_containers(template: Template) -> None:
    assert template.command
    assert template.image
    assert template.container is None or template.container.user
    assert template.memory


def test_images_that_one_makes_oneself_can_be_fetched_from_nobody() -> None:
    own = {one.image for one in TEMPLATES.values() if "carrel" in (one.image or "")}
    assert own == {"localhost/carrel-desktop", "localhost/carrel-streamlit"}


def test_jupyterlab_with_r_is_jupyterlab_but_for_its_image() -> None:
    told = {one.where for one in differences("", TEMPLATES["jupyterlab"], TEMPLATES["jupyter-r"])}
    depot = "container.environment.JULIA_DEPOT_PATH"
    assert told == {"name", "title", "description", "image", "memory", "price_per_hour", depot}
