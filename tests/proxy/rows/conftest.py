"""Rules are told in modules beside the test: what breaks one is to be shown in full."""

import pytest

pytest.register_assert_rewrite("proxy.rows")
