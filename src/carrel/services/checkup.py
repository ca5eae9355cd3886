"""A look over Carrel and its machine, for admins. It tells of paths, processes and people's names, so nobody else is told."""

from carrel.domain.actor import Actor
from carrel.domain.errors import Unavailable
from carrel.domain.finding import Diagnosis
from carrel.ports.checkup import Checkup
from carrel.rules.access import Action, require


async def look(checkup: Checkup | None, actor: Actor, *, afresh: bool = False) -> Diagnosis:
    """Raises Forbidden, and Unavailable where nobody can look."""
    require(actor, Action.ADMINISTER)
    if checkup is None:
        raise Unavailable("There is no doctor here. On Carrel's machine, say `carrel doctor`.")
    return await checkup.look(afresh=afresh)
