"""The `carrel` command in forks of one process that has loaded it: of a start that comes to nothing, or of a look at one, the loading
takes the most.

python forking.py

Each line asks for one run, {"arguments": …, "environment": …, "output": path}, and is answered with its exit status.
"""

import json
import os
import sys
from importlib import import_module

from carrel.__main__ import main

LOADED = ("carrel.cli.app", "carrel.cli.up", "carrel.cli.doctor")


def is_the_fork(line: str) -> bool:
    """False in whoever waited for it and told how it ended."""
    asked = json.loads(line)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
        return False
    output = os.open(asked["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for place, theirs in enumerate((os.open(os.devnull, os.O_RDONLY), output, output)):
        os.dup2(theirs, place)
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["carrel", *asked["arguments"]]
    return True


if __name__ == "__main__":
    for name in LOADED:
        import_module(name)
    while line := sys.stdin.readline():
        if is_the_fork(line):
            main()
            break
