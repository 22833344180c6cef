"""Bodies in work: what there is no room for is refused by the proxy, and handed on unread in a host app."""

from contextlib import suppress

import pytest
from support.drive import Inner, answer_of, post
from support.samples import sample
from support.wires import Step, body_of, encoded

from headroom.errors import OverloadedError
from headroom.integrations.asgi import HeadroomASGIMiddleware
from headroom.integrations.load import Load
from headroom.proxy.config import ProxyConfig
from headroom.proxy.interceptors.base import BaseInterceptor

PATH = "/v1/chat/completions"
BODY = encoded(body_of("openai-chat", [Step(sample("log_lines"))]))


class Policy(BaseInterceptor):
    fail_closed = True

    def intercept(self, payload):
        return payload


def busy(config=None, **settings):
    """Return an app with the middleware that has its hands full, and the app behind."""
    inner = Inner()
    app = HeadroomASGIMiddleware(inner, config or ProxyConfig(work_bytes=len(BODY) + 10), **settings)
    app.load.in_hand = 11
    return app, inner


def test_the_proxy_refuses_in_the_providers_shape_and_says_when_to_come_again():
    app, inner = busy(refuse_large=True)
    status, headers, body = answer_of(post(app, PATH, BODY))
    assert (status, headers[b"retry-after"]) == (429, b"1")
    assert b'"code":"gateway_overloaded"' in body
    assert inner.received == []


def test_a_host_app_gets_it_as_it_came():
    app, inner = busy()
    assert answer_of(post(app, PATH, BODY))[0] == 200
    assert inner.body == BODY
    assert inner.scope["headroom"].outcome.note == "overloaded"


def test_a_policy_that_fails_closed_is_not_got_around():
    app, inner = busy(ProxyConfig(work_bytes=len(BODY), interceptors=[Policy()]))
    assert answer_of(post(app, PATH, BODY))[0] == 403
    assert inner.received == []


def test_room_is_free_again_when_the_work_is_done_or_has_failed():
    load = Load(10)
    with suppress(ValueError), load.of(7):
        with pytest.raises(OverloadedError), load.of(4):
            pass
        with load.of(3):
            assert load.in_hand == 10
        raise ValueError
    assert load.in_hand == 0


def test_one_body_that_is_larger_than_all_room_has_it_alone():
    load = Load(10)
    with load.of(50), pytest.raises(OverloadedError), load.of(1):
        pass
