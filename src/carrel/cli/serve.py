"""`carrel serve`: the control plane alone, for production, where Envoy is a service of its own."""

import os

from carrel.app.machine import run_control_plane
from carrel.cli.up import Config, StateDirectory
from carrel.settings import load


def serve(*, state_dir: StateDirectory = None, config: Config = None) -> None:
    """Run the control plane alone. Ending it ends no workspace and cuts nobody off."""
    given = {"state_dir": str(state_dir.absolute())} if state_dir else {}
    run_control_plane(load(config, given, os.environ))
