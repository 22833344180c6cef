"""Content codings: bodies come out as they went in, in pieces of bounded size, and never beyond their caps."""

import gzip
import zlib
from itertools import pairwise
from random import Random

import pytest

from headroom.errors import BodyError, BodyTooLargeError
from headroom.wire.codings import FREE_BYTES, MAX_RATIO, decode_body, open_decoder


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    " Deflate": raw_deflate,
    # Where the core alone is installed, these two are missing.
    "br": lambda data: pytest.importorskip("brotli").compress(data, quality=1),
    "zstd": lambda data: pytest.importorskip("zstandard").compress(data),
}
CAP = 64 * FREE_BYTES
TEXT = Random(0).randbytes(2 * FREE_BYTES).hex().encode()
every_coding = pytest.mark.parametrize(("coding", "coded"), CODERS.items(), ids=CODERS)


@every_coding
@pytest.mark.parametrize("size", [0, 1, 1_023, 1_024, 65_536, 200_000, len(TEXT)])
def test_a_body_comes_out_as_it_went_in(coding, coded, size):
    assert decode_body(coded(TEXT[:size]), coding, CAP) == TEXT[:size]


@every_coding
def test_an_answer_comes_out_as_it_went_in_wherever_it_was_cut(coding, coded):
    packed, decoder = coded(TEXT), open_decoder(coding.strip().lower())
    cuts = [0, 2, 1_000, 1_025, 70_000, 200_001, len(packed)]
    parts = [packed[start:end] for start, end in pairwise(cuts)]
    assert b"".join(piece for part in parts for piece in decoder(part)) == TEXT


def test_codings_are_undone_from_the_last_to_the_first():
    assert decode_body(CODERS["br"](gzip.compress(TEXT)), "gzip, identity, br", CAP) == TEXT


@every_coding
def test_a_body_that_grows_beyond_the_ratio_is_refused(coding, coded):
    bomb = coded(bytes(32 * FREE_BYTES))
    assert len(bomb) * MAX_RATIO < 32 * FREE_BYTES
    with pytest.raises(BodyTooLargeError):
        decode_body(bomb, coding, CAP)


@every_coding
def test_a_body_that_grows_beyond_the_cap_is_refused(coding, coded):
    with pytest.raises(BodyTooLargeError):
        decode_body(coded(TEXT), coding, len(TEXT) - 1)


@every_coding
def test_a_decoder_given_all_at_once_stops_in_pieces_of_bounded_size(coding, coded):
    bomb = coded(bytes(96 * FREE_BYTES)) + bytes(100_000)
    first = next(iter(open_decoder(coding.strip().lower())(bomb)))
    assert len(first) <= 33 * FREE_BYTES


@every_coding
def test_a_damaged_body_is_named_so(coding, coded):
    packed = bytearray(coded(TEXT))
    packed[: len(packed) // 2] = Random(1).randbytes(len(packed) // 2)
    with pytest.raises(BodyError, match="damaged_coding"):
        decode_body(bytes(packed), coding, CAP)


def test_an_unknown_coding_is_named_so():
    with pytest.raises(BodyError, match="unknown_coding"):
        decode_body(b"", "compress", CAP)
