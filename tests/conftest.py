"""Settings for the whole suite."""

import os
import tempfile

import pytest
from hypothesis import HealthCheck, settings

from headroom.proxy.handlers import base as handlers
from headroom.proxy.interceptors import base as interceptors

# A deadline would make tests depend on how busy the machine is; speed is measured in benchmarks/.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# `make fuzz` runs the laws of the encodings on this many cases each.
settings.register_profile("deep", parent=settings.get_profile("house"), max_examples=100_000)
settings.load_profile("house")

# Proxies under test keep their key here, never in the home of whoever runs the tests.
_workspace = tempfile.TemporaryDirectory(prefix="headroom-tests-")
os.environ["HEADROOM_WORKSPACE_DIR"] = _workspace.name


@pytest.fixture(autouse=True)
def _registries_as_they_were():
    """Forget what a test, or an extension that it has loaded, has registered with the process."""
    before = dict(handlers._handlers), interceptors.registered()
    yield
    handlers._handlers.clear()
    handlers._handlers.update(before[0])
    interceptors._interceptors[:] = before[1]
