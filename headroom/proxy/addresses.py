"""What a base URL may look like, and which addresses a name may stand for.

A URL is taken only in the one spelling that every parser reads in the same way; whatever could be read as another
host (user data, backslashes, numbers for addresses, mapped addresses) is none.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address

_PORTS = {"http": 80, "https": 443}
_LOCAL_NAMES = ("localhost",)
_AMBIGUOUS = frozenset(' \\@?#%"<>')
_OF_A_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
_DOTS = frozenset({".", ".."})
_NUMERALS = frozenset("0123456789")

# Where clouds tell a machine its secrets, beside the link-local ones: Alibaba, Azure, Oracle, AWS and Google by IPv6.
_METADATA = frozenset(
    map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"))
)
_NAT64 = ip_network("64:ff9b::/96")
"""IPv4 addresses for networks that speak IPv6 only (RFC 6052, 2.1)."""


def normal_base_url(value: str) -> str:
    """Return a base URL to which an incoming path is appended: no trailing slash, `/v1` or `/v1beta`.

    Raises ValueError if it is not an http(s) URL, or has empty or dotted segments, which servers resolve differently.
    """
    scheme, mark, rest = value.strip(" \t").partition("://")
    if not mark or scheme not in _PORTS:
        raise ValueError("must begin with http:// or https://")
    if "//" in rest or not _DOTS.isdisjoint(rest.split("/")):
        raise ValueError("must have a path without empty segments and dots")
    rest = rest.rstrip("/")
    for version in ("/v1beta", "/v1"):
        rest = rest.removesuffix(version)
    return f"{scheme}://{rest.rstrip('/')}"


def origin_of(url: str) -> str:
    """Return `scheme://host:port` of a base URL (RFC 6454), in lower case, the port written out.

    Raises ValueError if the URL has user data, a query, a fragment, no host, one that can be read in several ways,
    or characters that HTTP clients treat differently (white space, control characters, backslashes, percent signs,
    non-ASCII).
    """
    if not url.isascii() or not url.isprintable() or not _AMBIGUOUS.isdisjoint(url):
        raise ValueError("must be a plain base URL: scheme, host, port and path")
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.netloc.endswith(":"):
        raise ValueError("must begin with http:// or https:// and name a host")
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    if port == 0:
        raise ValueError("must have a port that can be asked")
    return f"{parts.scheme}://{_host_of(parts)}:{port}"


def _host_of(parts: SplitResult) -> str:
    """Return the host of a URL. Raises ValueError for a spelling that some parsers read as another one."""
    host = parts.hostname or ""
    if ":" in host:
        address = IPv6Address(host)
        if _embedded(address) is not address:
            raise ValueError("must not hide an IPv4 address in an IPv6 one")
        return f"[{address}]"
    labels = host.split(".")
    if not all(labels) or not _OF_A_NAME.issuperset(host):
        raise ValueError("must name a host by letters, digits, hyphens and dots")
    if _is_number(labels[-1]) and str(IPv4Address(host)) != host:
        raise ValueError("must write an IPv4 address as four decimal numbers")
    return host


def _is_number(label: str) -> bool:
    """Say whether a host that ends in this label is read as an IPv4 address (WHATWG URL, ends-in-a-number)."""
    return _NUMERALS.issuperset(label) or label.startswith("0x")


@lru_cache(maxsize=256)
def is_address(host: str) -> bool:
    """Say whether a host, in brackets or not, is an address and no name."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches an address."""
    if host.lower() in _LOCAL_NAMES:
        return True
    return is_address(host) and ip_address(host.strip("[]")).is_loopback


def may_be_asked(text: str, *, private: bool) -> bool:
    """Say whether a name may stand for this address; with `private`, for one of our own network or machine too.

    No name may stand for a metadata service, or for what is no single host.
    """
    address = _embedded(ip_address(text))
    if address.is_link_local or address.is_multicast or address.is_unspecified or address in _METADATA:
        return False
    return private or (address.is_global and not _is_site_local(address))


def _is_site_local(address: Address) -> bool:
    """Say whether an address is of the private range that IPv6 had first (RFC 3879)."""
    return isinstance(address, IPv6Address) and address.is_site_local


def _embedded(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address leads to, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
