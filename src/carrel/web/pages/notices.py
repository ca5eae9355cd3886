"""What a page says after something was done: the address names it by a word of ours, and nothing else of the address is shown."""

from collections.abc import Mapping
from typing import Final

NOTICES: Final[Mapping[str, str]] = {
    "checked": "Everything was looked at again just now.",
    "left": "You left the queue.",
    "kept": "It goes on. Nothing was stopped.",
    "extended": "It runs longer now.",
    "restarted": "You asked for a restart.",
    "reported": "The administrators were told. The timeline and the last lines of the log went along.",
    "report-done": "That report was seen to.",
    "home-made": "It is there, and empty. Choose it when you open a workspace.",
    "home-named": "It has that name now.",
    "home-back": "You have it back, with all files.",
    "password": "Your password was changed. Every other browser was signed out.",
    "profile": "Saved. Workspaces you open from now on know it.",
    "variable-kept": "It is kept. Workspaces you open from now on have it.",
    "variable-gone": "It is forgotten. Workspaces that run keep it until they stop.",
    "revoked": "That token is worth nothing any more.",
    "person-password": "Their password is the one you typed. They are signed out everywhere.",
    "person-name": "They are called so now.",
    "person-sign-out": "They are signed out everywhere.",
    "person-make-admin": "They are an admin now.",
    "person-make-user": "They are no admin any more.",
    "person-disable": "The account is disabled. What they held is being stopped; files are kept.",
    "person-enable": "They can sign in again.",
    "workspaces-stopped": "They are being stopped. Files are kept.",
    "none-stopped": "Nothing was left to stop.",
    "stopped": "It is being stopped. Files are kept.",
    "pool-saved": "Saved. The planner is at work on it.",
    "pool-same": "Nothing was different, so nothing was changed.",
    "template-applied": "Applied. Ready ones of the former version are replaced one after another; what people hold goes on.",
    "template-back": "It says again what it said then. Ready ones are replaced one after another; what people hold goes on.",
    "pool-resume": "Resumed: it starts workspaces again.",
}
