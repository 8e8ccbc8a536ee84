"""Values of headers as a service should never send them, and the headers that we read."""

from __future__ import annotations

from hypothesis import strategies as st

from textapi.messages import ENGINE_HEADER

#: headers of an answer that the clients of services read
READ_HEADERS = (
    "Retry-After",
    "X-Rate-Limit-Remaining",
    "X-Rate-Limit-Reset",
    "X-App-Limit-24hour-Remaining",
    "X-App-Limit-24hour-Reset",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-RateLimit-Remaining-Tokens",
    "X-RateLimit-Reset-Tokens",
    "X-RateLimit-Limit-Requests",
    "X-RateLimit-Reset-Requests",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Content-Type",
    "Location",
    "Link",
    "Set-Cookie",
    ENGINE_HEADER,
)

_numbers = st.integers(-(10**30), 10**30).map(str) | st.floats().map(repr) | st.just("9" * 5000)
_parts = st.sampled_from(
    ("Mon", "Jan", "Dec", "GMT", "+9999", "-0000", "T", "Z", ":", "-", "+", ",", ".", " ", "é", "²")
)
_text = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40)

odd_values = (
    st.sampled_from(("0", " 0 ", "1", "Jan 999999999999999999999 2026 00:00:00 GMT"))
    | st.tuples(_numbers, _numbers, _numbers).map(
        lambda numbers: "Mon, {} Jan {} 00:00:00 {}".format(*numbers)
    )
    | st.tuples(_numbers, _numbers).map(lambda numbers: "{}-01-01T00:00:00+{}".format(*numbers))
    | st.lists(_numbers | _parts, max_size=9).map("".join)
    | st.lists(_numbers | _parts, max_size=9).map(" ".join)
    | _text
)
odd_headers = st.dictionaries(st.sampled_from(READ_HEADERS), odd_values)
