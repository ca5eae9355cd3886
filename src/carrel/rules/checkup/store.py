"""CRL4xx: is the store reachable, whole and of this version? Judges what was read; reads nothing."""

from typing import Final

from carrel.domain.finding import Finding
from carrel.domain.units import format_size, rough_size
from carrel.rules.checkup.kind import Kind

REACHED: Final = Kind(
    "CRL401",
    "Store",
    "All that Carrel knows is in it; while it is away nobody can sign in or claim.",
    "Check database_url, that the database runs, and that this user may open it.",
)
REVISION: Final = Kind(
    "CRL402",
    "The store's tables",
    "Each version of Carrel works with one shape of the tables.",
    "`carrel migrate` brings older tables to this version; for newer ones start the newer Carrel.",
)
WHOLE: Final = Kind(
    "CRL403",
    "The store's wholeness",
    "A damaged file loses claims and people, at first silently.",
    "Stop Carrel, keep a copy of the file, and put back a backup; then look at the disk.",
)
WAL: Final = Kind(
    "CRL404",
    "The store's write-ahead log",
    "It is folded into the file as it goes. One that only grows is held by a reader that never ends, and slows every read.",
    "Close other programs that have the file open (a database browser, a backup that hangs), then restart Carrel.",
)
FILE_SYSTEM: Final = Kind(
    "CRL405",
    "Where the store's file is",
    "SQLite's write-ahead log needs shared memory and locks that network file systems do not keep: the file gets damaged.",
    "Move the state directory to a local disk, or use PostgreSQL (database_url).",
)
CLOCK: Final = Kind(
    "CRL406",
    "Clock of the database's machine",
    "Replicas agree on who leads and what has run out by comparing times.",
    "Let a time service keep the clocks of both machines.",
)
RESERVE: Final = Kind(
    "CRL407",
    "What the store has set aside",
    "It is lived on while the disk is full, so that people can still sign in and are told why nothing can be saved.",
    "Free some space on that disk, or keep homes on one of their own; a running Carrel then sets it aside within a minute.",
)
ALL: Final = (REACHED, REVISION, WHOLE, WAL, FILE_SYSTEM, CLOCK, RESERVE)

LARGE_LOG: Final = 128 << 20
"""Twice what it is cut back to (journal_size_limit)."""
HUGE_LOG: Final = 1 << 30
NETWORK: Final = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "fuse.sshfs",
        "ceph",
        "glusterfs",
        "fuse.glusterfs",
        "lustre",
        "afs",
    }
)


def reached(what: str, complaint: str | None) -> Finding:
    return REACHED.good(f"{what} answers.") if complaint is None else REACHED.bad(complaint)


def absent(what: str) -> Finding:
    return REACHED.good(f"{what} does not exist yet; the first start makes it.")


def revision(found: str | None, wanted: str) -> Finding:
    """Revisions are numbers with leading zeros, so that they compare as text."""
    if found == wanted:
        return REVISION.good(f"They are of revision {wanted}, as this version wants.")
    if found is None:
        return REVISION.warning("There are none yet; the next start makes them.")
    if found < wanted:
        return REVISION.warning(
            f"They are of revision {found}; this version wants {wanted}, and brings them up when it starts."
        )
    return REVISION.bad(
        f"They are of revision {found}, which a newer Carrel made; this version knows {wanted}."
    )


def whole(complaints: list[str] | None) -> Finding:
    """None where there was no time to look at all of it."""
    if complaints is None:
        return WHOLE.unknown(
            "There was no time to look at all of it.",
            "Look in a quiet moment: `sqlite3 carrel.sqlite 'PRAGMA quick_check'`.",
        )
    if complaints:
        return WHOLE.bad(f"The file is damaged: {complaints[0]}.")
    return WHOLE.good("The file is whole.")


def write_ahead_log(size: int) -> Finding:
    mebibytes = f"{size >> 20} {format_size(1 << 20)[1:]}"
    if size > HUGE_LOG:
        return WAL.bad(f"It has grown to {mebibytes}.")
    return (
        WAL.warning(f"It has grown to {mebibytes}.") if size > LARGE_LOG else WAL.good(f"It has {mebibytes}.")
    )


def file_system(kind: str, path: str) -> Finding:
    if kind in NETWORK:
        return FILE_SYSTEM.bad(f"{path} is on a network file system ({kind}).")
    return FILE_SYSTEM.good(f"{path} is on a local one ({kind}).")


def reserve(kept: int, wanted: int, path: str, *, fits: bool) -> Finding:
    """Bytes. It is made where there is plenty of room (`fits`), and given up bit by bit."""
    if kept >= wanted:
        return RESERVE.good(f"{rough_size(kept)} are set aside at {path}.")
    if kept > 0:
        return RESERVE.bad(
            f"The disk was full: {rough_size(kept)} of {rough_size(wanted)} are still set aside at {path}."
        )
    if fits:
        return RESERVE.good(f"Nothing yet; Carrel sets {rough_size(wanted)} aside at {path} when it runs.")
    return RESERVE.warning(f"Nothing is set aside at {path}, for want of room: a full disk stops everybody.")


def clock(seconds: float) -> Finding:
    """`seconds`: how far the database's clock is ahead of ours, the time of asking taken off."""
    said = f"It is {abs(seconds):.1f} seconds {'ahead of' if seconds > 0 else 'behind'} ours."
    if abs(seconds) > 5:
        return CLOCK.bad(said)
    return CLOCK.warning(said) if abs(seconds) > 1 else CLOCK.good("It shows the same time as ours.")
