"""Whose the person's files are, inside a container and on its machine. Pure: reads what the template, image and engine say."""

import re
from typing import Final

from carrel.domain.container import Container
from carrel.drivers.docker.homes.mounts import FileOwner

DEFAULT: Final = FileOwner(1000, 1000)
"""Of the images of Jupyter, RStudio and VS Code alike, and of everybody's first user."""


def home_owner(container: Container | None, image_user: str) -> FileOwner:
    """`image_user`: Config.User of the image. Names count for nothing: only the image knows whom they mean."""
    wanted = container or Container()
    given = (wanted.home_owner, wanted.user, image_user)
    return next((owner for each in given if (owner := read(each)) is not None), DEFAULT)


def read(text: str) -> FileOwner | None:
    """ "uid" or "uid:gid"; a group that is missing or a name is the user's own number."""
    uid, _, gid = text.partition(":")
    if not re.fullmatch(r"\d{1,9}", uid):
        return None
    return FileOwner(int(uid), int(gid) if re.fullmatch(r"\d{1,9}", gid) else int(uid))


def base(root_directory: str) -> FileOwner:
    """What the engine's user namespace adds to ids inside, by its DockerRootDir: it ends in ".<uid>.<gid>" where there is one."""
    found = re.search(r"/(\d{1,9})\.(\d{1,9})/?$", root_directory)
    return FileOwner(int(found[1]), int(found[2])) if found else FileOwner(0, 0)


def on_machine(inside: FileOwner, base: FileOwner) -> FileOwner:
    return FileOwner(base.uid + inside.uid, base.gid + inside.gid)
