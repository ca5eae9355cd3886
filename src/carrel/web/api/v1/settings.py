"""/settings: what this Carrel was started with and where each value comes from, for admins."""

from fastapi import APIRouter, Response

from carrel.services import settings
from carrel.services.settings import SettingView
from carrel.web.api.answers import told_list
from carrel.web.api.asked import Asked
from carrel.web.api.v1.prefix import PREFIX
from carrel.wire import v1

router = APIRouter(prefix=PREFIX + "/settings", tags=["settings"])


@router.get(
    "",
    operation_id="settings.page",
    response_model=v1.Page[v1.Setting],
    summary="Every setting in effect, and where it comes from; no secrets",
)
async def page(asked: Asked) -> Response:
    return told_list(await settings.page(asked.context, asked.actor), _setting)


def _setting(view: SettingView) -> v1.Setting:
    found = view.setting
    return v1.Setting(
        key=found.key,
        value=found.value,
        running=view.running,
        default=found.default,
        source=found.source,
        line=found.line,
        meaning=found.meaning,
        is_secret=found.is_secret,
    )
