"""`python -m bench`: installs the peers, takes the measures one after the other, prints the table and keeps it in bench/results."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import uvloop

from bench import report
from bench.install import PLACE, ROOT, install
from bench.machine import about
from bench.measures import activity, claims, click, docker, footprint, homes, pages, proxy, websockets
from bench.processes import BenchError
from bench.report import Missing, Row
from bench.setting import Setting

MEASURES: dict[str, tuple[Callable[[Setting], Awaitable[Sequence[Row | Missing]]], float]] = {
    "click": (click.measure, 1500),
    "homes": (homes.measure, 400),
    "docker": (docker.measure, 600),
    "footprint": (footprint.measure, 300),
    "proxy": (proxy.measure, 600),
    "claims": (claims.measure, 900),
    "websockets": (websockets.measure, 400),
    "pages": (pages.measure, 600),
    "activity": (activity.measure, 1200),
}
"""Each with the seconds after which it is given up."""


def main() -> int:
    chosen = _arguments()
    began = time.monotonic()
    peers = install()
    described = about(peers)
    rows: list[Row] = []
    missing: list[Missing] = []
    for name in chosen.only:
        with tempfile.TemporaryDirectory(prefix="crlb-") as folder:
            taken = uvloop.run(_take(name, Setting(peers, Path(folder), quick=chosen.quick)))
        rows += [one for one in taken if isinstance(one, Row)]
        missing += [one for one in taken if isinstance(one, Missing)]
    described["took"] = (
        f"{time.monotonic() - began:.0f} s{', --quick: a smoke run, not a measurement' if chosen.quick else ''}"
    )
    report.write(chosen.output, rows, missing, described)
    print(report.markdown(rows, missing, described))
    return 1 if any(one.is_failure for one in missing) else 0


async def _take(name: str, setting: Setting) -> Sequence[Row | Missing]:
    """One measure that fails takes no other along."""
    measure, most = MEASURES[name]
    print(f"bench: {name} …", file=sys.stderr, flush=True)
    try:
        async with asyncio.timeout(most):
            return await measure(setting)
    except TimeoutError:
        return [Missing(name, f"not done within {most:.0f} s, or one of its steps was not in time")]
    except (BenchError, OSError, EOFError) as error:
        return [Missing(name, str(error) or type(error).__name__)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run: few rounds, numbers mean little")
    parser.add_argument("--only", type=_names, default=list(MEASURES), help=f"some of {','.join(MEASURES)}")
    where = "where the table goes; usually bench/results, or .bench/results if the run is quick or partial"
    parser.add_argument("--output", type=Path, help=where)
    chosen = parser.parse_args()
    is_whole = not chosen.quick and set(chosen.only) == set(MEASURES)
    chosen.output = chosen.output or (ROOT / "bench" / "results" if is_whole else PLACE / "results")
    return chosen


def _names(text: str) -> Sequence[str]:
    names = [name for name in text.split(",") if name]
    if unknown := [name for name in names if name not in MEASURES]:
        raise argparse.ArgumentTypeError(
            f"no such measure: {', '.join(unknown)}; there are {', '.join(MEASURES)}"
        )
    return names


if __name__ == "__main__":
    sys.exit(main())
