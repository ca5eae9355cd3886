"""/doctor: what is wrong with this Carrel and its machine, for admins. The same findings as `carrel doctor`."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from carrel.services import checkup
from carrel.web.api.answers import told
from carrel.web.api.asked import Asked
from carrel.web.api.v1 import render
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1

router = APIRouter(prefix=PREFIX + "/doctor", tags=["doctor"])

Fresh = Annotated[bool, Query(description="Look again, although somebody looked a few seconds ago.")]


@router.get(
    "", operation_id="doctor.look", response_model=v1.Checkup, summary="Findings about Carrel and its machine"
)
async def look(asked: Asked, fresh: Fresh = False) -> Response:
    found = await checkup.look(asked.request.app.state.checkup, asked.actor, afresh=fresh)
    return told(render.checkup(found))
