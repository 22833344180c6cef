"""Who a caller is: what its credentials say, and nothing that gives them away."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom.state import tenant_of
from headroom.state.tenant import CREDENTIAL_HEADERS

KEY = b"k" * 32


def test_a_tenant_is_32_hex_digits_that_stay_the_same():
    tenant = tenant_of({b"authorization": b"Bearer secret"}, KEY)
    assert tenant == tenant_of({b"authorization": b"Bearer secret", b"user-agent": b"other"}, KEY)
    assert len(bytes.fromhex(tenant)) == 16


@pytest.mark.parametrize("name", CREDENTIAL_HEADERS)
def test_every_credential_tells_callers_apart(name):
    tenants = {tenant_of(headers, KEY) for headers in ({}, {name: b"one"}, {name: b"two"})}
    assert len(tenants) == 3


def test_one_credential_in_two_headers_is_two_tenants():
    assert len({tenant_of({name: b"one"}, KEY) for name in CREDENTIAL_HEADERS}) == len(CREDENTIAL_HEADERS)


def test_the_order_of_headers_says_nothing():
    headers = {b"authorization": b"one", b"x-api-key": b"two"}
    assert tenant_of(headers, KEY) == tenant_of(dict(reversed(headers.items())), KEY)


def test_one_credential_cannot_be_spelled_as_two():
    two = {b"authorization": b"one", b"x-api-key": b"two"}
    assert tenant_of(two, KEY) != tenant_of({b"authorization": b"one;x-api-key=3:two"}, KEY)


def test_callers_without_a_credential_are_one_tenant():
    assert tenant_of({}, KEY) == tenant_of({b"authorization": b" ", b"accept": b"*/*"}, KEY)
    assert tenant_of({}, KEY) != tenant_of({b"authorization": b"anonymous"}, KEY)


def test_another_key_makes_other_tenants():
    headers = {b"x-api-key": b"one"}
    assert tenant_of(headers, KEY) != tenant_of(headers, b"l" * 32)
    assert tenant_of({}, KEY) != tenant_of({}, b"l" * 32)


@given(st.binary(max_size=40) | st.text(max_size=20).map(lambda text: quote(text).encode()), st.binary(max_size=9))
def test_a_query_of_any_spelling_is_read(before, key):
    said = quote(key).encode()
    assert len(tenant_of({}, KEY, before)) == 32
    assert tenant_of({}, KEY, b"x=%80&key=" + said) == tenant_of({}, KEY, b"key=" + said + b"&alt=sse")


def test_keys_of_a_query_that_only_their_escapes_tell_apart_are_two_tenants():
    assert tenant_of({}, KEY, b"key=%80") != tenant_of({}, KEY, b"key=%81")
