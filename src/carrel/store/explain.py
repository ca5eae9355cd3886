"""What went wrong with the database, told to people: every failure that is not our own mistake becomes an Unavailable that says what to do."""

import sqlite3
from typing import Final

from sqlalchemy import exc

from carrel.domain.errors import CarrelError, Internal, Unavailable

_SQLITE: Final = {
    sqlite3.SQLITE_FULL: "{where} cannot be written, because its disk is full. Free some space there; nothing that was confirmed is lost.",
    sqlite3.SQLITE_READONLY: "{where} may not be written. Make it and its folder writable for Carrel's user.",
    sqlite3.SQLITE_CANTOPEN: "{where} cannot be opened. Check that its folder exists and that Carrel's user may write there.",
    sqlite3.SQLITE_PERM: "{where} may not be opened. Make it readable and writable for Carrel's user.",
    sqlite3.SQLITE_IOERR: "{where} cannot be used, because its disk reports errors. Check the disk and the system's log.",
    sqlite3.SQLITE_CORRUPT: "{where} is damaged. Stop Carrel and put back a backup.",
    sqlite3.SQLITE_NOTADB: "{where} is not a database. Move it away, or name another file.",
    sqlite3.SQLITE_BUSY: "{where} is held by another program for too long. Close what else has it open.",
    sqlite3.SQLITE_LOCKED: "{where} is held by another program for too long. Close what else has it open.",
}


def explain(error: Exception, where: str, *, reading: bool) -> CarrelError | None:
    """None for what is no failure of the database but of the caller, or of ours."""
    driver_error = error.orig if isinstance(error, exc.DBAPIError) else error
    if reading and _refused_to_write(driver_error):
        return Internal(
            "Something that was only to read tried to write. This is a mistake in Carrel.", detail=str(error)
        )
    if isinstance(driver_error, sqlite3.Error):
        return _sqlite(driver_error, where)
    if isinstance(error, exc.DBAPIError):
        return _postgresql(error, where)
    if isinstance(error, OSError | TimeoutError | exc.TimeoutError):
        return _away(error, where)
    return None


def _refused_to_write(error: BaseException | None) -> bool:
    return sqlite_code(error) == sqlite3.SQLITE_READONLY or getattr(error, "sqlstate", None) == "25006"


def _sqlite(error: sqlite3.Error, where: str) -> Unavailable | None:
    if "no such table" in str(error):
        return _empty(error, where)
    sentence = _SQLITE.get(sqlite_code(error))
    return Unavailable(sentence.format(where=where), detail=str(error)) if sentence else None


def _postgresql(error: exc.DBAPIError, where: str) -> Unavailable | None:
    state = sqlstate(error)
    if state == "42P01":
        return _empty(error, where)
    if state.startswith("53"):
        return Unavailable(
            f"{where} has no room or no connection left. Give it more; nothing that was confirmed is lost.",
            detail=str(error.orig),
        )
    if error.connection_invalidated or state[:2] in {"08", "57", "28", "3D"}:
        return _away(error, where)
    return None


def sqlite_code(error: BaseException | None) -> int:
    """The primary one of SQLite's result codes, or 0."""
    driver_error = error.orig if isinstance(error, exc.DBAPIError) else error
    code: int = getattr(driver_error, "sqlite_errorcode", 0)
    return code & 0xFF


def sqlstate(error: exc.DBAPIError) -> str:
    """PostgreSQL's five characters, or nothing."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def _empty(error: Exception, where: str) -> Unavailable:
    return Unavailable(f"{where} has no tables of this version yet. Run `carrel migrate`.", detail=str(error))


def _away(error: Exception, where: str) -> Unavailable:
    return Unavailable(
        f"{where} does not let us in, or does not answer. Check that it runs and that the address, user and password are right.",
        detail=str(error),
    )
