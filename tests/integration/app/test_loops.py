"""The control plane's own loops, when what they need is away."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from carrel.app import control
from carrel.domain.errors import Unavailable
from carrel.settings import load
from carrel.store import idempotency
from carrel.store.ballast import SIZE
from carrel.store.ballast import kept as set_aside


async def test_a_full_disk_is_told_in_a_line_and_housekeeping_goes_on_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "PUT_OFF_FOR", 0.05)
    tries: list[str] = []
    kept = asyncio.Event()

    def forget(*_: Any) -> None:
        tries.append("")
        if len(tries) < 3:
            raise Unavailable("The disk is full.")
        kept.set()

    monkeypatch.setattr(idempotency, "forget", forget)
    settings = load(None, {"state_dir": str(tmp_path / "state")}, {"CARREL_POOLS__JUPYTERLAB__WARM": "0"})
    with capture_logs() as lines:
        async with control.control_plane(settings) as plane:
            await plane.start_loops()
            await asyncio.wait_for(kept.wait(), 10)
    assert set_aside(tmp_path / "state" / "carrel.sqlite") == SIZE, (
        "room for when the disk is full, from the start"
    )
    told = [line for line in lines if line.get("loop") == "keep house"]
    assert [(line["event"], line["log_level"]) for line in told] == [("loop put off", "warning")] * 2
