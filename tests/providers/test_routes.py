"""The route table: which bodies are read, and which pass unread because the model's wire is another one."""

import pytest

from headroom.providers.routes import ROUTES, route_of
from headroom.providers.vendors import vendor_of

VERTEX = "/v1/projects/p/locations/us-east5/publishers"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{VERTEX}/anthropic/models/claude-opus-4-1@20250805:rawPredict", "vertex.claude"),
        (f"{VERTEX}/anthropic/models/claude-opus-4-1@20250805:streamRawPredict", "vertex.claude_stream"),
        ("/vertex_ai/v1beta1/projects/p/locations/l/publishers/google/models/g:generateContent", "vertex.gemini"),
        ("/v1beta1/publishers/google/models/g:streamGenerateContent", "vertex.gemini_stream"),
        ("/v1beta/models/g:generateContent", "gemini.generate"),
        ("/model/anthropic.claude-3-haiku-20240307-v1:0/invoke", "bedrock.claude"),
        (
            "/model/arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-sonnet-4-5/invoke-with-response-stream",
            "bedrock.claude_stream",
        ),
        (f"{VERTEX}/mistralai/models/mistral-large:rawPredict", ""),
        (f"{VERTEX}/meta/models/llama:streamRawPredict", ""),
        ("/model/amazon.nova-pro-v1:0/invoke", ""),
        ("/model/meta.llama3/invoke-with-response-stream", ""),
        ("/model/anthropic.claude-3-haiku-20240307-v1:0/converse", ""),
        ("/model/anthropic.claude-3-haiku-20240307-v1:0/converse-stream", ""),
        ("/tools/anthropic.claude/invoke", ""),
        ("/", ""),
        ("", ""),
    ],
)
def test_a_row_is_found_by_the_end_of_its_path_and_what_is_within(path: str, name: str) -> None:
    row = route_of("POST", path)
    assert (row.name if row else "") == name


@pytest.mark.parametrize(
    ("path", "vendor"),
    [
        ("/v1/projects/p/locations/l/endpoints/e:predict", "vertex"),
        ("/v1beta1/projects/p/locations/l/cachedContents", "vertex"),
        ("/model/amazon.nova-pro-v1:0/converse", "bedrock"),
        ("/v1beta/models", "gemini"),
        ("/v1/models", "openai"),
    ],
)
def test_what_is_not_read_goes_to_the_cloud_that_its_path_names(path: str, vendor: str) -> None:
    assert vendor_of(path, frozenset({b"authorization"})).name == vendor


def test_names_are_unique_and_every_row_is_reachable() -> None:
    assert len({row.name for row in ROUTES}) == len(ROUTES)
    assert all(route_of("POST", row.example) is row for row in ROUTES)
