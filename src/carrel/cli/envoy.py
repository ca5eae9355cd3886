"""`carrel envoy`: the data plane alone, for production, where the control plane may be replaced while it carries on."""

import os

from carrel.app.dataplane import run_envoy
from carrel.cli.up import Config, StateDirectory
from carrel.settings import load


def envoy(*, state_dir: StateDirectory = None, config: Config = None) -> None:
    """Run the data plane alone, as a service of its own beside `carrel serve`. Takes the same settings; ending it cuts every connection."""
    given = {"state_dir": str(state_dir.absolute())} if state_dir else {}
    run_envoy(load(config, given, os.environ))
