"""From bytes to text: encodings told apart, binary files refused, odd characters mended and said so."""

from __future__ import annotations

import codecs
import re

from attrs import frozen

from pipekit.errors import InputError

__all__ = ["Decoded", "decode", "decoded_head", "looks_binary", "without_controls"]

_OLD_OFFICE = "an old Office document, one with a password, or a mail of Outlook"
_OLD_OFFICE_HINT = "save a document as .docx without a password, a mail as .eml"
#: First bytes of files that hold no text, and what they are.
_MAGIC = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "a ZIP archive or an Office document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x1f\x8b": "a compressed file",
    b"\xd0\xcf\x11\xe0": _OLD_OFFICE,
    b"\x7fELF": "a program",
}
#: The same of letters alone, which notes may begin with, too: in such a file a control byte follows soon.
_LETTERS = {b"GIF8": "a picture", b"ID3": "a sound file", b"OggS": "a sound file", b"RIFF": "a sound or video file"}
#: How far the headers of these files reach, in bytes.
_HEADER = 64
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Control characters that steer terminals and carry no words; tabs and line ends stay.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]{0,1000}(?:\x07|\x1b\\)?|[@-Z\\-_])")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")
#: What turns the direction of reading or hides within words: a name or a price could look like another one. The joiners
#: U+200C and U+200D stay, as Persian, Hindi and many an emoji are other words or pictures without them.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
    # Letters that only machines see; behind a black flag they say whose it is.
    "|(\U0001f3f4[\U000e0020-\U000e007e]{1,16}\U000e007f)|[\U000e0000-\U000e007f]"
)


@frozen
class Decoded:
    """The text, its lines ended by a line feed, and what had to be mended."""

    text: str
    warnings: tuple[str, ...] = ()


def looks_binary(head: bytes) -> str:
    """What kind of binary file this is, empty for text."""
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            return what
    if _control_bytes(head[:_HEADER]):
        for magic, what in _LETTERS.items():
            if head.startswith(magic):
                return what
        if head[12:16] == b"ftyp" or head[4:8] == b"ftyp":
            return "a sound or video file"
    if _encoding_of(head).startswith("utf-16") or head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return ""
    if b"\x00" in head:
        return "a binary file"
    odd = _control_bytes(head)
    return "a binary file" if odd > 3 and odd / len(head) > 0.02 else ""


def _control_bytes(content: bytes) -> int:
    return sum(byte < 32 and byte not in b"\t\n\r\x0b\x0c\x1b" for byte in content)


def decode(content: bytes, name: str, *, named: str | None = None) -> Decoded:
    """The text of a file; `InputError` for a binary or empty one.

    ``named`` is the encoding that the file itself names: it counts where the bytes aren't Unicode.
    """
    kind = looks_binary(content[:65536])
    if kind:
        raise InputError(
            f"is {kind}, not text",
            file=name,
            kind="binary",
            hint=_OLD_OFFICE_HINT
            if kind == _OLD_OFFICE
            else "export the meeting as text, WebVTT, SRT, JSON, HTML or .docx",
        )
    text, warnings = _decoded(content, named)
    text = _LINE_ENDS.sub("\n", _ESCAPES.sub("", text))
    text, surrogates = _SURROGATES.subn("\ufffd", text)
    if surrogates:
        warnings.append(f"replaced {surrogates} characters that are no text by \ufffd")
    text, controls = _CONTROL.subn("", text)
    if controls:
        warnings.append(f"left out {controls} control characters")
    text = _without_invisible(text)
    if not text.strip():
        raise InputError("holds no text", file=name, kind="empty", hint="hand over a file with words in it")
    return Decoded(text, tuple(warnings))


def without_controls(text: str) -> str:
    """The text on one line, without what steers a terminal: for formats in which that can be written as an escape."""
    return " ".join(_without_invisible(_CONTROL.sub("", _ESCAPES.sub("", text))).split())


def decoded_head(head: bytes) -> str:
    """The beginning of a file as text, as far as it can be told, to recognise its format by."""
    encoding = _encoding_of(head)
    return head.decode(encoding, "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _without_invisible(text: str) -> str:
    return _INVISIBLE.sub(lambda found: found.group(1) or "", text)


def _encoding_of(content: bytes) -> str:
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return encoding
    # UTF-16 without a mark: in a text of Western languages every other byte is zero.
    head = content[:2000]
    if len(head) >= 4:
        even, odd = head[0::2].count(0), head[1::2].count(0)
        if odd > 0.4 * len(head) / 2 and even < 0.05 * len(head):
            return "utf-16-le"
        if even > 0.4 * len(head) / 2 and odd < 0.05 * len(head):
            return "utf-16-be"
    return "utf-8"


def _decoded(content: bytes, named: str | None) -> tuple[str, list[str]]:
    encoding = _encoding_of(content)
    if encoding == "utf-8" and (declared := _declared(named)) and not content.startswith(codecs.BOM_UTF8):
        try:
            return content.decode(declared), ([f"read as {named}, as it says"] if not content.isascii() else [])
        except UnicodeDecodeError:
            pass  # it says what it isn't; then as any other text
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding).removeprefix("\ufeff"), []
    except UnicodeDecodeError as error:
        broken = error.start
    if encoding != "utf-8":
        return _mended(content, encoding, broken)
    # Mostly UTF-8 with a few broken bytes is damage; otherwise it is one of the old Western encodings.
    replaced = content.decode("utf-8-sig", "replace")
    multibyte = sum(ord(letter) > 127 and letter != "\ufffd" for letter in replaced)
    if multibyte > 5 * replaced.count("\ufffd"):
        return _mended(content, "utf-8-sig", broken)
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text, ["not UTF-8: read as Windows-1252 (Latin-1), check the accents"]


def _declared(named: str | None) -> str | None:
    """Python's name for an encoding of texts; None for Unicode, which is told from the bytes, and for what is none."""
    try:
        found = codecs.lookup(named) if named else None
    except (LookupError, ValueError):  # a name with a zero in it is a ValueError
        return None
    if (
        found is None
        or not getattr(found, "_is_text_encoding", True)
        or found.name.startswith(("utf", "idna", "punycode", "raw", "unicode"))
    ):
        return None
    # What is called Latin-1 has been Windows-1252 to every browser.
    return "cp1252" if found.name in ("iso8859-1", "ascii") else found.name


def _mended(content: bytes, encoding: str, broken: int) -> tuple[str, list[str]]:
    """The text with a sign for each broken place, and how many there are; signs that the file itself holds aside."""
    text = content.decode(encoding, "replace")
    count = text.count("\ufffd") - content.decode(encoding, "ignore").count("\ufffd")
    places = "1 broken place" if count == 1 else f"{count} broken places"
    return text.removeprefix("\ufeff"), [f"replaced {places} by \ufffd, the first at byte {broken}"]
