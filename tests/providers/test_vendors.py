"""Vendor rows: whose request it is, and errors in its own words."""

import json

import pytest

from headroom.providers.vendors import VENDORS, error_body, vendor_of


@pytest.mark.parametrize(
    ("path", "headers", "vendor"),
    [
        ("/v1/models", frozenset(), "openai"),
        ("/v1/models", frozenset({b"x-api-key"}), "anthropic"),
        ("/v1/models", frozenset({b"anthropic-version", b"authorization"}), "anthropic"),
        ("/v1/files", frozenset({b"x-goog-api-key"}), "gemini"),
        ("/v1beta/models", frozenset(), "gemini"),
        ("/upload/v1beta/files", frozenset(), "gemini"),
        ("/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent", frozenset(), "gemini"),
        ("/ws/google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent", frozenset(), "vertex"),
        ("/v1/messages/batches/1", frozenset({b"authorization"}), "anthropic"),
        ("/anything", frozenset({b"authorization"}), "openai"),
    ],
)
def test_the_path_or_the_credentials_name_the_provider(path, headers, vendor):
    assert vendor_of(path, headers).name == vendor


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 418, 429, 500, 502, 503, 504, 529])
@pytest.mark.parametrize("name", sorted(VENDORS))
def test_every_error_has_the_providers_shape_and_an_id(name, status):
    error = json.loads(error_body(VENDORS[name], status, "some_code", "What happened.", "id-1"))
    assert error["request_id"] == "id-1"
    assert error["error"]["message"] == "What happened."
    if name == "openai":
        assert error["error"]["code"] == "some_code"
        assert error["error"]["type"]
    elif name in ("anthropic", "bedrock"):
        assert error["type"] == "error"
        assert error["error"]["type"].endswith(("_error", "_large"))
    else:
        assert error["error"]["code"] == status
        assert error["error"]["status"].isupper()
