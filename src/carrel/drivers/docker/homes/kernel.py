"""Mounting by the kernel's own calls, which take open directories instead of paths: nobody can put a link in the way. Linux, as root."""

import ctypes
import errno
import os
import signal
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_OPEN_TREE: Final = 428
_MOVE_MOUNT: Final = 429
_MOUNT_SETATTR: Final = 442
"""These numbers are the same on all machines Linux runs on but Alpha; Python has no names for them."""

_OPEN_TREE_CLONE: Final = 1
_AT_EMPTY_PATH: Final = 0x1000
_BOTH_EMPTY: Final = 0x04 | 0x40
_AT_RECURSIVE: Final = 0x8000
_RDONLY: Final = 0x1
_NOSUID: Final = 0x2
_NODEV: Final = 0x4
_IDMAP: Final = 0x100000
_MS_BIND: Final = 0x1000
_MS_PRIVATE: Final = 1 << 18
_MS_SLAVE: Final = 1 << 19
_MS_SHARED: Final = 1 << 20
_UMOUNT_NOFOLLOW: Final = 8
_MNT_DETACH: Final = 2
_CLONE_NEWUSER: Final = 0x10000000

CANNOT: Final = frozenset(
    {errno.EINVAL, errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOSPC, errno.EUSERS}
)
"""What a kernel or file system says that maps no owners."""
_LIVES: Final = 2
"""Seconds after which a namespace's only process ends by itself, should we be killed."""
_STACK: Final = 64 * 1024


class _Attributes(ctypes.Structure):
    _fields_ = (
        ("set", ctypes.c_uint64),
        ("clear", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("namespace", ctypes.c_uint64),
    )


def bind(directory: str) -> None:
    """Makes it a mount of its own. Raises OSError."""
    path = os.fsencode(directory)
    _checked(_LIBC.mount(path, path, None, ctypes.c_ulong(_MS_BIND), None), directory)


def share(directory: str) -> None:
    """What is mounted below this mount appears in every copy made of it from now on, and nowhere else. Raises OSError."""
    for wanted in (_MS_PRIVATE, _MS_SHARED):
        _checked(_LIBC.mount(None, os.fsencode(directory), None, ctypes.c_ulong(wanted), None), directory)


def mount_over(source: int, target: int, *, namespace: int | None, what: str) -> None:
    """`source` and `target`: open directories. Without set-user-id programs and devices; owners are as the namespace maps them. What is
    mounted in it later does not appear at the source. Whoever looks sees it whole or not at all. Raises OSError.
    """
    flags = _NOSUID | _NODEV | (_IDMAP if namespace is not None else 0)
    _mount(source, target, _Attributes(flags, 0, _MS_PRIVATE, namespace or 0), 0, what)


def mount_to_read(source: int, target: int, *, what: str) -> None:
    """With all that is mounted in it, also later. Nothing can be written there by anybody. Raises OSError."""
    _mount(source, target, _Attributes(_RDONLY | _NOSUID | _NODEV, 0, _MS_SLAVE, 0), _AT_RECURSIVE, what)


def _mount(source: int, target: int, wanted: _Attributes, recursive: int, what: str) -> None:
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | _AT_EMPTY_PATH | recursive
    copy = _checked(_LIBC.syscall(_OPEN_TREE, source, b"", flags), what)
    try:
        size, how = ctypes.sizeof(wanted), _AT_EMPTY_PATH | recursive
        _checked(_LIBC.syscall(_MOUNT_SETATTR, copy, b"", how, ctypes.byref(wanted), size), what)
        _checked(_LIBC.syscall(_MOVE_MOUNT, copy, b"", target, b"", _BOTH_EMPTY), what)
    finally:
        os.close(copy)


def can_map(source: int, namespace: int) -> bool:
    """Whether an open directory's file system shows files with other owners. Nothing of the trial is seen anywhere."""
    copy = _LIBC.syscall(_OPEN_TREE, source, b"", _OPEN_TREE_CLONE | os.O_CLOEXEC | _AT_EMPTY_PATH)
    if copy < 0:
        return False
    wanted = _Attributes(_IDMAP, 0, 0, namespace)
    try:
        size = ctypes.sizeof(wanted)
        return bool(_LIBC.syscall(_MOUNT_SETATTR, copy, b"", _AT_EMPTY_PATH, ctypes.byref(wanted), size) == 0)
    finally:
        os.close(copy)


def unmount(directory: str, *, by_force: bool) -> None:
    """By force: whoever still has a file open keeps that, and nobody finds it any more. Raises OSError."""
    flags = _UMOUNT_NOFOLLOW | (_MNT_DETACH if by_force else 0)
    _checked(_LIBC.umount2(os.fsencode(directory), flags), directory)


def user_namespace(users: str, groups: str) -> int:
    """A file descriptor of a new one with these maps of ids. Raises OSError.

    Its only process runs nothing of ours: it sleeps in the C library until it is ended.
    """
    stack = ctypes.create_string_buffer(_STACK)
    top = (ctypes.addressof(stack) + _STACK) & ~15
    sleeping = ctypes.cast(_LIBC.sleep, ctypes.c_void_p)
    flags = _CLONE_NEWUSER | signal.SIGCHLD
    pid = _checked(
        _LIBC.clone(sleeping, ctypes.c_void_p(top), flags, ctypes.c_void_p(_LIVES)), "a user namespace"
    )
    try:
        _write(f"/proc/{pid}/uid_map", users)
        _write(f"/proc/{pid}/gid_map", groups)
        return os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _write(path: str, text: str) -> None:
    """In one piece, as the kernel wants a map."""
    opened = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(opened, text.encode())
    finally:
        os.close(opened)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result
