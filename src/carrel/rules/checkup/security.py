"""CRL6xx: who could come in, or reach further than they should? Judges settings and accounts; changes none."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from carrel.domain.finding import Finding
from carrel.rules.checkup.kind import Kind

ADMIN: Final = Kind(
    "CRL601",
    "A way in for admins",
    "The link of each start is good once and for a day. Without a password, an admin needs a shell on this machine to come back.",
    "`carrel user password NAME` for an admin, or set it on the account page.",
)
BOOTSTRAP: Final = Kind(
    "CRL602",
    "Bootstrap token",
    "It is an admin's, ends never, and stands wherever the environment was written down.",
    "Make a token for the script (`carrel token create`), take CARREL_BOOTSTRAP_TOKEN away, and revoke the old one.",
)
TLS: Final = Kind(
    "CRL603",
    "Encryption on the way",
    "Over plain http everybody on the way reads passwords, cookies and notebooks.",
    "Set tls_certificate and tls_key, or put a proxy with a certificate in front (docs/how-to/use-tls.md); give public_url and workspaces_url with https://.",
)
DOMAINS: Final = Kind(
    "CRL604",
    "Hub and workspaces apart",
    "Pages of one registrable domain count as one site to browsers: a workspace could plant cookies for the hub.",
    "Give the workspaces another registrable domain, e.g. hub at carrel.example.org, workspaces below example.net.",
)
ONE_TRUST: Final = Kind(
    "CRL605",
    "Workspaces apart from one another",
    "The local driver runs everybody's programs as one user of this machine: each can read the others' files.",
    "Fine for one person or people who trust one another. Otherwise use a backend that isolates, such as docker (docs/how-to/run-in-docker.md).",
)
ROOT: Final = Kind(
    "CRL606",
    "Carrel's user",
    "The local driver's workspaces run as the user that runs Carrel: every notebook may do anything to this machine.",
    "Make a user for it (docs/how-to/run-as-a-service.md) and give it the state directory.",
)
HOPS: Final = Kind(
    "CRL607",
    "Proxies in front",
    "Without it every visitor seems to come from the proxy: failed sign-ins of one slow everybody down.",
    "Set trusted_hops to how many proxies of yours stand in front (usually 1).",
)
ALL: Final = (ADMIN, BOOTSTRAP, TLS, DOMAINS, ONE_TRUST, ROOT, HOPS)

_SHARED_ENDINGS: Final = frozenset({"ac", "co", "com", "edu", "gov", "net", "org", "or", "ne", "go"})
"""Second names under a country's that anybody may register below, e.g. co.uk. Not all there are: a guess errs towards a warning."""


def admin(admins: int, with_password: Sequence[str]) -> Finding:
    if with_password:
        return ADMIN.good(f"{_people(with_password)} can sign in with a password.")
    if admins == 1:
        return ADMIN.warning("The only admin has no password.")
    return ADMIN.warning(f"None of the {admins} admins has a password." if admins else "There is no admin.")


def bootstrap(ages: Sequence[timedelta], *, is_set: bool) -> Finding:
    """`ages` of those that are valid; `is_set`: the settings name one now."""
    if not ages:
        return BOOTSTRAP.good("There is none.")
    oldest = max(ages)
    said = f"One has been valid for {oldest.days} days" + (
        "." if is_set else ", and the settings name none any more."
    )
    if oldest > timedelta(days=30) or not is_set:
        return BOOTSTRAP.warning(said)
    return BOOTSTRAP.good(said)


def tls(hub: str, *, is_public: bool) -> Finding:
    """`is_public`: other machines can reach it."""
    if hub.startswith("https://"):
        return TLS.good(f"People come by {hub}.")
    if is_public:
        return TLS.bad(f"People come by {hub} from other machines.")
    return TLS.good("Nothing leaves this machine.")


def domains(hub: str, workspaces: str) -> Finding:
    """Host names. Names of this machine are no domains, and the host name of each workspace is wall enough there."""
    if _is_local(hub) or _is_local(workspaces):
        return DOMAINS.good("On this machine each workspace has a host name of its own.")
    if registrable(hub) == registrable(workspaces):
        return DOMAINS.warning(
            f"The hub ({hub}) and the workspaces ({workspaces}) are both below {registrable(hub)}."
        )
    return DOMAINS.good(f"{registrable(hub)} and {registrable(workspaces)} are two sites.")


def registrable(host: str) -> str:
    """The part that somebody registered, guessed without the list of all public endings. An address is its own."""
    if ":" in host or host.replace(".", "").isdecimal():
        return host
    parts = host.lower().rstrip(".").split(".")
    has_shared = len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in _SHARED_ENDINGS
    return ".".join(parts[-3:] if has_shared else parts[-2:])


def one_trust(local_pools: Sequence[str], *, is_public: bool) -> Finding:
    if local_pools and is_public:
        return ONE_TRUST.warning(
            f"{_people(local_pools)} run with the local driver, and people of other machines can come."
        )
    return ONE_TRUST.good(
        "The local driver serves this machine only." if local_pools else "No pool uses the local driver."
    )


def root(*, is_root: bool, local_pools: Sequence[str]) -> Finding:
    if is_root and local_pools:
        return ROOT.warning(f"It runs as root, and so do the workspaces of {_people(local_pools)}.")
    return ROOT.good("It is not root." if not is_root else "It is root, but no pool uses the local driver.")


def hops(hub: str, trusted: int, *, encrypts: bool = False) -> Finding:
    """`encrypts`: Envoy speaks TLS itself; otherwise https means that a proxy stands in front."""
    if hub.startswith("https://") and trusted == 0 and not encrypts:
        return HOPS.warning("public_url is https, so a proxy stands in front, and trusted_hops is 0.")
    return HOPS.good(f"{trusted} are believed." if trusted else "None stands in front.")


def _is_local(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")


def _people(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
