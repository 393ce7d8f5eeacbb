"""Texts of unknown encoding. Spec: docs/spec/books.md, 7."""

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})|"
    rb"<meta[^>]{0,400}?charset\s*=\s*[\"']?\s*([A-Za-z0-9._-]{1,40})",
    re.IGNORECASE,
)
_DECLARATION_BYTES = 4096
# Those that texts of people come in. Others, above all utf-7, are never used: WHATWG Encoding, 4.2.
_PAGES = (*range(1250, 1259), 866, 874, 932, 949)
_ISO = (*range(2, 9), 10, 13, 14, 15, 16)
ENCODINGS = frozenset(
    [f"cp{page}" for page in _PAGES]
    + [f"iso8859-{part}" for part in _ISO]
    + ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "koi8-r", "koi8-u"]
    + ["mac-cyrillic", "mac-roman", "gbk", "gb18030", "big5hkscs", "euc_jp", "iso2022_jp"]
)
# As browsers read them: a wider one for the label of a narrower (WHATWG Encoding, 4.2)
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gbk",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "utf-16": "utf-16-le",
}
_ARABIC_WORDS = re.compile(r"[\u0621-\u063A\u0641-\u064A\u067E\u0686\u0698\u06A9\u06AF\u06CC]{2,}")
_NOT_WITHIN_WORDS = re.compile(r"[A-Za-z][\u0621-\u064A]|[\u0621-\u064A][A-Za-z]")
_ARABIC_SHARE_MIN = 0.6


def prepare() -> None:
    """Load what would be loaded at its first use."""
    for encoding in (*ENCODINGS, *_WIDER, "utf-8-sig", "latin-1", "cp437"):
        codecs.lookup(encoding)


def decode(content: bytes, *, is_markup: bool = False) -> str:
    """Every character that can be had. By its mark; by what it declares, if it is markup; as UTF-8; else by
    its letters. What is broken becomes U+FFFD."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as exc:
        # Cut in its last character, or with a few broken ones: still UTF-8.
        if exc.start >= len(content) - 3 and not content[: exc.start].isascii():
            return content.decode("utf-8", "replace")
    declared = _declared(content) if is_markup else None
    return content.decode(declared or _guessed(content), "replace")


def _declared(content: bytes) -> str | None:
    match = _DECLARED.search(content[:_DECLARATION_BYTES])
    if match is None:
        return None
    label = (match[1] or match[2]).decode("ascii")
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    name = _WIDER.get(name, name)
    # Declared in bytes of one each, it is no UTF-16 (WHATWG HTML, 13.2.3.3).
    return None if name not in ENCODINGS or name.startswith(("utf-16", "utf-32")) else name


def _guessed(content: bytes) -> str:
    """Of old texts without a sign: windows-1256 if its letters then make Arabic words, or windows-1252."""
    sample = content[:65_536]
    high = sum(byte >= 0x80 for byte in sample)
    arabic = sample.decode("cp1256", "replace")
    in_words = sum(len(word) for word in _ARABIC_WORDS.findall(arabic))
    broken = len(_NOT_WITHIN_WORDS.findall(arabic))
    return "cp1256" if in_words >= high * _ARABIC_SHARE_MIN and broken * 10 < in_words else "cp1252"
