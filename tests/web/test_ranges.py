"""What part of some content is asked for (RFC 9110, 14)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.web.ranges import BeyondTheEnd, Span, asked_span


@pytest.mark.parametrize(
    ("header", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=10-19", 10, 20),
        ("bytes=10-1000", 10, 100),
        ("bytes=10-", 10, 100),
        ("bytes=-1", 99, 100),
        ("bytes=-1000", 0, 100),
        ("BYTES=5-6 ", 5, 7),
    ],
)
def test_one_span_of_a_hundred_bytes(header: str, first: int, end: int) -> None:
    span = asked_span(header, 100)
    assert span == Span(first, end, 100)
    assert span.content_range == f"bytes {first}-{end - 1}/100"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes=",
        "bytes=-",
        "bytes=1-2,4-5",
        "lines=1-2",
        "bytes=2-1",
        "bytes=a-b",
        "bytes=1-2-3",
        "bytes=٣-٤",
    ],
)
def test_what_nobody_understands_is_the_whole(header: str | None) -> None:
    assert asked_span(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999999999999999-"])
def test_nothing_is_behind_the_end(header: str) -> None:
    with pytest.raises(BeyondTheEnd) as beyond:
        asked_span(header, 100)
    assert beyond.value.content_range == "bytes */100"


@given(st.text(max_size=40) | st.from_regex(r"bytes=[0-9]{0,20}-[0-9]{0,20}"), st.integers(1, 10**12))
def test_any_header_is_a_span_inside_or_none(header: str, size: int) -> None:
    try:
        span = asked_span(header, size)
    except BeyondTheEnd:
        return
    assert span is None or 0 <= span.first < span.end <= size
