"""What the network of a backend is called, and what the engine is asked for."""

import pytest

from carrel.domain.ids import ID_LENGTH, InstallationId
from carrel.drivers.docker.labels import Owner
from carrel.drivers.docker.network.bridge import bridge_name, network_body, read_subnet

OWNER = Owner(InstallationId("i" + "0" * (ID_LENGTH - 1)), "engine-two")


def test_a_bridge_fits_an_interface_and_is_another_one_for_each_backend_and_installation() -> None:
    others = [
        Owner(OWNER.installation, "engine-one"),
        Owner(InstallationId("j" + "0" * (ID_LENGTH - 1)), OWNER.backend),
        OWNER,
    ]
    bridges = {bridge_name(owner) for owner in others}
    assert len(bridges) == 3
    assert all(len(bridge) <= 15 and bridge.startswith("crl-") for bridge in bridges)


def test_workspaces_of_the_network_do_not_reach_one_another_and_speak_no_ipv6() -> None:
    body = network_body(OWNER, "10.20.0.0/16")
    assert body["Options"]["com.docker.network.bridge.enable_icc"] == "false"
    assert body["EnableIPv6"] is False
    assert body["CheckDuplicate"] is True
    assert body["IPAM"]["Config"] == [{"Subnet": "10.20.0.0/16", "Gateway": "10.20.0.1"}]
    assert body["Labels"] == {"carrel.installation": OWNER.installation, "carrel.backend": "engine-two"}


@pytest.mark.parametrize("text", ["", "10.0.0.0", "10.0.0.1/16", "10.0.0.0/30", "fd00::/64", "here"])
def test_what_is_no_subnet_for_workspaces_is_refused(text: str) -> None:
    assert read_subnet(text) is None


def test_a_subnet_is_read_as_the_engine_writes_it() -> None:
    assert read_subnet("10.20.0.0/16") == "10.20.0.0/16"
