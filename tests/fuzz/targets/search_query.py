"""core/library/words, query: what guests type, and texts of foreign books."""

from collections.abc import Iterator

from fuzz.vectors import of_kind
from satchel.core.library.query import TERMS_MAX, WORDS_MAX, parse_query
from satchel.core.library.words import fold, plain


def check(data: bytes) -> bool:
    text = data.decode("utf-8", "surrogatepass" if data[:1] == b"\xed" else "replace")
    folded = fold(text)
    assert fold(folded) == folded
    assert plain(plain(text)) == plain(text)
    assert not set('"*^:(){}+-\0\n') & set(folded)
    query = parse_query(text)
    assert len(query.terms) <= TERMS_MAX
    assert sum(map(len, query.terms)) <= WORDS_MAX
    assert all(word and plain(word) == word for term in query.terms for word in term)
    return True


def seeds() -> Iterator[bytes]:
    for kind in ("words", "query"):
        for vector in of_kind("search", kind):
            yield vector["text"].encode()
    yield from (b'"open', "\ufdfa".encode() * 200, "\u0627\u0644".encode() * 40, b"\xed\xa0\x80 a")
