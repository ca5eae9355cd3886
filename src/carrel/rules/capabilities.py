"""Which capabilities of Linux a workspace in a container may keep. One list for who reads settings, who starts containers and who guards the engine."""

from typing import Final

KEEPABLE: Final = frozenset(
    {
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE"),
        *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    }
)
"""They count inside the container only. Engines give two more by themselves: NET_RAW, with which a container answers in its neighbours'
place, and MKNOD.
"""

_OTHERS: Final = frozenset(
    {
        *("AUDIT_CONTROL", "AUDIT_READ", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "DAC_READ_SEARCH", "IPC_LOCK", "IPC_OWNER"),
        *("LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BROADCAST", "NET_RAW", "PERFMON"),
        *("SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE"),
        *("SYS_TIME", "SYS_TTY_CONFIG", "WAKE_ALARM"),
    }
)  # fmt: skip


def refusal(name: str) -> str | None:
    """What is wrong with keeping it, in words for whoever wrote it; None where nothing is."""
    if name in KEEPABLE:
        return None
    if name in _OTHERS:
        return f"{name} reaches beyond the container: no workspace may have it. There are {', '.join(sorted(KEEPABLE))}"
    return f'"{name[:60]}" is no capability; there are {", ".join(sorted(KEEPABLE))}, written so'
