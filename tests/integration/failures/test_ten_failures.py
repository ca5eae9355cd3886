"""Ten failures, each planted through real parts, and what the person's page says: the cause, and whose problem it is."""

import asyncio
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from carrel.domain.actor import Role
from carrel.domain.cause import Whose
from carrel.domain.reason import ReasonCode
from carrel.drivers.memory import MemoryDriver, World
from carrel.ports.driver import DriverError, DriverUnavailable, OutOfCapacity, Rejected, Spec

from .planting import SOON, Answers, House, Planted, local, plain, planted, python

ADMIN = "An administrator has to put this right; you did nothing wrong."
OWN = "You have to put this right, as an administrator."
MACHINE = "This is a problem of the machine; you did nothing wrong."
APP = "The app itself failed; nothing is wrong with your account."

FULL_DISK = "open('/dev/full', 'w').write('x' * 10_000)"
"""The system's own "No space left on device"."""
NO_MEMORY = (
    "import resource; resource.setrlimit(resource.RLIMIT_AS, (200_000_000,) * 2); bytearray(10_000_000_000)"
)
PORT_TAKEN = (
    "import socket; a = socket.create_server(('127.0.0.1', 0)); socket.socket().bind(a.getsockname())"
)
NO_ROAD = "import socket; socket.create_connection(('127.0.0.1', 1), timeout=1)"
LOCKED_OUT = "raise PermissionError(13, 'Permission denied', '/etc/shadow')"


class Faulty(MemoryDriver):
    """Instances in memory, until something is planted."""

    def __init__(self, house: House) -> None:
        super().__init__(World(), place=(house.context.installation, "there"), port=9)
        self.at_create: DriverError | None = None
        self.at_list: DriverError | None = None
        self.at_attach: DriverError | None = None

    async def create(self, spec: Spec) -> None:
        if self.at_create is not None:
            raise self.at_create
        await super().create(spec)

    async def attach(self, workspace_id: Any, home_id: Any) -> None:
        if self.at_attach is not None:
            raise self.at_attach
        await super().attach(workspace_id, home_id)

    async def list(self) -> Any:
        if self.at_list is not None:
            raise self.at_list
        return await super().list()


@dataclass(frozen=True)
class Case:
    """How an app of the local driver fails before it was ever ready."""

    program: str
    code: str
    sentence: str
    blame: str
    printed: str = ""


STARTS = {
    "crash": Case(
        "raise RuntimeError('I cannot find my keys')",
        "crash",
        "The app crashed while it was starting.",
        APP,
        "RuntimeError: I cannot find my keys",
    ),
    "memory": Case(NO_MEMORY, "memory", "Memory ran out while the app was starting.", MACHINE, "MemoryError"),
    "disk": Case(FULL_DISK, "disk", "The disk of the machine is full.", MACHINE, "No space left on device"),
    "port": Case(
        PORT_TAKEN,
        "port",
        "The network port that the app needs is taken by another program.",
        MACHINE,
        "Address already in use",
    ),
    "permission": Case(
        LOCKED_OUT,
        "permission",
        "The permission to use something that the app needs is missing.",
        ADMIN,
        "Permission denied",
    ),
    "network": Case(
        NO_ROAD,
        "network",
        "The app could not reach something that it needs on the network, and ended.",
        APP,
        "Connection refused",
    ),
    "quit": Case("pass", "quit", "The app ended as soon as it had started, without an error.", ADMIN),
    "command not found by a shell": Case(
        "import sys; sys.exit(127)",
        "command",
        "The program that this workspace runs is not installed on its machine.",
        ADMIN,
    ),
}


@pytest.mark.parametrize("case", STARTS.values(), ids=STARTS)
async def test_an_app_that_ends_at_its_start_names_the_cause(
    house: House, tmp_path: Path, case: Case
) -> None:
    async with planted(house, local(house, tmp_path), command=python(case.program)) as lab:
        page = await lab.opened()
        text = await lab.told(page, case.sentence, case.blame, case.printed)
        assert "It goes on by itself." in text
        told = await lab.failure(page)
        assert (told["code"], told["is_over"]) == (case.code, False)
        assert case.sentence in (await lab.trouble() or "")


async def test_a_missing_command(house: House, tmp_path: Path) -> None:
    async with planted(house, local(house, tmp_path), command=("/nowhere/app",)) as lab:
        page = await lab.opened()
        await lab.told(page, "The program that this workspace runs is not installed on its machine.", ADMIN)
        told = await lab.failure(page)
        assert told["detail"] == (
            'The program "/nowhere/app" was not found: install it or change templates.lab.command.'
        )
        assert "/nowhere/app" in (await lab.trouble_of_admins() or "")
        assert "/nowhere" not in (await lab.trouble() or ""), "places on the machine are told to admins"


async def test_a_command_that_may_not_be_run(house: House, tmp_path: Path) -> None:
    program = tmp_path / "app"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o644)
    async with planted(house, local(house, tmp_path / "state"), command=(str(program),)) as lab:
        page = await lab.opened()
        await lab.told(page, "The permission to use something that the app needs is missing.", ADMIN)
        assert (await lab.failure(page))["code"] == "permission"


async def test_a_command_that_is_no_program(house: House, tmp_path: Path) -> None:
    program = tmp_path / "app"
    program.write_bytes(b"\x7fELF and nothing that follows")
    program.chmod(0o755)
    async with planted(house, local(house, tmp_path / "state"), command=(str(program),)) as lab:
        page = await lab.opened()
        await lab.told(page, "The program that this workspace runs is not installed on its machine.", ADMIN)


async def test_an_app_that_never_answers(house: House, tmp_path: Path) -> None:
    command = python("import time; print('still thinking', flush=True); time.sleep(60)")
    async with planted(house, local(house, tmp_path), command=command, **SOON) as lab:
        page = await lab.opened()
        await lab.told(page, "The app was started and did not answer in time.", APP, "still thinking")
        assert (await lab.failure(page))["code"] == "timeout"


async def test_every_port_of_the_backend_is_taken(house: House, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        driver = local(house, tmp_path, ports=f"{taken}-{taken}")
        async with planted(house, driver, command=python("pass")) as lab:
            page = await lab.opened()
            await lab.told(page, "The network port that the app needs is taken by another program.", MACHINE)
            assert f"{taken}-{taken}" in (await lab.failure(page))["detail"]


async def test_an_image_that_is_not_there(house: House) -> None:
    driver = Faulty(house)
    driver.at_create = Rejected("lab/nothing:1 is not in the registry.", ReasonCode.IMAGE_MISSING)
    async with planted(house, driver) as lab:
        page = await lab.opened()
        await lab.told(
            page, "The image that this workspace is made from is missing, or may not be fetched.", ADMIN
        )
        assert (await lab.failure(page))["code"] == "image"


async def test_a_backend_that_is_away_when_it_is_to_start_one(house: House) -> None:
    driver = Faulty(house)
    driver.at_create = DriverUnavailable("The engine does not answer on its socket.")
    async with planted(house, driver) as lab:
        page = await lab.opened()
        await lab.told(
            page, "The network or the machine that runs the workspaces cannot be reached.", MACHINE
        )
        assert (await lab.failure(page))["code"] == "network"


async def test_a_backend_that_cannot_even_be_asked_and_comes_back(house: House) -> None:
    driver = Faulty(house)
    driver.at_list = DriverUnavailable("The engine does not answer on its socket.")
    async with planted(house, driver) as lab:
        page = await lab.opened()
        await lab.told(
            page, "The network or the machine that runs the workspaces cannot be reached.", MACHINE
        )
        assert "The engine does not answer on its socket." in (await lab.trouble_of_admins() or "")
        driver.at_list = None
        async with asyncio.timeout(10):
            while await lab.trouble() is not None:
                await asyncio.sleep(0.05)


async def test_a_backend_that_is_full(house: House) -> None:
    driver = Faulty(house)
    driver.at_create = OutOfCapacity("The quota of 8 processors is used up.")
    async with planted(house, driver) as lab:
        page = await lab.opened()
        await lab.told(page, "The machine is full: its limit is reached.", MACHINE)
        assert (await lab.failure(page))["code"] == "limit"


async def test_files_that_cannot_be_brought_in_for_now(house: House) -> None:
    driver = Faulty(house)
    driver.at_attach = DriverUnavailable("The share with the homes is not mounted.")
    async with planted(house, driver, probe=Answers(it_does=True)) as lab:
        page = await lab.opened()
        await lab.told(page, "Your files could not be brought in.", ADMIN, "Nothing of yours is lost.")
        told = await lab.failure(page)
        assert (told["code"], told["is_over"]) == ("files", False)
        assert told["detail"].endswith("The share with the homes is not mounted.")
        driver.at_attach = None
        async with asyncio.timeout(10):
            while (await lab.browser.get(page)).status_code != 303:
                lab.look()
                await asyncio.sleep(0.1)
        claim = page.rpartition("/")[2]
        assert (await lab.browser.get(f"/hub/api/v1/claims/{claim}/failure")).status_code == 204


async def test_files_that_no_workspace_takes_are_a_trouble_of_the_pool(house: House) -> None:
    driver = Faulty(house)
    driver.at_attach = Rejected("The home has an owner that is not known here.")
    async with planted(house, driver, probe=Answers(it_does=True)) as lab:
        page = await lab.opened()
        await lab.told(page, "Your files could not be brought in.", ADMIN)
        assert (await lab.failure(page))["code"] == "files"


async def test_a_pool_that_is_full(house: House) -> None:
    async with planted(house, Faulty(house), probe=Answers(it_does=True), limit=1) as lab:
        other = await house.browser(await house.person("bob", Role.USER))
        await _held(Planted(house, other))
        page = await lab.opened()
        await lab.told(
            page, "The only workspace of this pool is taken.", "As soon as somebody gives one back"
        )
        told = await lab.failure(page)
        assert (told["code"], told["whose"]) == ("limit", Whose.ADMIN)
        assert "its limit is reached" in told["sentence"]


async def test_a_paused_pool(house: House) -> None:
    async with planted(house, Faulty(house), paused=True) as lab:
        page = await lab.opened()
        await lab.told(page, "This pool is paused", "administrator")
        assert "paused this pool" in (await lab.failure(page))["sentence"]


async def test_ones_own_limit(house: House) -> None:
    async with planted(house, Faulty(house), probe=Answers(it_does=True), per_user=1) as lab:
        page = await _held(lab)
        front = await lab.browser.get("/hub/open/lab/second")
        key = front.text.partition('name="form_key" value="')[2].partition('"')[0]
        refused = await lab.browser.post("/hub/open/lab/second", data={"form_key": key})
        assert refused.status_code == 429, page
        assert "You already hold 1 of 1 in this pool. Release one first." in plain(refused.text)


@dataclass(frozen=True)
class End:
    """How an app fails in somebody's hands."""

    last_line: str
    code: str
    sentence: str
    blame: str


ENDS = {
    "killed": End(
        "os.kill(os.getpid(), 9)",
        "memory",
        "The app was ended by force, most likely because memory ran out.",
        "This is a limit of the machine, which all who work on it share.",
    ),
    "crashed": End("os.kill(os.getpid(), 11)", "crash", "The app crashed.", APP),
    "disk full": End(FULL_DISK, "disk", "The disk is full, so the app could not go on.", MACHINE),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_what_ends_in_somebodys_hands_has_a_page_of_its_own(
    house: House, tmp_path: Path, end: End
) -> None:
    go = tmp_path / "go"
    program = (
        "import os, time, pathlib; print('line one', flush=True)\n"
        f"while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.02)\n{end.last_line}"
    )
    driver = local(house, tmp_path / "state")
    async with planted(house, driver, command=python(program), probe=Answers(it_does=True)) as lab:
        page = await _held(lab)
        go.touch()
        text = await lab.told(page, "Lab failed", end.sentence, end.blame, "line one", "Your files are kept")
        assert "Try again" in text
        raw = (await lab.browser.get(page)).text
        assert 'action="/hub/open/lab"' in raw
        assert 'action="/hub/reports"' in raw
        told = await lab.failure(page)
        assert (told["code"], told["is_over"]) == (end.code, True)
        assert await lab.trouble() is None, "what somebody does in theirs is no trouble of the pool"


async def test_the_last_lines_outlive_it_without_its_secret(house: House, tmp_path: Path) -> None:
    program = (
        "import os; print('one\\n\\x1b[31mtwo\\x1b[0m\\ntoken', os.environ['TOKEN']); raise SystemExit(5)"
    )
    async with planted(house, local(house, tmp_path), command=python(program)) as lab:
        page = await lab.opened()
        await lab.told(page, "The app crashed while it was starting.", "token …")
        assert (await lab.failure(page))["lines"] == ["one", "two", "token …"]


async def test_what_is_shut_down_from_inside_is_no_failure(house: House, tmp_path: Path) -> None:
    go = tmp_path / "go"
    program = f"import time, pathlib\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(0.02)"
    driver = local(house, tmp_path / "state")
    async with planted(house, driver, command=python(program), probe=Answers(it_does=True)) as lab:
        page = await _held(lab)
        go.touch()
        text = await lab.told(page, "This workspace has ended", "The app was shut down from inside.")
        assert "failed" not in text


async def test_an_admin_who_looks_sees_what_to_do_and_no_buttons_of_the_person(
    house: House, tmp_path: Path
) -> None:
    driver = Faulty(house)
    async with planted(house, driver, probe=Answers(it_does=True)) as lab:
        page = await _held(lab)
        for instance in await driver.list():
            driver.crash(instance.workspace_id, "The program ended by itself, with exit status 3.")
        await lab.told(page, "The app crashed.")
        admin = await house.browser(await house.person("root", Role.ADMIN))
        answer = await admin.get(page)
        assert "For administrators: Read what it printed last." in plain(answer.text)
        assert "Try again" not in answer.text
        assert (await (await house.browser(await house.person("eve"))).get(page)).status_code == 404


async def test_only_those_who_may_see_it_are_told_why_it_failed(house: House) -> None:
    driver = Faulty(house)
    async with planted(house, driver, probe=Answers(it_does=True)) as lab:
        page = await _held(lab)
        for instance in await driver.list():
            driver.crash(instance.workspace_id, "The program ended by itself, with exit status 3.")
        await lab.told(page, "The app crashed.")
        claim = (await lab.browser.get(f"/hub/api/v1/claims/{page.rpartition('/')[2]}")).json()
        places = [f"claims/{claim['id']}/failure", f"workspaces/{claim['workspace']['id']}/failure"]
        for name, role, status in (("root", Role.ADMIN, 200), ("eve", Role.USER, 404)):
            somebody = await house.browser(await house.person(name, role))
            answers = [await somebody.get(f"/hub/api/v1/{place}") for place in places]
            assert [answer.status_code for answer in answers] == [status, status]
        own = (await lab.browser.get(f"/hub/api/v1/{places[1]}")).json()
        assert (own["code"], own["whose"], own["is_over"]) == ("crash", "app", True)


async def test_an_admin_is_not_told_that_an_admin_has_to_act(house: House) -> None:
    driver = Faulty(house)
    async with planted(house, driver, probe=Answers(it_does=True)) as lab:
        page = await _held(lab)
        for instance in await driver.list():
            driver.crash(instance.workspace_id, "Error: no such image.")
        await lab.told(page, ADMIN, "It cannot start until this is corrected.")
        admin = await house.browser(await house.person("root", Role.ADMIN))
        text = plain((await admin.get(page)).text)
        assert OWN in text
        assert ADMIN not in text


async def test_an_admin_who_waits_is_told_what_to_do_and_where(house: House) -> None:
    driver = Faulty(house)
    driver.at_create = Rejected("templates.lab.command is empty.")
    async with planted(house, driver) as lab:
        page = await lab.opened()
        assert "Tell an administrator" in await lab.told(page, ADMIN)
        root = await house.browser(await house.person("root", Role.ADMIN))
        shown = (await root.get(page)).text
        assert f"{OWN} Correct the template as the message says." in plain(shown)
        assert ADMIN not in plain(shown)
        assert "Tell an administrator" not in shown
        assert '"/hub/admin/pools/lab"' in shown


async def test_one_that_works_again_ends_the_trouble(house: House) -> None:
    driver = Faulty(house)
    driver.at_create = Rejected("templates.lab.command is empty.")
    async with planted(house, driver, probe=Answers(it_does=True)) as lab:
        page = await lab.opened()
        await lab.told(page, "The template of this workspace has a mistake in it.", ADMIN)
        driver.at_create = None
        async with asyncio.timeout(20):
            while (await lab.browser.get(page)).status_code != 303:
                lab.look()
                await asyncio.sleep(0.1)
        assert await lab.trouble() is None


async def _held(lab: Planted) -> str:
    """A workspace of theirs that runs."""
    page = await lab.opened()
    async with asyncio.timeout(10):
        while (await lab.browser.get(page)).status_code != 303:
            await asyncio.sleep(0.02)
    return page
