"""LangChain's own suite for chat models, on a plain model and on the two that shorten: run by test_standard.py.

pytest does not collect this file by itself: here a failure of the plain model is no failure of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.load import dumpd
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from headroom_langchain import HeadroomChatModel, compress_model
from headroom_langchain.tests.chat_server import chat_server

KEY = "sk-test"


class Wrapped(HeadroomChatModel):
    """Made as a ChatOpenAI is made, as the suite makes models from their class."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(ChatOpenAI(**settings))


GRAFT = type(compress_model(ChatOpenAI(model="gpt-4o-mini", api_key=KEY)))


class Unit(ChatModelUnitTests):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "gpt-4o-mini", "api_key": KEY}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        names = {"OPENAI_API_KEY": "api_key", "OPENAI_API_BASE": "https://base.com", "OPENAI_ORG_ID": "org_id"}
        expected = {"openai_api_key": "api_key", "openai_api_base": "https://base.com"}
        return names, {"model": "gpt-4o-mini"}, {**expected, "openai_organization": "org_id"}

    @pytest.fixture
    def snapshot(self, model: BaseChatModel) -> Any:
        """What a plain model of the same settings serialises to stands for a stored snapshot."""
        plain = ChatOpenAI(**{**self.standard_chat_model_params, **self.chat_model_params})
        return lambda name: dumpd(plain)


class Integration(ChatModelIntegrationTests):
    @pytest.fixture(autouse=True, scope="class")
    def provider(self) -> Iterator[None]:
        with chat_server() as (url, _), pytest.MonkeyPatch.context() as patch:
            patch.setenv("OPENAI_API_BASE", url)
            patch.setenv("OPENAI_API_KEY", KEY)
            yield

    @property
    def chat_model_params(self) -> dict[str, Any]:
        # The suite asks whether usage comes with streams; by itself langchain-openai asks OpenAI's own server only.
        return {"model": "gpt-4o-mini", "stream_usage": True}

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return "gpt-4o"


class Plain:
    chat_model_class = ChatOpenAI


class Wrapper:
    chat_model_class = Wrapped


class Graft:
    chat_model_class = GRAFT


class TestPlainUnit(Plain, Unit): ...


class TestPlainIntegration(Plain, Integration): ...


class TestWrapperUnit(Wrapper, Unit): ...


class TestWrapperIntegration(Wrapper, Integration): ...


class TestGraftUnit(Graft, Unit): ...


class TestGraftIntegration(Graft, Integration): ...
