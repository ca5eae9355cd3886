"""The `docker` driver: its verbs. What each needs is in the modules beside it."""

from carrel.ports.driver import Driver, DriverContext, Rejected


def open_driver(context: DriverContext) -> Driver:
    raise Rejected(f'Backend "{context.backend}": the docker driver is being written.')
