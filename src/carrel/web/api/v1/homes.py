"""/homes: files apart from every workspace: what there is, made, named, deleted, had back, and downloaded as an archive."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Query, Response

from carrel.domain.ids import HomeId, UserId
from carrel.rules.adoption import Wish
from carrel.rules.escape import Rule
from carrel.rules.volume_names import pattern
from carrel.services import adopting, homes
from carrel.services.adopting import Adoption
from carrel.services.homes import HomeView
from carrel.web import download
from carrel.web.api.answers import told, told_list
from carrel.web.api.asked import Asked, Question
from carrel.web.api.once import once
from carrel.web.api.v1.prefix import PREFIX
from carrel.web.navigation import comes_from_elsewhere
from carrel.wire import v1
from carrel.wire.v1.shape import Id

router = APIRouter(prefix=PREFIX + "/homes", tags=["homes"])


@router.get(
    "",
    operation_id="homes.page",
    response_model=v1.Page[v1.Home],
    summary="Somebody's homes by name, deleted ones last",
)
async def page(asked: Asked, user: Annotated[Id | None, Query()] = None) -> Response:
    found = await homes.page(asked.context, asked.actor, user_id=UserId(user) if user else None)
    return told_list(found, render)


@router.post(
    "", operation_id="homes.create", response_model=v1.Home, status_code=201, summary="Make an empty home"
)
async def create(asked: Asked, body: v1.HomeRequest) -> Response:
    return await once(asked, body, lambda: _create(asked, body))


async def _create(asked: Question, body: v1.HomeRequest) -> Response:
    user_id = UserId(body.user) if body.user else None
    made = await homes.create(asked.context, asked.actor, body.name, user_id=user_id)
    return told(render(made), 201, {"Location": f"{PREFIX}/homes/{made.home.id}"})


@router.post(
    "/adopt",
    operation_id="homes.adopt",
    response_model=v1.HomeAdoption,
    summary="Take over the volumes of an older system as homes of the people here, where they lie. For admins; repeating it is harmless",
)
async def adopt(asked: Asked, body: v1.HomeAdoptionRequest) -> Response:
    return await once(asked, body, lambda: _adopt(asked, body))


async def _adopt(asked: Question, body: v1.HomeAdoptionRequest) -> Response:
    rules = (Rule(body.escape),) if body.escape is not None else tuple(Rule)
    wish = Wish(pattern(body.pattern), rules, body.home, body.create_people)
    done = await adopting.adopt(asked.context, asked.actor, wish, backend=body.backend, dry_run=body.dry_run)
    return told(_render_adoption(done))


@router.get("/{home_id}", operation_id="homes.get", response_model=v1.Home, summary="One home")
async def get(asked: Asked, home_id: Id) -> Response:
    return told(render(await homes.get(asked.context, asked.actor, HomeId(home_id))))


@router.patch(
    "/{home_id}", operation_id="homes.rename", response_model=v1.Home, summary="Give it another name"
)
async def rename(asked: Asked, home_id: Id, body: v1.HomeChange) -> Response:
    return told(render(await homes.rename(asked.context, asked.actor, HomeId(home_id), body.name)))


@router.delete(
    "/{home_id}",
    operation_id="homes.delete",
    response_model=v1.Home,
    summary="Delete it; until `removed_at` it can be restored",
)
async def delete(asked: Asked, home_id: Id) -> Response:
    return told(render(await homes.delete(asked.context, asked.actor, HomeId(home_id))))


@router.post(
    "/{home_id}/restore",
    operation_id="homes.restore",
    response_model=v1.Home,
    summary="Have a deleted one back",
)
async def restore(asked: Asked, home_id: Id) -> Response:
    async def restored() -> Response:
        return told(render(await homes.restore(asked.context, asked.actor, HomeId(home_id))))

    return await once(asked, None, restored)


@router.get(
    "/{home_id}/archive",
    operation_id="homes.archive",
    response_class=Response,
    summary="Its files as a .tar.gz; of one in a running workspace, as they are at that moment",
    responses={
        200: {"content": {download.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
    },
)
async def archive(asked: Asked, home_id: Id) -> Response:
    is_meant = not comes_from_elsewhere(asked.request.headers)
    view, chunks = await homes.archive(asked.context, asked.actor, HomeId(home_id), is_meant=is_meant)
    downloads = asked.request.app.state.downloads
    return await download.archive(chunks, name=view.name, who=asked.name, downloads=downloads)


def render(view: HomeView) -> v1.Home:
    home, placed = view.home, view.placed
    return v1.Home(
        id=home.id,
        name=view.name,
        owner=home.user_id,
        created_at=home.created_at,
        used_at=home.used_at,
        size_bytes=home.size_bytes,
        measured_at=home.measured_at,
        size_warning=view.size_warning,
        workspace=home.workspace_id,
        pool=placed.pool,
        claim=placed.claim_id,
        deleted_at=home.deleted_at,
        removed_at=view.removed_at,
    )


def _render_adoption(done: Adoption) -> v1.HomeAdoption:
    volumes = [
        v1.AdoptedVolume(
            volume=one.volume.name,
            outcome=one.outcome.value,
            sentence=one.sentence,
            user=one.user_id,
            user_name=one.person or None,
            home=one.home or None,
            home_id=one.volume.home_id,
        )
        for one in done.proposals
    ]
    counts = Counter(one.outcome for one in volumes)
    return v1.HomeAdoption(backend=done.backend, volumes=volumes, counts=dict(counts), others=done.others)
