"""The Redis store and its server: away, silent, back, and evicting on its own."""

import time

import pytest
from state.benches import Clock
from state.redis_process import RedisProcess

from headroom.errors import ConfigError, StoreError
from headroom.state.redis import RedisStore


@pytest.fixture
def server(redis_server):
    with redis_server().client() as client:
        client.flushall()
    return redis_server()


@pytest.fixture
def own_server(tmp_path):
    """A server that a test may kill or freeze."""
    server = RedisProcess(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def opened():
    stores = []

    def make(url, **settings):
        stores.append(RedisStore(url, **settings))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


def test_a_server_that_is_killed_is_a_store_error_until_it_is_back(own_server, opened):
    clock = Clock()
    store = opened(own_server.url, clock=clock)
    store.put("tenant", "key", b"value")
    own_server.kill()
    with pytest.raises(StoreError, match=r"refused|closed|reset"):
        store.get("tenant", "key")
    with pytest.raises(StoreError, match="a moment ago"):
        store.put("tenant", "key", b"value")
    assert own_server.start()
    clock.now += 2
    assert store.get("tenant", "key") is None
    store.put("tenant", "key", b"value")
    assert store.get("tenant", "key") == b"value"


def test_a_restart_between_two_uses_goes_unnoticed(own_server, opened):
    store = opened(own_server.url)
    store.put("tenant", "key", b"value")
    own_server.kill()
    assert own_server.start()
    assert store.get("tenant", "key") is None
    store.put("tenant", "key", b"value")
    assert store.get("tenant", "key") == b"value"


def test_a_silent_server_is_waited_for_once_and_then_left_alone_for_a_while(own_server, opened):
    clock = Clock()
    store = opened(own_server.url, clock=clock)
    store.put("tenant", "key", b"value")
    own_server.freeze()
    with pytest.raises(StoreError, match=r"[Tt]imeout"):
        store.get("tenant", "key")
    with pytest.raises(StoreError, match="a moment ago"):
        store.get("tenant", "key")
    own_server.thaw()
    with pytest.raises(StoreError, match="a moment ago"):
        store.get("tenant", "key")
    clock.now += 2
    assert store.get("tenant", "key") == b"value"


def test_no_wait_is_longer_than_a_second(server, opened):
    settings = opened(server.url)._link.client.connection_pool.connection_kwargs
    assert settings["socket_timeout"] <= 1
    assert settings["socket_connect_timeout"] <= 1


def test_a_store_that_is_left_alone_leaves_nothing_behind(server, opened):
    store = opened(server.url, idle_seconds=0.1)
    for number in range(10):
        store.put("tenant", str(number), b"value")
    with server.client() as client:
        assert client.dbsize() == 12
        time.sleep(0.4)
        assert client.dbsize() == 0


@pytest.mark.parametrize("lost", [["headroom:used"], ["headroom:costs"], ["headroom:used", "headroom:costs"]])
def test_a_server_that_evicts_the_lists_has_a_store_that_is_bounded_again(server, opened, lost):
    store = opened(server.url, max_bytes=10_000)
    for number in range(20):
        store.put("tenant", str(number), b"x" * 500)
    with server.client() as client:
        client.delete(*lost)
    for number in range(40):
        store.put("tenant", f"new {number}", b"x" * 500)
        assert store.get("tenant", f"new {number}") == b"x" * 500
    assert 0 < store.stats().bytes <= 10_000


def test_an_entry_that_the_server_evicts_is_a_miss(server, opened):
    store = opened(server.url)
    store.put("tenant", "key", b"value")
    with server.client() as client:
        client.delete(*client.keys("headroom:entry:*"))
    assert store.get("tenant", "key") is None
    store.put("tenant", "key", b"value")
    assert store.get("tenant", "key") == b"value"
    assert store.stats().entries == 1


def test_all_keys_have_the_prefix_of_headroom(server, opened):
    store = opened(server.url)
    store.put("tenant", "key", b"value")
    store.secret()
    with server.client() as client:
        assert client.keys("headroom:*") == client.keys("*")


def test_a_value_that_is_there_is_not_sent_again(server, opened):
    store = opened(server.url)
    value = bytes(range(256)) * 40
    store.put("tenant", "key", value[::-1])
    store.put("tenant", "key", value)
    with server.client() as client:
        before = client.info("stats")["total_net_input_bytes"]
        store.put("tenant", "key", value)
        assert client.info("stats")["total_net_input_bytes"] - before < 1000
    assert store.get("tenant", "key") == value


def test_all_who_use_a_server_have_its_secrets(server, opened):
    one, two = opened(server.url), opened(server.url)
    assert one.secret() == two.secret() == one.secret("marker.key")
    assert len(one.secret()) == 32
    assert one.secret("other") != one.secret()


def test_a_secret_that_was_damaged_is_not_used(server, opened):
    with server.client() as client:
        client.set("headroom:secret:marker.key", b"short")
    with pytest.raises(ConfigError, match="remove it"):
        opened(server.url).secret()
