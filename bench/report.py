"""Turns what was measured into a Markdown table, ratios first, and JSON. Decides nothing about how to measure."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.stats import ratio, times_better


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    measure: str
    unit: str
    ours: float | None
    theirs: float | None
    peer: str
    more_is_better: bool = False
    goal: str = ""
    met: bool | None = None
    """None where there is no goal, or nothing to hold against it."""
    note: str = ""
    details: dict[str, object] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        return ratio(self.ours, self.theirs)

    @property
    def times_better(self) -> float | None:
        return times_better(self.ours, self.theirs, more_is_better=self.more_is_better)


@dataclass(frozen=True, slots=True)
class Missing:
    """A measure that could not be taken, and why."""

    measure: str
    why: str
    is_failure: bool = True
    """Whether the run must be called failed for it."""


def figure(value: float | None) -> str:
    """Three significant digits: a shared machine tells no more."""
    if value is None:
        return "–"
    if abs(value) >= 999.5:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _line(row: Row) -> str:
    better = row.times_better
    verdict = {True: "yes", False: "no", None: ""}[row.met]
    cells = [
        row.measure,
        figure(row.ratio),
        "–" if better is None else f"{figure(better)}×",
        row.goal,
        verdict,
        f"{figure(row.ours)} {row.unit}",
        f"{figure(row.theirs)} {row.unit}" if row.theirs is not None else "–",
        row.peer,
        row.note,
    ]
    return "| " + " | ".join(cells) + " |"


def markdown(rows: Sequence[Row], missing: Sequence[Missing], about: dict[str, str]) -> str:
    lines = [
        "# Carrel beside the others",
        "",
        "One machine, one run, taking turns. Ratios hold from machine to machine; the absolute numbers do not.",
        "",
        "| measure | Carrel ÷ peer | Carrel is better by | goal | met | Carrel | peer | which peer | |",
        "|---|--:|--:|---|---|--:|--:|---|---|",
        *map(_line, rows),
    ]
    if missing:
        lines += ["", "Not measured:", "", *(f"- {one.measure}: {one.why}" for one in missing)]
    lines += ["", "The run:", "", *(f"- {name}: {value}" for name, value in about.items()), ""]
    return "\n".join(lines)


def as_json(rows: Sequence[Row], missing: Sequence[Missing], about: dict[str, str]) -> str:
    whole = {
        "about": about,
        "rows": [{**asdict(row), "ratio": row.ratio, "times_better": row.times_better} for row in rows],
        "missing": [asdict(one) for one in missing],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path, rows: Sequence[Row], missing: Sequence[Missing], about: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.md").write_text(markdown(rows, missing, about))
    (folder / "latest.json").write_text(as_json(rows, missing, about))
