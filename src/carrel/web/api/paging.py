"""The query parameters of lists."""

from typing import Annotated

from fastapi import Query

After = Annotated[
    str | None, Query(max_length=1000, description="`next` of the page before; absent for the first.")
]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
Since = Annotated[
    int, Query(ge=0, le=2**31 - 1, description="Number of the last event already known; 0 for all.")
]
