"""Every name that documentation promises imports, and does something."""

import importlib
import json
import subprocess
import sys

import pytest

NAMES = [
    ("headroom", "compress"),
    ("headroom", "acompress"),
    ("headroom", "CompressResult"),
    ("headroom", "HeadroomClient"),
    ("headroom", "SharedContext"),
    ("headroom", "PipelineStage"),
    ("headroom", "PipelineEvent"),
    ("headroom", "PipelineExtension"),
    ("headroom", "CompressionHooks"),
    ("headroom.integrations.asgi", "HeadroomASGIMiddleware"),
    ("headroom.pipeline", "PipelineStage"),
    ("headroom.pipeline", "PipelineEvent"),
    ("headroom.pipeline", "PipelineExtension"),
    ("headroom.pipeline", "CompressionHooks"),
    ("headroom.proxy.config", "ProxyConfig"),
    ("headroom.proxy.extensions", "install_headroom"),
    ("headroom.proxy.extensions", "register_handler"),
    ("headroom.proxy.extensions", "register_interceptor"),
    ("headroom.proxy.handlers.base", "BaseHandlerMixin"),
    ("headroom.proxy.helpers", "request_upstream_override"),
    ("headroom.proxy.interceptors.base", "BaseInterceptor"),
    ("headroom.proxy.prometheus_metrics", "exposition"),
    ("headroom.proxy.server", "app"),
    ("headroom.proxy.server", "create_app"),
    ("headroom.proxy.server", "create_app_from_env"),
    ("headroom.transforms", "CacheAligner"),
    ("headroom.transforms", "CodeAwareCompressor"),
    ("headroom.transforms", "ContentRouter"),
    ("headroom.transforms", "DiffCompressor"),
    ("headroom.transforms", "LogCompressor"),
    ("headroom.transforms", "SearchCompressor"),
    ("headroom.transforms", "SmartCrusher"),
    ("headroom.transforms", "TagProtector"),
    ("headroom.transforms", "Transform"),
    ("headroom.transforms.base", "Transform"),
    ("headroom.transforms.pipeline", "DEFAULT_TRANSFORMS"),
]


@pytest.mark.parametrize(("module", "name"), NAMES, ids=[f"{module}.{name}" for module, name in NAMES])
def test_a_documented_name_is_there(module, name):
    assert getattr(importlib.import_module(module), name) is not None


@pytest.mark.parametrize("module", ["headroom", "headroom.pipeline", "headroom.transforms", "headroom.providers"])
def test_all_lists_exactly_what_is_documented_and_every_name_of_it_loads(module):
    room = importlib.import_module(module)
    assert all(getattr(room, name) is not None for name in room.__all__)
    assert {name for where, name in NAMES if where == module} <= set(room.__all__)


def test_the_transforms_work_alone_on_a_payload():
    from headroom.transforms import SearchCompressor

    output = "\n".join(f"/srv/some/project/module.py:{n}:    raise KeyError({n})" for n in range(80))
    payload = {"model": "gpt-4o", "messages": [{"role": "tool", "tool_call_id": "c", "content": output}]}
    before = json.dumps(payload)
    after = SearchCompressor().apply_request(payload)
    assert len(after["messages"][0]["content"]) < len(output)
    assert json.dumps(payload) == before
    assert SearchCompressor().apply_response({"id": 1}) == {"id": 1}


def test_a_documented_server_attribute_is_built_only_when_it_is_asked_for():
    code = "import sys, headroom.proxy.server as s; print('fastapi' in sys.modules); s.app; print(callable(s.app))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_unknown_names_are_attribute_errors():
    import headroom

    with pytest.raises(AttributeError, match="nonsense"):
        _ = headroom.nonsense
    assert "compress" in dir(headroom)
