"""Which columns of a table a terminal has room for, and how wide each may be. Nothing is cut: an id of which half is shown cannot
be copied, so rather whole columns are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.table import Table
from rich.text import Text

GAP: Final = 2
NARROWEST: Final = 28
"""Signs per line below which running text is no longer worth reading."""


@dataclass(frozen=True, slots=True)
class Column:
    path: str
    """`counts.ready` is the field `ready` of the field `counts`."""
    rank: int = 0
    """0 is always shown; of the others the highest is left out first where the terminal is narrow."""
    title: str = ""
    folds: bool = False
    """Running text, which may go on in the next line."""

    @property
    def heading(self) -> str:
        """An id or address of something inside says of what."""
        return self.title or self.path.removeprefix("counts.").replace(".", " ").replace("_", " ")


Row = Sequence[Text]


def fitting(columns: Sequence[Column], rows: Sequence[Row], width: int) -> list[int]:
    """The columns to show, by number."""
    shown = list(range(len(columns)))
    wide = [_least(column, [row[at] for row in rows]) for at, column in enumerate(columns)]
    while sum(wide[at] + GAP for at in shown) - GAP > width:
        left_out = max(shown, key=lambda at: columns[at].rank)
        if columns[left_out].rank == 0:
            break
        shown.remove(left_out)
    return shown


def drawn(columns: Sequence[Column], rows: Sequence[Row], *, header: bool = True) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", show_header=header)
    for column in columns:
        table.add_column(column.heading, no_wrap=not column.folds, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def needed(columns: Sequence[Column], rows: Sequence[Row]) -> int:
    """The width below which something would be cut."""
    wide = [_least(column, [row[at] for row in rows]) for at, column in enumerate(columns)]
    return sum(wide) + GAP * len(wide)


def _least(column: Column, cells: Sequence[Text]) -> int:
    natural = max([len(column.heading), *(cell.cell_len for cell in cells)])
    return min(natural, max(NARROWEST, len(column.heading))) if column.folds else natural
