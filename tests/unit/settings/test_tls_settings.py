"""Which certificate belongs to which listener, and what is refused before anything starts."""

from pathlib import Path

import pytest

from carrel.domain.errors import Invalid
from carrel.settings import load

HTTPS = {"public_url": "https://carrel.example.org", "workspaces_url": "https://*.labs.example.net:8443"}
HUB = {"tls_certificate": "/etc/hub.pem", "tls_key": "/etc/hub.key"}
WORKSPACES = {"workspaces_tls_certificate": "/etc/labs.pem", "workspaces_tls_key": "/etc/labs.key"}
HOME = {"HOME": "/home/ada"}


def test_the_workspaces_show_the_hubs_unless_they_have_their_own() -> None:
    hub, labs = (Path("/etc/hub.pem"), Path("/etc/hub.key")), (Path("/etc/labs.pem"), Path("/etc/labs.key"))
    one, two = load(None, HTTPS | HUB, HOME), load(None, HTTPS | HUB | WORKSPACES, HOME)
    assert one.certificates() == {"hub": hub, "workspaces": hub}
    assert two.certificates() == {"hub": hub, "workspaces": labs}
    assert load(None, HTTPS, HOME).certificates() == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (HTTPS | {"tls_key": "/k"}, "tls_key is set and tls_certificate is not"),
        (HTTPS | HUB | {"workspaces_tls_certificate": "/c"}, "workspaces_tls_key is not"),
        (HTTPS | WORKSPACES, "the hub needs one too"),
        (HUB, "give public_url and workspaces_url that begin with"),
        (
            HUB | {"public_url": "https://localhost:8000"},
            "give public_url and workspaces_url that begin with",
        ),
    ],
)
def test_half_a_pair_or_plain_addresses_are_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(Invalid) as raised:
        load(None, given, HOME)
    assert said in raised.value.sentence
