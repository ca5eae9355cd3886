"""`carrel gate`: what has the engine's socket in place of a control plane that is not root."""

from pathlib import Path
from typing import Annotated

import typer

from carrel.app.gate import GateOptions, run_gate


def gate(
    *,
    state_dir: Annotated[
        Path, typer.Option(help="The state directory of the control plane; its owner may use the gate.")
    ],
    socket: Annotated[Path, typer.Option(help="Where the gate listens: `gate` of a docker backend.")] = Path(
        "/run/carrel-gate/gate.sock"
    ),
    engine: Annotated[Path, typer.Option(help="The engine's own socket.")] = Path("/var/run/docker.sock"),
    keep: Annotated[
        Path, typer.Option(help="A directory that is root's alone, in which slots are mounted.")
    ] = Path("/var/lib/carrel-gate"),
    user: Annotated[
        str | None, typer.Option(help="Who may use it, if not the owner of the state directory.")
    ] = None,
    installation: Annotated[
        str | None,
        typer.Option(help="Whose containers may be touched. Default: the first that ever speaks through it."),
    ] = None,
    volumes: Annotated[
        list[str] | None,
        typer.Option(
            help='Volumes that may become homes, by pattern, e.g. "jupyterhub-user-*". May be given again.'
        ),
    ] = None,
    folder: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder of this machine that templates may share with workspaces. May be given again."
        ),
    ] = None,
    runtime: Annotated[
        list[str] | None,
        typer.Option(help="A runtime of the engine that may be used besides runc. May be given again."),
    ] = None,
) -> None:
    """Guard the engine's socket: run by root, it lets a control plane that is not root use the engine, for its own containers alone."""
    run_gate(
        GateOptions(
            socket=socket.absolute(),
            engine=engine.absolute(),
            state_dir=state_dir.absolute(),
            keep=keep.absolute(),
            user=user,
            installation=installation,
            volumes=tuple(volumes or ()),
            folders=tuple(str(place.absolute()) for place in folder or ()),
            runtimes=("runc", *(runtime or ())),
        )
    )
