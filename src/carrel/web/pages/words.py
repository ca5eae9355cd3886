"""Numbers as people say them."""

from datetime import datetime, timedelta


def about(duration: timedelta | None) -> str:
    """ "about 40 seconds"; nobody believes "41.3 seconds"."""
    if duration is None:
        return "a while"
    seconds = max(0.0, duration.total_seconds())
    if seconds < 5:
        return "a few seconds"
    if seconds < 55:
        return f"about {round(seconds / 5) * 5} seconds"
    minutes = round(seconds / 60)
    if minutes < 90:
        return "about a minute" if minutes <= 1 else f"about {minutes} minutes"
    return f"about {round(minutes / 60)} hours"


def moment(at: datetime | None) -> str:
    """For the `datetime` of a time element, and for those who read it without JavaScript."""
    return at.strftime("%Y-%m-%d %H:%M UTC") if at is not None else ""
