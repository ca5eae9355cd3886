"""The files in a person's folder, as every driver delivers them. Pure: text by path; who puts them where is the driver's."""

import json
import shlex
from collections.abc import Mapping
from typing import Final

from carrel.domain.delivery import Delivery
from carrel.ports.driver import Rejected
from carrel.rules.delivery import refusal

OBJECT: Final = "environment.json"
SHELL: Final = "environment"


def check(delivery: Delivery) -> None:
    """Raises Rejected. Its sentence never holds a value."""
    if (sentence := refusal(delivery)) is not None:
        raise Rejected(sentence)


def files(delivery: Delivery) -> dict[str, str]:
    """What was delivered, and its environment for programs and for shells."""
    variables = dict(delivery.environment)
    return {OBJECT: json.dumps(variables), SHELL: exports(variables), **delivery.files}


def exports(variables: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
