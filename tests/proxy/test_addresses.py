"""Base URLs in one spelling, and the addresses that a name may stand for."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from headroom.proxy.addresses import is_loopback, may_be_asked, normal_base_url, origin_of

PRIVATE = ["10.0.0.1", "172.16.5.4", "192.168.0.1", "127.0.0.1", "127.8.8.8", "100.64.0.1", "::1", "fd12::1", "fec0::1"]
NEVER = ["169.254.169.254", "169.254.1.1", "fe80::1", "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1", "ff02::1",
         "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::"]


def has_origin(url: str) -> bool:
    try:
        return bool(origin_of(url))
    except ValueError:
        return False


@pytest.mark.parametrize("version", ["", "/", "/v1", "/v1/", "/v1beta", "/v1beta/"])
@pytest.mark.parametrize("base", ["https://api.test", "http://api.test:8080", "https://api.test/deep/er"])
def test_a_base_url_loses_its_last_slash_and_its_version(base: str, version: str) -> None:
    assert normal_base_url(f" {base}{version}\t") == base


@pytest.mark.parametrize("url", ["", "api.test", "ftp://api.test", "HTTP://api.test", "http:/api.test", "://api.test",
                                 "http://a//b", "http://a//", "http://a/../b", "http://a/."])  # fmt: skip
def test_what_is_no_base_url_is_said_to_be_none(url: str) -> None:
    with pytest.raises(ValueError, match="must"):
        normal_base_url(url)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Api.Test/v1", "https://api.test:443"),
        ("http://api.test:8080/x/y", "http://api.test:8080"),
        ("http://10.0.0.1", "http://10.0.0.1:80"),
        ("http://[0:0:0:0:0:0:0:1]:9", "http://[::1]:9"),
        ("http://under_score.test", "http://under_score.test:80"),
        ("http://vllm:8000", "http://vllm:8000"),
        ("http://1password.test", "http://1password.test:80"),
    ],
)
def test_an_origin_has_one_spelling(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize("url", ["http:///a", "http://", "http://user@a", "http://a:", "http://a:0", "http://a:99999",
                                 "http://a?b", "http://a#b", "http://a%2fb", "http://a..b", "http://.a"])  # fmt: skip
def test_a_host_that_can_be_read_in_two_ways_has_no_origin(url: str) -> None:
    assert not has_origin(url)


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_taken_as_four_decimal_numbers_only(number: int) -> None:
    address = str(IPv4Address(number))
    a, b, c, d = address.split(".")
    assert origin_of(f"http://{address}") == f"http://{address}:80"
    others = [f"{number}", f"{number:#x}", f"0{a}.{b}.{c}.{d}", f"{int(a):#o}.{b}.{c}.{d}".replace("0o", "0"),
              f"{int(a):#x}.{b}.{c}.{d}", f"{a}.{b}.{c}.{int(d):#x}", f"{a}.{b}.{int(c) * 256 + int(d)}",
              f"{a}.{number % 2**24}", f"{address}.", f"[::ffff:{address}]", f"[::{address}]", f"[64:ff9b::{address}]"]  # fmt: skip
    for other in others:
        if other not in ("[::0.0.0.0]", "[::0.0.0.1]", address):
            assert not has_origin(f"http://{other}")


@given(st.text(st.sampled_from("ab.:/@?#\\%[]01 \t\r\n\u3002"), max_size=20))
def test_whatever_is_written_the_client_asks_the_host_that_was_checked(text: str) -> None:
    try:
        url = normal_base_url(f"http://{text}")
        origin = origin_of(url)
    except ValueError:
        return
    asked = URL(url + "/v1/messages", encoded=True)
    host = asked.host or ""
    host = f"[{IPv6Address(host)}]" if ":" in host else host.lower()
    assert f"{asked.scheme}://{host}:{asked.port}" == origin
    assert (asked.user, asked.query_string, asked.fragment) == (None, "", "")


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_asked(address: str) -> None:
    assert may_be_asked(address, private=False)
    assert may_be_asked(address, private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_only_where_it_is_listed(address: str) -> None:
    assert not may_be_asked(address, private=False)
    assert may_be_asked(address, private=True)


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_what_no_name_stands_for(address: str) -> None:
    assert not may_be_asked(address, private=False)
    assert not may_be_asked(address, private=True)


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_an_address_in_another_is_judged_as_itself(number: int, private: bool) -> None:
    address = IPv4Address(number)
    expected = may_be_asked(str(address), private=private)
    for start in (0xFFFF << 32, 0x64FF9B << 96, 0x2002 << 112):
        inner = number << 80 if start == 0x2002 << 112 else number
        assert may_be_asked(str(IPv6Address(start | inner)), private=private) == expected


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [("localhost", True), ("127.0.0.5", True), ("[::1]", True), ("10.0.0.1", False), ("localhost.test", False)],
)
def test_only_this_machine_reaches_a_loopback_address(host: str, is_ours: bool) -> None:
    assert is_loopback(host) is is_ours
