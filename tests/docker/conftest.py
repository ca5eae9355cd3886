"""Tests of containers, with one private engine for all of them (tests/docker_engine.py). They run in one process, one after the other.

One of them alone: `make .cache/images/lab.tar`, then
`tools/apart.sh .venv/bin/python -m pytest -q -x tests/docker/test_engine.py`
"""

from tests.docker_engine import docker, image, lab_image

__all__ = ["docker", "image", "lab_image"]
