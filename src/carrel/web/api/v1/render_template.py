"""Templates to wire. What people see leaves out the environment, which may hold secrets. Asks nothing of anybody."""

from carrel.domain.parameter import Choice, Number, Parameter, Text
from carrel.domain.template import Template
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
