"""Headers, targets and queries by chance: who comes in, where a request goes, and what goes with it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any
from urllib.parse import urlsplit

from proxy.tricks import IN_A_PATH, PARAMETERS, TRICKS, WITH_PARAMETERS
from pydantic import SecretStr
from support.drive import Inner, scope_of
from yarl import URL

from headroom.errors import RequestError
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.providers.routes import ROUTES
from headroom.providers.vendors import PUBLIC_ORIGINS
from headroom.proxy.config import ProxyConfig
from headroom.proxy.helpers import TO_UPSTREAM, end_to_end, text
from headroom.proxy.named import NamedUpstream
from headroom.proxy.security import PROBES, Doorkeeper
from headroom.proxy.target import Targets, Upward, vendor_for
from tools.fuzz.damage import damaged_bytes, pieces
from tools.fuzz.driving import passed
from tools.fuzz.running import law

Pair = tuple[bytes, bytes]

_POLICY_VIOLATION = 1008
"""How a WebSocket is refused (RFC 6455, 7.4.1)."""

_TOKEN, _SECRET = "let-me-in-7", "operators-own-key"
_BASES = {f"{name}_api_url": f"http://{name}.test" for name in ("openai", "anthropic", "gemini", "vertex", "bedrock")}
_NAMED = NamedUpstream("https://named.test:8443/v1", secrets=(("authorization", SecretStr(_SECRET)),))
_SETTINGS: dict[str, Any] = {
    **_BASES,
    "upstreams": {"mine": _NAMED, "v1": NamedUpstream("http://v1.test", wires=("anthropic",))},
    "allow_upstream": ("http://allowed.test",),
    "retrieval": "off",
}
_LISTED = {
    *(f"{url}:80" for url in _BASES.values()),
    "https://named.test:8443",
    "http://v1.test:80",
    "http://allowed.test:80",
}
_PUBLIC = {f"{origin}:443" for origin in PUBLIC_ORIGINS}

_NAMES = (
    *(b"host", b"origin", b"connection", b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key", b"cookie"),
    *(b"x-headroom-upstream", b"x-headroom-token", b"x-headroom-tier", b"x-headroom-mode", b"x-headroom-lossless"),
    *(b"x-headroom-bypass", b"x-headroom-", b"x-headroom-upstream ", b"content-encoding", b"content-type", b"te"),
    *(b"transfer-encoding", b"content-length", b"upgrade", b"keep-alive", b"expect", b"x-kept", b"anthropic-beta", b""),
    *(b"content-digest", b"accept-encoding", b"\xff", b"proxy-authorization"),
)
_HOSTS = (
    *(b"127.0.0.1:8787", b"localhost", b"[::1]:8787", b"rebound.example", b"rebound.example:8787", b"a.localhost:1"),
    *(
        b"localhost:80@rebound.example",
        b"[::1].rebound.example",
        b"rebound.example\x00.localhost.",
        b"localhost.rebound.example",
    ),
    *(b"[rebound.example]", b"rebound.example:", b"rebound.example#localhost", b"[::1", b"1]", b":", b"\xff\xfe", b""),
)
_VALUES = (
    *(
        _TOKEN.encode(),
        f"Bearer {_TOKEN}".encode(),
        b"bearer  mine",
        b"Bearer mine",
        b"Bearer v1",
        b"Bearer openai",
        b"Bearer dummy",
    ),
    *(
        b"close, x-kept",
        b"max",
        b"token",
        b"CACHE ",
        b"true",
        b"gzip, br",
        b"identity",
        b"application/json",
        b"AWS4-HMAC",
    ),
    *(
        b"mine",
        b"v1",
        b"openai",
        b"Dummy",
        b"http://allowed.test/v1",
        b"https://named.test:8443",
        b"https://api.x.ai/v1",
    ),
    *(b"", b" ", b"\t", b"\xff\xfe", b"\x00", b"a" * 3_000, b"chunked", b"7", b"-1", "é€".encode(), b",,,", b"Bearer"),
)
_QUERIES = (
    b"",
    b"key=k",
    b"key=%ff&key=",
    b"%",
    b"&&==",
    b"x=//evil.test",
    b"alt=sse",
    b"\xff",
    b"key=" + b"k" * 999,
    b"?#",
)
_TRICKS = tuple(trick.format(port=9).encode() for trick in TRICKS)
_URL_PARTS = (
    (b"http://", b"https://", b"HTTP://", b"//", b"http:", b"ftp://"),
    (b"", b"", b"", b"allowed.test@", b"a:b@", b"allowed.test\\@", b"allowed.test#@"),
    (
        b"allowed.test",
        b"named.test",
        b"openai.test",
        b"evil.test",
        b"127.0.0.1",
        b"[::1]",
        b"2130706433",
        b"api.x.ai",
        b"Allowed.Test",
    ),
    (b"", b"", b":80", b":443", b":8443", b":", b":0", b":080", b":80@evil.test"),
    (b"", b"/", b"/v1", b"/v1beta/", b"//", b"/..", b"/a", b"?x", b"#", b"\\", b"%2f"),
)


class Requests:
    """Requests without a body to speak of, at a door with a token and at one without."""

    def __init__(self) -> None:
        self._inner = Inner()
        self._open = ProxyConfig(**_SETTINGS)
        self._shut = ProxyConfig(**_SETTINGS, host="0.0.0.0", token=_TOKEN)
        self._at = [
            (Doorkeeper(self._inner, one), Targets(one), _LISTED | (_PUBLIC if one is self._open else set()), one)
            for one in (self._open, self._shut)
        ]
        self._middleware = HeadroomASGIMiddleware(self._inner, self._open)

    def check(self, r: Random) -> str:
        """Send one request to the door, and on from there; return where it came to."""
        door, targets, allowed, config = r.choice(self._at)
        scope = _scope(r)
        self._inner.scope = {}
        sent = passed(door, scope, [b""])
        if not self._inner.scope:
            refused = sent[0].get("status", sent[0].get("code"))
            law(refused in (401, 403, _POLICY_VIOLATION), "nobody was asked, yet nothing was refused", sent)
            return "stopped at the door"
        _may_come_in(scope, self._inner.scope, has_token=config.token is not None)
        self._works(r, self._inner.scope)
        return _goes(self._inner.scope, targets, allowed)

    def _works(self, r: Random, scope: dict[str, Any]) -> None:
        """Let the middleware read what the headers ask for; whatever it is, there is an answer."""
        if r.random() < 0.3:
            body = damaged_bytes(r, b'{"model": "m", "messages": [{"role": "user", "content": "x"}]}')
            sent = passed(self._middleware, {**scope, "method": "POST"}, pieces(r, body))
            status = sent[0]["status"]
            law(status == 200 or 400 <= status < 500, "a request is answered by", status)


def _scope(r: Random) -> dict[str, Any]:
    kind = r.randrange(6)
    path = r.choice(ROUTES).example
    if kind == 0:
        path = r.choice(IN_A_PATH).format(port=9, path=path)
    elif kind == 1:
        path = r.choice(WITH_PARAMETERS).format(it=r.choice(PARAMETERS).format(port=9))
    elif kind == 2:
        path = f"/{r.choice(('mine', 'v1', 'openai', 'dummy', 'evil', '', '..', '@evil.test'))}{path}"
    elif kind == 3:
        path = r.choice((*sorted(PROBES), "/v1/models", "/", "", "*", "/v1", "/stats", "/%ff"))
    scope = scope_of(path, r.choice(("POST", "POST", "GET", "OPTIONS", "X")), _headers(r))
    raw = path.encode() if r.random() < 0.8 else damaged_bytes(r, path.encode())
    is_socket = {"type": "websocket"} if r.random() < 0.1 else {}
    return {**scope, "raw_path": r.choice((raw, raw, None, b"")), "query_string": r.choice(_QUERIES), **is_socket}


def _headers(r: Random) -> list[Pair]:
    pairs = [_pair(r) for _ in range(r.randrange(7))]
    pairs += [(b"host", r.choice(_HOSTS))] if r.random() < 0.7 else []
    pairs += [(b"X-Headroom-Token", _TOKEN.encode())] if r.random() < 0.4 else []
    r.shuffle(pairs)
    return pairs


def _pair(r: Random) -> Pair:
    name = r.choice(_NAMES)
    value = r.choice(_HOSTS if name in (b"host", b"origin") else _VALUES)
    if name == b"origin" and r.random() < 0.7:
        value = b"http://" + value
    elif name.startswith(b"x-headroom-upstream"):
        value = r.choice((value, r.choice(_TRICKS), b"".join(map(r.choice, _URL_PARTS))))
    value = damaged_bytes(r, value) if r.random() < 0.1 else value
    return r.choice((name, name, name.title(), name.upper())), value


def _may_come_in(came: dict[str, Any], went: dict[str, Any], *, has_token: bool) -> None:
    """Who is let in has shown the token, which stays here; or has named a host that nobody can have made up."""
    values = {name: [v for n, v in came["headers"] if n.lower() == name] for name in (b"host", b"origin")}
    if has_token:
        if came["type"] == "http" and came["path"] in PROBES:
            return
        law(any(_TOKEN.encode() in value for _, value in came["headers"]), "who shows no token is let in")
        left = [
            pair
            for pair in went["headers"]
            if pair[0].lower() == b"x-headroom-token" or pair[1] == f"Bearer {_TOKEN}".encode()
        ]
        law(
            not [pair for pair in left if pair[0].lower() in (b"x-headroom-token", b"authorization")],
            "the token goes on:",
            left,
        )
        return
    host = values[b"host"][0].strip().lower() if values[b"host"] else b""
    law(
        b"rebound" not in host or host.partition(b":")[0].endswith(b".localhost"),
        "a name of a stranger is let in:",
        host,
    )
    origin = values[b"origin"][0].strip().lower() if values[b"origin"] else b""
    page = origin.startswith((b"http://", b"https://")) and b"rebound" in origin
    law(not page or b".localhost" in origin, "a page of a stranger is let in:", origin)


def _goes(scope: dict[str, Any], targets: Targets, allowed: set[str]) -> str:
    """Ask for the target; it is at an origin that the operator allows, however its URL is read."""
    headers = end_to_end(scope["headers"], TO_UPSTREAM)
    _are_end_to_end(scope["headers"], headers)
    try:
        target = targets.of(scope, vendor_for(scope))
    except RequestError as error:
        law(400 <= error.status < 500, "a refusal has the status", error.status)
        return "refused"
    if not isinstance(target, Upward):
        return "answered here"
    url = target.base + target.target
    for origin in (_origin(urlsplit(url)), _origin(URL(url, encoded=True))):
        law(origin in allowed, f"{origin} is asked, which nobody has allowed:", url)
    dressed = target.dressed([(text(name), text(value)) for name, value in headers])
    shows = any(_SECRET in value for _, value in dressed)
    law(not shows or _origin(urlsplit(url)) == "https://named.test:8443", "the operator's key goes to", url)
    return "sent with the operator's key" if shows else "sent"


def _origin(parts: Any) -> str:
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    host = getattr(parts, "hostname", None) or getattr(parts, "host", None)
    return f"{parts.scheme}://{host}:{port}"


def _are_end_to_end(came: Sequence[Pair], went: Sequence[Pair]) -> None:
    """Nothing of this hop goes on, and nothing of ours; the rest stands as it came, in order (RFC 9110, 7.6.1)."""
    of_this_hop = {
        b"connection",
        b"te",
        b"transfer-encoding",
        b"upgrade",
        b"keep-alive",
        b"proxy-authorization",
        b"host",
    }
    for name, value in came:
        if name.lower() == b"connection":
            of_this_hop |= {one.strip().lower() for one in value.split(b",")}
    law(
        not [name for name, _ in went if name in of_this_hop or name.startswith(b"x-headroom")],
        "a header goes on:",
        went,
    )
    left = iter(went)
    here = next(left, None)
    for name, value in came:
        if here == (name.lower(), value):
            here = next(left, None)
    law(here is None, "a header has come from nowhere:", here)
    lost = [name for name, _ in came if name.lower() == b"x-kept" and name.lower() not in of_this_hop]
    law(len(lost) == sum(name == b"x-kept" for name, _ in went), "a header is lost:", lost)
