"""`carrel variable`, and an e-mail address: a value comes from standard input or a file, and is printed nowhere."""

from pathlib import Path
from typing import Any

import pytest

from carrel.store import variables

House = Any
Shell = Any


@pytest.fixture
async def ada(house: House, here: Shell) -> Shell:
    await house.person("ada")
    return here


async def kept(house: House) -> dict[str, str]:
    found: dict[str, str] = await house.context.store.read(variables.values, house.people["ada"].id)
    return found


async def test_a_variable_is_set_from_standard_input_or_a_file_listed_and_forgotten(
    house: House, ada: Shell, tmp_path: Path
) -> None:
    said = [await ada.ok("variable", "set", "API_KEY", "--user", "ada", stdin="it's secret\n")]
    key = tmp_path / "key"
    key.write_text("two\nlines\n")
    said.append(await ada.ok("variable", "set", "KEY", "--value-file", str(key), "--user", "ada"))
    assert await kept(house) == {"API_KEY": "it's secret", "KEY": "two\nlines"}
    said.append(await ada.ok("variable", "list", "--user", "ada"))
    assert "API_KEY" in said[-1].out
    assert not any("secret" in each.out + each.err or "lines" in each.out for each in said)
    await ada.ok("variable", "unset", "API_KEY", "--user", "ada")
    assert set(await kept(house)) == {"KEY"}


async def test_what_is_no_name_is_refused_before_the_value_is_sent(house: House, ada: Shell) -> None:
    refused = await ada.run("variable", "set", "../users", "--user", "ada", stdin="it's secret")
    assert "no name of a variable" in refused.err
    assert "it's secret" not in refused.err
    refused = await ada.run("variable", "set", "PATH", "--user", "ada", stdin="it's secret")
    assert "Choose another name." in refused.err
    assert await kept(house) == {}


async def test_an_email_address_is_set_for_somebody(house: House, ada: Shell) -> None:
    shown = (await ada.ok("user", "set", "ada", "--email", "ada@example.org", "--json")).json
    assert shown["email"] == "ada@example.org"
