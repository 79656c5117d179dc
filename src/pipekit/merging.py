"""Several inputs kept as one: an archive of the originals that anybody can open, and back to them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from pipekit.errors import InputError

__all__ = ["MERGED_PATH", "merged_name", "pack", "unpack"]

#: Where the archive lies in a run.
MERGED_PATH = "input/original.zip"
#: The moment that all its entries bear: the same inputs make the same bytes.
_MOMENT = (1980, 1, 1, 0, 0, 0)


def merged_name(names: Sequence[str]) -> str:
    """What several inputs are called together."""
    return " + ".join(names)


def pack(parts: Sequence[tuple[str, bytes]]) -> bytes:
    """The originals in their order, uncompressed, by number and name: ``1-standup.vtt``, ``2-notes.docx``."""
    import zipfile  # few runs need it

    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for number, (name, content) in enumerate(parts, start=1):
            archive.writestr(zipfile.ZipInfo(f"{number}-{_plain(name)}", _MOMENT), content)
    return target.getvalue()


def unpack(content: bytes, name: str, *, count: int) -> Iterator[bytes]:
    """The ``count`` originals again, in their order; `InputError` for an archive that is none of `pack`'s."""
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if len(archive.infolist()) != count:
                raise zipfile.BadZipFile(f"it has {len(archive.infolist())} entries, not {count}")
            for entry in archive.infolist():
                if entry.compress_type != zipfile.ZIP_STORED:
                    raise zipfile.BadZipFile("an entry is compressed")
                yield archive.read(entry)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError, LookupError) as error:
        raise InputError(
            f"the inputs that were merged can't be taken apart again ({error})",
            file=name,
            kind="unreadable",
            hint="run the inputs again: pipekit run --merge FILE FILE",
        ) from error


def _plain(name: str) -> str:
    """The last part of a path, in letters that every system has in names."""
    last = PurePath(name.replace("\\", "/")).name or "input"
    return "".join(one if one.isalnum() or one in "._- " else "_" for one in last)[-80:]
