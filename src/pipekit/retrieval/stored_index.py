"""An index in one SQLite file that follows its documents: what changed is read again, what is gone is taken out.

Every change is made in a copy, which takes the old file's place when it is whole: whoever is stopped in the middle
leaves the old index as it was, and whoever searches it meanwhile goes on with that. Two that change it wait for each
other. A file is touched only where it isn't there yet or says itself, in its first bytes, that it is an index.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from pipekit.errors import StorageError, UsageError
from pipekit.retrieval.documents import CHUNK_SIZE, Document
from pipekit.retrieval.index import SCHEMA, TABLES, TOKENIZER, add_document, remove_document, words_of
from pipekit.retrieval.markdown_files import read_document
from pipekit.retrieval.meaning import MEANING_TABLES, TextModel, add_vectors, text_model
from pipekit.retrieval.ngrams import GRAM_SIZE, add_words

if TYPE_CHECKING:
    import sqlite3

__all__ = ["INDEX_SETTINGS", "Changes", "Indexed", "check_index", "indexed_roots", "read_meta", "update_index"]

#: What is written into the file's header as the program that it belongs to: "PKix".
APPLICATION_ID = 0x504B6978
#: What an index was made with: one that was made otherwise would find other things, or none.
INDEX_SETTINGS: Mapping[str, str] = {
    "schema": str(SCHEMA),
    "tokenizer": TOKENIZER,
    "chunkSize": str(CHUNK_SIZE),
    "gramSize": str(GRAM_SIZE),
}
#: Documents after which progress is told, and those after which their words are added.
_STRIDE, _WORDS = 500, 5_000
#: Where it is written which vectors an index has; an index without any has no such line.
_EMBEDDINGS = "embeddings"

_STORED = f"""
    PRAGMA application_id = {APPLICATION_ID};
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);
    CREATE TABLE root (key TEXT PRIMARY KEY);
    CREATE TABLE place (key TEXT PRIMARY KEY, digest TEXT, document INTEGER) WITHOUT ROWID;
"""


@frozen
class Indexed:
    """Something to index: its address, which never changes while it is the same thing, and its content."""

    key: str
    content: bytes


@define
class Changes:
    """What an update did, by address.

    ``left_out`` tells each with the reason, ``warnings`` what was read with a doubt, ``kept`` all that was found to be
    in the index now.
    """

    added: list[str] = field(factory=list)
    changed: list[str] = field(factory=list)
    removed: list[str] = field(factory=list)
    unchanged: int = 0
    left_out: list[tuple[str, str]] = field(factory=list)
    warnings: list[str] = field(factory=list)
    kept: set[str] = field(factory=set)

    @property
    def any(self) -> bool:
        """Whether the index is another one than before."""
        return bool(self.added or self.changed or self.removed)


def update_index(
    path: Path,
    found: Callable[[Changes], Iterable[Indexed]],
    roots: Collection[str],
    *,
    embeddings: str | None = None,
    anew: bool = False,
    dry_run: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Changes:
    """Bring the index at ``path`` up to date with all that is ``found`` below ``roots``, and leave the rest as it is.

    A root is an address; what is below it begins with it and a slash. ``found`` is given the changes, to note what it
    left out. ``embeddings`` names the model whose vectors are kept too. ``tell`` is told how far it is.
    """
    if path.suffix != ".db" or path.is_symlink() or (path.exists() and not _is_ours(path)):
        raise UsageError(
            f"{path} is no place for an index: {_why_not(path)}",
            kind="not-an-index",
            hint="name another file that ends with .db: retrievers.index.path, or --into FILE",
        )
    if dry_run:
        return _compared(path, found, roots, embeddings, anew, tell)
    model = text_model(embeddings) if embeddings else None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path, tell):
            return _updated(path, found, roots, embeddings, model, anew, tell)
    except OSError as error:
        raise StorageError(
            f"the index can't be written: {error.strerror or error}", path=str(path), errno=error.errno
        ) from error


def check_index(path: Path, embeddings: str | None = None) -> None:
    """`UsageError` for a file that can't be searched: no index, damaged, or made with other settings."""
    import sqlite3

    if not _is_ours(path):
        raise UsageError(
            f"{path} is no index of pipekit",
            kind="not-an-index",
            hint="make one: pipekit index PATH, or correct retrievers.index.path",
        )
    try:
        with contextlib.closing(_opened(path)) as connection:
            meta = read_meta(connection)
    except sqlite3.Error as error:
        raise _damaged(path, error) from error
    other = [
        f"{name} {meta.get(name, 'unknown')} and not {value}"
        for name, value in INDEX_SETTINGS.items()
        if meta.get(name) != value
    ]
    if other:
        raise UsageError(
            f"{path} was made with other settings than this pipekit's: {', '.join(other)}",
            kind="other-settings",
            hint="make it anew, from all that it was made of: pipekit index --anew",
        )
    theirs, ours = meta.get(_EMBEDDINGS, "none"), embeddings or "none"
    if theirs != ours:
        raise UsageError(
            f"{path} was made with embeddings: {theirs}, and the configuration says {ours}",
            kind="other-settings",
            hint="make it anew, from all that it was made of: pipekit index --anew, or correct "
            "retrievers.index.embeddings",
        )


def indexed_roots(path: Path) -> list[str]:
    """What an index was made of; nothing for one that is not there or can't be read."""
    import sqlite3

    if not _is_ours(path):
        return []
    try:
        with contextlib.closing(_opened(path)) as connection:
            return [key for (key,) in connection.execute("SELECT key FROM root ORDER BY key")]
    except sqlite3.Error:
        return []


def read_meta(connection: sqlite3.Connection) -> Mapping[str, str]:
    """The settings that an open index was made with, and the digest of its content."""
    return dict(connection.execute("SELECT key, value FROM meta"))


def _is_ours(path: Path) -> bool:
    """By the file's header, which a damaged index may still have."""
    try:
        with path.open("rb") as file:
            head = file.read(72)
    except OSError:
        return False
    return head[:16] == b"SQLite format 3\0" and head[68:72] == APPLICATION_ID.to_bytes(4, "big")


def _why_not(path: Path) -> str:
    if path.suffix != ".db":
        return "its name doesn't end with .db"
    return "it is a link" if path.is_symlink() else "it is there, and is no index of pipekit"


def _damaged(path: Path, error: Exception) -> UsageError:
    return UsageError(
        f"{path} is damaged: {error}", kind="damaged-index", hint="make it anew: pipekit index --anew PATH…"
    )


def _opened(path: Path) -> sqlite3.Connection:
    """Open for reading only."""
    import sqlite3

    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


@contextlib.contextmanager
def _alone(path: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """While nobody else changes the index; leftovers of those who were stopped are removed."""
    from filelock import FileLock, Timeout

    lock = FileLock(f"{path}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell("somebody else is changing the index; waiting for them")
        lock.acquire()
    try:
        for left in path.parent.glob(f"{path.name}.*.tmp*"):
            left.unlink(missing_ok=True)
        yield
    finally:
        lock.release()


def _before(path: Path, embeddings: str | None, anew: bool) -> dict[str, tuple[str, int]]:
    """What is in the index: address → digest and document."""
    import sqlite3

    if anew or not path.exists():
        return {}
    check_index(path, embeddings)
    try:
        with contextlib.closing(_opened(path)) as connection:
            rows = connection.execute("SELECT key, digest, document FROM place")
            return {key: (digest, document) for key, digest, document in rows}
    except sqlite3.Error as error:
        raise _damaged(path, error) from error


def _compared(
    path: Path,
    found: Callable[[Changes], Iterable[Indexed]],
    roots: Collection[str],
    embeddings: str | None,
    anew: bool,
    tell: Callable[[str], None],
) -> Changes:
    changes = Changes()
    before = _before(path, embeddings, anew)
    for _ in _changing(before, found(changes), changes, tell):
        pass
    _note_removed(before, roots, changes)
    return changes


def _updated(
    path: Path,
    found: Callable[[Changes], Iterable[Indexed]],
    roots: Collection[str],
    embeddings: str | None,
    model: TextModel | None,
    anew: bool,
    tell: Callable[[str], None],
) -> Changes:
    import sqlite3

    changes = Changes()
    before = _before(path, embeddings, anew)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        if not anew and path.exists():
            shutil.copyfile(path, unfinished)
        with contextlib.closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
            # Only the whole file counts, and that is made durable at the end.
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
            if anew or not path.exists():
                connection.executescript(TABLES + _STORED)
                connection.executemany("INSERT INTO meta VALUES (?, ?)", INDEX_SETTINGS.items())
                if embeddings:
                    connection.executescript(MEANING_TABLES)
                    connection.execute("INSERT INTO meta VALUES (?, ?)", (_EMBEDDINGS, embeddings))
            connection.execute("BEGIN")
            _fill(connection, before, found, roots, changes, tell)
            if model is not None:
                add_vectors(connection, model, tell)
            known = {key for (key,) in connection.execute("SELECT key FROM root")}
            new_roots = set(roots) - known
            connection.executemany("INSERT INTO root VALUES (?)", [(root,) for root in sorted(new_roots)])
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('content', ?)", (_content(connection),))
            connection.execute("COMMIT")
        if changes.any or new_roots or anew:
            with unfinished.open("rb") as file:
                os.fsync(file.fileno())
            unfinished.replace(path)
    except sqlite3.DatabaseError as error:
        raise _damaged(path, error) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return changes


def _fill(
    connection: sqlite3.Connection,
    before: dict[str, tuple[str, int]],
    found: Callable[[Changes], Iterable[Indexed]],
    roots: Collection[str],
    changes: Changes,
    tell: Callable[[str], None],
) -> None:
    words: set[str] = set()
    for number, (document, digest) in enumerate(_changing(before, found(changes), changes, tell), 1):
        key = document.source
        if key in before:
            remove_document(connection, before[key][1])
        row = add_document(connection, document)
        connection.execute("INSERT OR REPLACE INTO place VALUES (?, ?, ?)", (key, digest, row))
        words |= words_of(document)
        if number % _WORDS == 0:
            add_words(connection, sorted(words))
            words.clear()
    add_words(connection, sorted(words))
    for key in _note_removed(before, roots, changes):
        remove_document(connection, before[key][1])
        connection.execute("DELETE FROM place WHERE key = ?", (key,))


def _changing(
    before: Mapping[str, tuple[str, int]],
    found: Iterable[Indexed],
    changes: Changes,
    tell: Callable[[str], None],
) -> Iterator[tuple[Document, str]]:
    """What is new or another than before, with the digest of its content; all is noted in ``changes``."""
    for number, one in enumerate(found, 1):
        if number % _STRIDE == 0:
            tell(f"{number} documents looked at")
        digest = hashlib.sha256(one.content).hexdigest()
        if before.get(one.key, ("", 0))[0] == digest:
            changes.unchanged += 1
            changes.kept.add(one.key)
            continue
        document, warnings = read_document(one.content, one.key)
        if document is None:
            changes.left_out += [(one.key, warning.removeprefix(f"{one.key}: ")) for warning in warnings]
            continue
        changes.warnings += warnings
        (changes.changed if one.key in before else changes.added).append(one.key)
        changes.kept.add(one.key)
        yield document, digest


def _note_removed(before: Mapping[str, tuple[str, int]], roots: Collection[str], changes: Changes) -> list[str]:
    """The addresses below the roots where nothing was found any more."""
    gone = [key for key in before if key not in changes.kept and any(_is_below(key, root) for root in roots)]
    changes.removed += sorted(gone)
    return gone


def _is_below(key: str, root: str) -> bool:
    if root == ".":
        return not key.startswith(("../", "/", "run:"))
    return key == root or key.startswith(root if root.endswith((":", "/")) else f"{root}/")


def _content(connection: sqlite3.Connection) -> str:
    digest = hashlib.sha256()
    for key, content in connection.execute("SELECT key, digest FROM place ORDER BY key"):
        digest.update(f"{len(key)}:{key}:{content}:".encode(errors="surrogateescape"))
    return digest.hexdigest()
