"""System calls on x86-64: which of them can change a folder, and what each is about."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

__all__ = ["CONDITIONAL", "HARMLESS", "TABLE", "Kind", "Shape"]

#: ``mark`` is no call of its own: a write to the file in which a program says what it was told.
Kind = Literal[
    "open", "create", "write", "rename", "unlink", "rmdir", "mkdir", "link", "truncate", "sync", "close", "meta", "mark"
]


@frozen
class Shape:
    """Where a call's arguments stand, by place; ``at`` are (folder descriptor, name) or a name alone.

    A call that no test expects below a run's folder is ``forbidden`` there: what it does can't be followed.
    """

    name: str
    kind: Kind
    fd: int | None = None
    at: tuple[int | None, int] | None = None
    to: tuple[int | None, int] | None = None
    data: tuple[int, int] | None = None
    offset: int | None = None
    size: int | None = None
    flags: int | None = None
    forbidden: bool = False


TABLE: dict[int, Shape] = {
    1: Shape("write", "write", fd=0, data=(1, 2)),
    18: Shape("pwrite64", "write", fd=0, data=(1, 2), offset=3),
    20: Shape("writev", "write", fd=0, forbidden=True),
    296: Shape("pwritev", "write", fd=0, forbidden=True),
    328: Shape("pwritev2", "write", fd=0, forbidden=True),
    40: Shape("sendfile", "write", fd=0, forbidden=True),
    275: Shape("splice", "write", fd=2, forbidden=True),
    326: Shape("copy_file_range", "write", fd=2, forbidden=True),
    2: Shape("open", "open", at=(None, 0), flags=1),
    85: Shape("creat", "open", at=(None, 0)),
    257: Shape("openat", "open", at=(0, 1), flags=2),
    437: Shape("openat2", "open", at=(0, 1), forbidden=True),
    3: Shape("close", "close", fd=0),
    74: Shape("fsync", "sync", fd=0),
    75: Shape("fdatasync", "sync", fd=0),
    26: Shape("msync", "sync", forbidden=True),
    277: Shape("sync_file_range", "sync", fd=0, forbidden=True),
    306: Shape("syncfs", "sync", fd=0, forbidden=True),
    76: Shape("truncate", "truncate", at=(None, 0), size=1),
    77: Shape("ftruncate", "truncate", fd=0, size=1),
    285: Shape("fallocate", "truncate", fd=0, forbidden=True),
    82: Shape("rename", "rename", at=(None, 0), to=(None, 1)),
    264: Shape("renameat", "rename", at=(0, 1), to=(2, 3)),
    316: Shape("renameat2", "rename", at=(0, 1), to=(2, 3)),
    83: Shape("mkdir", "mkdir", at=(None, 0)),
    258: Shape("mkdirat", "mkdir", at=(0, 1)),
    84: Shape("rmdir", "rmdir", at=(None, 0)),
    87: Shape("unlink", "unlink", at=(None, 0)),
    263: Shape("unlinkat", "unlink", at=(0, 1), flags=2),
    86: Shape("link", "link", at=(None, 0), to=(None, 1), forbidden=True),
    265: Shape("linkat", "link", at=(0, 1), to=(2, 3), forbidden=True),
    88: Shape("symlink", "link", at=(None, 1), forbidden=True),
    266: Shape("symlinkat", "link", at=(1, 2), forbidden=True),
    133: Shape("mknod", "create", at=(None, 0), forbidden=True),
    259: Shape("mknodat", "create", at=(0, 1), forbidden=True),
    90: Shape("chmod", "meta", at=(None, 0)),
    91: Shape("fchmod", "meta", fd=0),
    268: Shape("fchmodat", "meta", at=(0, 1)),
    452: Shape("fchmodat2", "meta", at=(0, 1)),
    92: Shape("chown", "meta", at=(None, 0)),
    93: Shape("fchown", "meta", fd=0),
    94: Shape("lchown", "meta", at=(None, 0)),
    260: Shape("fchownat", "meta", at=(0, 1)),
    132: Shape("utime", "meta", at=(None, 0)),
    235: Shape("utimes", "meta", at=(None, 0)),
    280: Shape("utimensat", "meta", at=(0, 1)),
    188: Shape("setxattr", "meta", at=(None, 0)),
    190: Shape("fsetxattr", "meta", fd=0),
    9: Shape("mmap", "write", fd=4, forbidden=True),
    16: Shape("ioctl", "write", fd=0, forbidden=True),
}

#: Calls that change no folder and are too frequent to look at. Any other call is seen, known or not.
HARMLESS: tuple[int, ...] = (
    *(0, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 17, 19, 21, 22, 23, 24, 25, 28, 32, 33, 34, 35, 36, 37, 38, 39),
    *(41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 72, 73, 78, 79),
    *(80, 81, 89, 95, 96, 97, 98, 99, 100, 102, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 117, 119),
    *(118, 120, 121, 124, 128, 131, 137, 138, 157, 158, 160, 186, 200, 201, 202, 203, 204, 213, 217, 218, 228),
    *(229, 230, 231, 232, 233, 234, 247, 262, 267, 269, 270, 271, 273, 281, 284, 288, 290, 291, 292, 293, 302, 309),
    *(318, 324, 332, 334, 435, 436, 439, 441),
)

_WRITING = 0x1 | 0x2 | 0x40 | 0x200 | 0x400  # write only, read and write, create, truncate, append
#: Calls that are harmless unless one of these bits is set: number, argument, bits.
CONDITIONAL: tuple[tuple[int, int, int], ...] = (
    (2, 1, _WRITING),
    (257, 2, _WRITING),
    (9, 3, 0x1),  # a mapping that others see
    (16, 1, 0x40000000),  # those that hand something over, among them the cloning of a file's bytes
)
