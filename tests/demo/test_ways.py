"""Which headers of a request are its own."""

from headroom.demo.provider import Recorded
from headroom.demo.ways import own_headers, uncoded


def request(*headers):
    return Recorded("POST", "/", tuple(headers), b"")


def test_headers_of_a_connection_are_left_out():
    framed = request((b"host", b"a"), (b"x-api-key", b"k"), (b"content-length", b"3"))
    assert own_headers(framed) == [(b"x-api-key", b"k")]


def test_the_order_counts_only_among_headers_of_one_name():
    one, other = (b"accept", b"a"), (b"x-b", b"1")
    assert own_headers(request(one, other)) == own_headers(request(other, one))
    again = (b"x-b", b"2")
    assert own_headers(request(other, again)) != own_headers(request(again, other))


def test_only_the_coding_that_is_asked_for_changes():
    headers = [(b"accept-encoding", b"gzip, br"), (b"x-b", b"gzip")]
    assert uncoded(headers) == [(b"accept-encoding", b"identity"), (b"x-b", b"gzip")]
