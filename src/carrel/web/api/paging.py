"""The two query parameters of every list."""

from typing import Annotated

from fastapi import Query

After = Annotated[
    str | None, Query(max_length=200, description="`next` of the page before; absent for the first.")
]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
