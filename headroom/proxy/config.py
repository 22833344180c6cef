"""Every option, once. Flags, environment and the view of `/health` are made from these fields.

This module stands low: it imports data only, so that the middleware may take a `ProxyConfig`. It is the one
place that reads the environment (`HEADROOM_<FIELD>`) and, through `config_file.py`, the file that `config` names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_serializer, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from headroom.blocks import Mode, Tier
from headroom.errors import ConfigError
from headroom.policy import Policy, Rewrite
from headroom.providers.vendors import ANTHROPIC, BEDROCK, GEMINI, OPENAI, VERTEX
from headroom.proxy.addresses import normal_base_url
from headroom.proxy.config_file import ConfigFile, check_names
from headroom.proxy.named import NamedUpstream, named_upstreams
from headroom.proxy.transform_set import TransformSet

__all__ = ["ProxyConfig", "TransformSet"]

_DEFAULT = Policy()
_LISTS = ("excluded_tools", "allow_upstream", "allow_hosts", "interceptors", "pipeline_extensions", "proxy_extensions")
# Names that the modes had in earlier systems of this kind; configurations that carry them go on working.
_MODE_ALIASES = {
    "token_headroom": "token",
    "token_mode": "token",
    "token_savings": "token",
    "cost_savings": "cache",
    "cache_mode": "cache",
}


class ProxyConfig(BaseSettings):
    """Options of the middleware, the proxy and the library."""

    model_config = SettingsConfigDict(
        env_prefix="HEADROOM_", extra="forbid", arbitrary_types_allowed=True, enable_decoding=False
    )

    config: Path | None = Field(
        None, description="TOML file with options by the names of their fields; flags and environment win over it."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    uds: Path | None = Field(None, description="Unix socket to listen on, for this user alone, instead of a port.")
    port: int = Field(8787, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(
        1, ge=1, le=256, description="Processes behind one port; memory as their store becomes SQLite in the workspace."
    )
    optimize: bool = Field(_DEFAULT.optimize, description="Compress requests; off: pass through, still counted.")
    mode: Literal["token", "cache"] = Field(
        "token", description="Which blocks are decided: all of them, or the newest turn only (warm conversations)."
    )
    lossless: bool = Field(_DEFAULT.lossless, description="Leave nothing out, even where it could be retrieved.")
    lossless_tier: Literal["plain", "legend", "max"] = Field(
        "legend", description="How much a reader has to do: read at sight, read a legend, follow references."
    )
    compress_first: bool = Field(
        default=True,
        description="Leave something out only where that saves much beyond what is shorter without loss; off: at once.",
    )
    intelligent_scoring: bool = Field(
        _DEFAULT.by_importance,
        description="What stays of a text is what tells most; off: its first and last lines.",
    )
    intelligent_context: bool = Field(
        default=True,
        description="What stands before an output may shorten it; off: as cross_turn off and rewrite off.",
    )
    code_aware: bool = Field(
        _DEFAULT.code_aware,
        description="Work on source code (folding needs the extra `code`); off: it stays as it is.",
        validation_alias=AliasChoices("code_aware", "HEADROOM_CODE_AWARE", "HEADROOM_CODE_AWARE_ENABLED"),
    )
    cross_turn: bool = Field(
        _DEFAULT.cross_turn, description="Refer to an earlier tool output where a later one repeats it."
    )
    rewrite: Literal["off", "cold", "warm"] = Field(
        _DEFAULT.rewrite.value,
        description="When old outputs of calls that were made again are left out: never, while nothing is cached, "
        "or also when the formula says that it pays.",
    )
    further_requests: int = Field(
        _DEFAULT.further_requests, ge=0, description="Requests expected to follow, for that formula."
    )
    compress_user_messages: bool = Field(
        _DEFAULT.compress_user_messages, description="Also compress what the user wrote."
    )
    excluded_tools: tuple[str, ...] = Field((), description="Tools whose output stays as it is; globs.")
    min_tokens_to_compress: int = Field(_DEFAULT.min_tokens, ge=0, description="Shorter blocks stay as they are.")
    max_body_bytes: int = Field(_DEFAULT.max_body_bytes, gt=0, description="Larger bodies are not read.")
    work_bytes: int = Field(
        268_435_456,
        gt=0,
        description="Bytes of bodies in work at a time; to more, the proxy answers 429, host apps get it unread.",
    )
    block_seconds: float = Field(_DEFAULT.block_seconds, gt=0, description="Time one block may take.")
    request_seconds: float = Field(_DEFAULT.request_seconds, gt=0, description="Time one request may take.")
    memory_bytes: int = Field(67_108_864, ge=0, description="Memory for decisions already made.")
    retrieval: Literal["auto", "off", "tool", "mcp", "shell", "http"] = Field(
        "auto",
        description="How a model gets back what was left out; off: nothing is; auto: tool in proxy, client; else off.",
    )
    callers_retrieve: bool = Field(
        default=False,
        description="Callers of /v1/compress who say nothing of it give their model the tool headroom_retrieve, and "
        "answer its calls by /v1/retrieve (LiteLLM's guardrail).",
    )
    store: str = Field(
        "memory:",
        description="Where originals and limits are kept: memory:, sqlite:PATH (several workers), redis://HOST:PORT/DB.",
    )
    store_max_bytes: int = Field(268_435_456, gt=0, description="Room for originals; the least recently used go.")
    store_idle_seconds: float = Field(1_800.0, gt=0, description="Originals not used for this long go.")
    workspace_dir: Path = Field(
        Path("~/.headroom"), description="Folder for the key of the handles, and for whatever outlives the process."
    )
    tenant: str = Field("", description="Whose originals they are; if not given, each credential is a tenant.")
    marker_key: SecretStr | None = Field(None, description="Secret of the handles instead of the one in the workspace.")
    log_file: Path | None = Field(
        None, description="File for a JSON line about each request: figures, no texts; none if not given (proxy)."
    )
    log_max_bytes: int = Field(
        104_857_600, gt=0, description="A larger log becomes NAME.1, and the one that had this name goes."
    )
    telemetry: bool = Field(
        default=False,
        description="At the end, write totals to telemetry.json in the workspace (proxy). Nothing is ever sent.",
    )
    token: SecretStr | None = Field(
        None,
        description="What a request must show in X-Headroom-Token, or as its bearer token.",
        validation_alias=AliasChoices("token", "HEADROOM_TOKEN", "HEADROOM_PROXY_TOKEN"),
    )
    insecure_no_auth: bool = Field(
        default=False, description="Listen without a token where others can reach the address."
    )
    allow_hosts: tuple[str, ...] = Field(
        (), description="Host names to answer to, besides local ones and addresses, where there is no token."
    )
    openai_api_url: str = Field(
        OPENAI.base_url,
        description="Upstream for OpenAI routes.",
        validation_alias=AliasChoices("openai_api_url", "HEADROOM_OPENAI_API_URL", "OPENAI_TARGET_API_URL"),
    )
    anthropic_api_url: str = Field(
        ANTHROPIC.base_url,
        description="Upstream for Anthropic routes.",
        validation_alias=AliasChoices("anthropic_api_url", "HEADROOM_ANTHROPIC_API_URL", "ANTHROPIC_TARGET_API_URL"),
    )
    gemini_api_url: str = Field(
        GEMINI.base_url,
        description="Upstream for Gemini routes.",
        validation_alias=AliasChoices("gemini_api_url", "HEADROOM_GEMINI_API_URL", "GEMINI_TARGET_API_URL"),
    )
    vertex_api_url: str = Field(
        VERTEX.base_url,
        description="Upstream for Vertex AI routes; a region has one of its own.",
        validation_alias=AliasChoices("vertex_api_url", "HEADROOM_VERTEX_API_URL", "VERTEX_TARGET_API_URL"),
    )
    bedrock_api_url: str = Field(
        BEDROCK.base_url,
        description="Upstream for Amazon Bedrock routes; each region has its own.",
        validation_alias=AliasChoices("bedrock_api_url", "HEADROOM_BEDROCK_API_URL", "BEDROCK_TARGET_API_URL"),
    )
    upstreams: dict[str, NamedUpstream] = Field(
        default_factory=dict,
        description="Upstreams by name, for X-Headroom-Upstream or the path `/NAME/v1/...`. After the URL may follow "
        "`;wire=WIRE` (takes no other) and `;header=NAME:VARIABLE` (secret, sent there alone); each may be repeated.",
        json_schema_extra={"flag": "--upstream", "form": "NAME=URL"},
    )
    allow_upstream: tuple[str, ...] = Field(
        (),
        description="More origins that a request may name in X-Headroom-Upstream, and that may be private addresses.",
        validation_alias=AliasChoices("allow_upstream", "HEADROOM_ALLOW_UPSTREAM", "HEADROOM_ALLOWED_UPSTREAMS"),
    )
    connect_timeout: float = Field(10.0, gt=0, description="Seconds to reach an upstream.")
    read_timeout: float = Field(600.0, gt=0, description="Seconds between two chunks of an answer.")
    drain_seconds: float = Field(30.0, ge=0, description="Seconds that running requests get at shutdown.")
    notice_seconds: float = Field(
        0.0, ge=0, description="Seconds at shutdown in which requests still come in, until balancers have noticed."
    )
    retry_max_attempts: int = Field(2, ge=0, le=10, description="Repeats of a request that was not accepted.")
    rate_limit: bool = Field(default=True, description="Apply rpm, tpm and max_concurrent, where they are set (proxy).")
    rpm: int = Field(
        0, ge=0, description="Requests a minute of one credential, or of one address without; 0: no limit."
    )
    tpm: int = Field(0, ge=0, description="Tokens a minute, likewise: estimated before, as reported after.")
    max_concurrent: int = Field(0, ge=0, description="Requests at a time, likewise.")
    budget: float = Field(
        0.0, ge=0, le=1e6, allow_inf_nan=False, description="USD for everybody in a period (proxy); 0: none."
    )
    budget_per_key: float = Field(
        0.0, ge=0, le=1e6, allow_inf_nan=False, description="USD for each credential in a period; 0: none."
    )
    budget_period: Literal["hourly", "daily", "monthly"] = Field("daily", description="Period of the budgets, in UTC.")
    unknown_price: Literal["ignore", "count", "block"] = Field(
        "ignore",
        description="Requests whose price is not known: not counted in budgets, counted at the highest, or refused.",
    )
    limits_when_down: Literal["closed", "local"] = Field(
        "closed", description="While the store of the counters is gone: refuse with 503, or count in each process."
    )
    cache: bool = Field(
        default=True, description="Answer a deterministic request that came before with the same answer again (proxy)."
    )
    cache_ttl_seconds: float = Field(
        3_600.0, gt=0, allow_inf_nan=False, description="Seconds for which an answer may be given again."
    )
    cache_max_bytes: int = Field(
        67_108_864, gt=0, description="Room for these answers; the least recently used go. In Redis: store_max_bytes."
    )
    cache_tools: bool = Field(default=False, description="Cache also the answers to requests with tools.")
    cache_all: bool = Field(
        default=False, description="Cache also the answers to requests without `temperature: 0` or a `seed`."
    )
    paths: dict[str, str] = Field(
        default_factory=dict,
        description="Routes of the host app that carry LLM bodies: path or glob to wire, or `auto`.",
        json_schema_extra={"form": "PATH=WIRE"},
    )
    transforms: Any = Field(
        default_factory=TransformSet,
        exclude=True,
        description="Transforms to run instead of the default list.",
    )
    interceptors: list[Any] = Field(
        default_factory=list,
        description="Policies that see requests before all else, by name: astgrep, redact_email; in code also objects.",
        json_schema_extra={"flag": "--interceptor", "form": "NAME"},
    )
    pipeline_extensions: list[Any] = Field(
        default_factory=list,
        description="Observers of the pipeline that installed distributions offer, by name; in code also objects.",
        json_schema_extra={"flag": "--pipeline-extension", "form": "NAME"},
    )
    proxy_extensions: list[str] = Field(
        default_factory=list,
        description="Additions to the proxy that installed distributions offer, by name.",
        json_schema_extra={"flag": "--proxy-extension", "form": "NAME"},
    )
    hooks: Any = Field(None, exclude=True, description="A CompressionHooks object.")

    # Two configurations with equal values are still two: each app has transforms of its own to switch.
    __hash__ = object.__hash__

    def __init__(self, **values: Any) -> None:
        check_names(os.environ, type(self).model_fields)
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise ConfigError(f"setting {name!r}: {first['msg'].removeprefix('Value error, ')}") from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where values come from; the first one that has a value wins."""
        return init_settings, env_settings, ConfigFile(settings_cls)

    @field_validator("telemetry")
    @classmethod
    def _unless_told_not_to(cls, value: bool) -> bool:  # noqa: FBT001 - the form of a validator
        """Heed the sign by which people refuse telemetry of any kind (consoledonottrack.com)."""
        return value and os.environ.get("DO_NOT_TRACK", "") in ("", "0", "false")

    @field_validator("transforms")
    @classmethod
    def _as_set(cls, value: Any) -> TransformSet:
        return value if isinstance(value, TransformSet) else TransformSet(value)

    @field_validator("mode", mode="before")
    @classmethod
    def _mode(cls, value: Any) -> Any:
        return _MODE_ALIASES.get(value, value) if isinstance(value, str) else value

    @field_validator(*_LISTS, mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """Take `a,b` as the environment gives it."""
        return _items(value) if isinstance(value, str) else value

    @field_validator("paths", mode="before")
    @classmethod
    def _mapped(cls, value: Any) -> Any:
        """Take `PATH=WIRE,...` and lists of `PATH=WIRE`, as environment and command line give them."""
        if isinstance(value, str):
            value = _items(value)
        if not isinstance(value, (list, tuple)):
            return value
        pairs = [str(item).rpartition("=") for item in value]
        if not all(path and wire for path, _, wire in pairs):
            raise ValueError("must be PATH=WIRE")
        return {path: wire for path, _, wire in pairs}

    @field_validator("upstreams", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        """Take `NAME=URL` with what follows: as a list with commas, one by one, or by name as a mapping."""
        if isinstance(value, str):
            value = _items(value)
        if isinstance(value, (list, tuple)):
            return named_upstreams((str(item).partition("=")[::2] for item in value), os.environ)
        return named_upstreams(value.items(), os.environ) if isinstance(value, dict) else value

    @field_validator("openai_api_url", "anthropic_api_url", "gemini_api_url", "vertex_api_url", "bedrock_api_url")
    @classmethod
    def _normal_url(cls, value: str) -> str:
        return normal_base_url(value)

    @field_serializer("upstreams")
    def _bases(self, value: dict[str, NamedUpstream]) -> dict[str, str]:
        """Show of upstreams where they are, and nothing that is secret."""
        return {name: one.base for name, one in value.items()}

    @field_serializer("interceptors", "pipeline_extensions")
    def _names(self, value: list[Any]) -> list[str]:
        return [one if isinstance(one, str) else type(one).__name__ for one in value]

    @field_serializer("token", "marker_key")
    def _is_set(self, value: SecretStr | None) -> str:
        """Show of a secret whether there is one."""
        return "not set" if value is None else "set"

    @field_serializer("store")
    def _without_password(self, value: str) -> str:
        """Show of an address only what kind of store it is: the rest may hold a password."""
        return value.partition(":")[0] + ":"

    @property
    def default_upstreams(self) -> dict[str, str]:
        """Where requests go that name no upstream: the base URL of each vendor."""
        return {
            OPENAI.name: self.openai_api_url,
            ANTHROPIC.name: self.anthropic_api_url,
            GEMINI.name: self.gemini_api_url,
            VERTEX.name: self.vertex_api_url,
            BEDROCK.name: self.bedrock_api_url,
        }

    @property
    def one_tenant(self) -> str:
        """The tenant of all callers; empty where each credential is a tenant of its own.

        Readers in a shell or behind an MCP client cannot show the credential under which an original was kept.
        """
        return self.tenant or ("local" if self.retrieval in ("shell", "mcp") else "")

    @property
    def policy(self) -> Policy:
        """The part of the options that may enter a decision."""
        policy = Policy(
            optimize=self.optimize,
            mode=Mode(self.mode),
            tier=Tier[self.lossless_tier.upper()],
            lossless=self.lossless,
            cross_turn=self.cross_turn and self.intelligent_context,
            rewrite=Rewrite(self.rewrite) if self.intelligent_context else Rewrite.OFF,
            code_aware=self.code_aware,
            by_importance=self.intelligent_scoring,
            further_requests=self.further_requests,
            compress_user_messages=self.compress_user_messages,
            excluded_tools=self.excluded_tools,
            min_tokens=self.min_tokens_to_compress,
            max_body_bytes=self.max_body_bytes,
            block_seconds=self.block_seconds,
            request_seconds=self.request_seconds,
        )
        return policy if self.compress_first else policy.eager


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip()]
