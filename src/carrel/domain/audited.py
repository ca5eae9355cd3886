"""Everything that is written into the audit trail, with words for people. A test finds what is written and does not stand here."""

from collections.abc import Mapping
from typing import Final

ACTIONS: Final[Mapping[str, str]] = {
    "change": "changed a pool",
    "claim": "asked for a workspace",
    "close_report": "saw to a report",
    "configure": "changed by the settings",
    "create_home": "made a home",
    "create_token": "made a token",
    "create_user": "made an account",
    "delete_home": "deleted a home",
    "disable_user": "disabled an account",
    "download_home": "downloaded somebody's files",
    "enable_user": "enabled an account",
    "enter": "went into somebody's workspace",
    "extend": "extended a workspace",
    "give_back": "gave a workspace back",
    "invite_user": "made a link for somebody",
    "keep": "kept a workspace after all",
    "make_link": "made a sign-in link",
    "release": "released a workspace",
    "remove_home": "removed a deleted home's files",
    "rename_home": "renamed a home",
    "rename_user": "renamed somebody",
    "report": "reported a failure",
    "restore_home": "had a home back",
    "restart": "restarted a workspace",
    "revoke_token": "revoked a token",
    "set_password": "set a password",
    "set_role": "changed a role",
    "sign_in": "signed in",
    "sign_out": "signed out",
    "sign_out_everywhere": "signed somebody out everywhere",
    "stop": "stopped a workspace",
}
