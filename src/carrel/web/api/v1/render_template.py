"""Templates to wire. What people see leaves out the environment, which may hold secrets. Asks nothing of anybody."""

from collections.abc import Iterable

from carrel.domain.parameter import Choice, Number, Parameter, Text
from carrel.domain.template import Template
from carrel.rules.difference import Difference
from carrel.services.template_preview import PoolChange, TemplatePreview
from carrel.services.templates import Kept, Whole
from carrel.wire import v1


def template(found: Template) -> v1.Template:
    return v1.Template(
        name=found.name,
        version=found.version,
        title=found.title,
        description=found.description,
        image=found.image,
        open=found.open,
        home=found.home,
        memory=found.memory,
        price_per_hour=found.price_per_hour,
        icon=found.icon,
        parameters=[parameter(one) for one in found.parameters],
    )


def parameter(found: Parameter) -> v1.TemplateParameter:
    words = {"name": found.name, "title": found.title, "description": found.description}
    match found:
        case Choice():
            return v1.TemplateParameter(
                type="choice", default=found.default, options=list(found.options), **words
            )
        case Number():
            return v1.TemplateParameter(
                type="number",
                default=found.default,
                least=found.least,
                most=found.most,
                step=found.step,
                **words,
            )
        case Text():
            return v1.TemplateParameter(
                type="text", default=found.default, pattern=found.pattern, longest=found.longest, **words
            )


def version(found: Kept) -> v1.TemplateVersion:
    return v1.TemplateVersion(
        version=found.template.version,
        created_at=found.created_at,
        is_current=found.is_current,
        title=found.template.title,
        warm=found.warm,
        claimed=found.claimed,
        others=found.others,
    )


def whole_version(found: Whole) -> v1.WholeTemplateVersion:
    return v1.WholeTemplateVersion(
        **version(found.kept).model_dump(),
        definition=found.definition,
        toml=found.text,
        changes=_changes(found.differences),
    )


def preview(found: TemplatePreview) -> v1.TemplatePreview:
    return v1.TemplatePreview(
        version=found.wanted.version,
        changes=_changes(found.differences),
        pools=[_in_pool(one) for one in found.pools],
    )


def _in_pool(found: PoolChange) -> v1.TemplatePoolPreview:
    told = found.replacing
    return v1.TemplatePoolPreview(
        pool=found.pool.name,
        sentence=told.sentence,
        replaced=told.replaced,
        staying=told.staying,
        kept=told.kept,
        is_whole=told.is_whole,
    )


def _changes(found: Iterable[Difference]) -> list[v1.TemplateDifference]:
    return [v1.TemplateDifference(field=one.where, was=one.was, becomes=one.becomes) for one in found]
