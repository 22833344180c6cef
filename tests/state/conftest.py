from functools import cache

import pytest
from state.benches import AT_REST, BENCHES
from state.redis_process import RedisProcess


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory):
    """Starts the server of the session when it is first asked for; tests of other backends need none."""
    started = []

    @cache
    def server():
        started.append(RedisProcess(tmp_path_factory.mktemp("redis")))
        return started[0]

    yield server
    for one in started:
        one.kill()


def _bench(request, tmp_path, redis_server):
    bench = request.param(tmp_path, redis_server)
    yield bench
    bench.close()


bench = pytest.fixture(params=BENCHES, ids=lambda one: one.name)(_bench)
bench_at_rest = pytest.fixture(params=AT_REST, ids=lambda one: one.name)(_bench)
