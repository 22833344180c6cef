"""Every option in one row: how it is typed, set in the environment and written in a file, and what it changes."""

from __future__ import annotations

import inspect
import json.encoder
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.probes import (
    CHAT,
    JSON,
    KEY,
    LOG,
    Probe,
    arrived,
    asked_of_provider,
    at_a_time,
    bound,
    chat,
    decided,
    ends_at_once,
    exchanged,
    handle,
    history,
    kept,
    lived,
    logged,
    once_busy,
    other_caller,
    pipeline,
    plugged,
    remembers,
    silent,
    starts,
    statuses,
    target,
    text_of,
    tool_chat,
    unreachable,
    user_reason,
    while_busy,
    with_log,
)
from proxy.net import request
from support.samples import sample
from support.wires import Step, body_of, encoded

from headroom.ccr.marker import Mint
from headroom.pipeline import CompressionHooks
from headroom.proxy.config import ProxyConfig, TransformSet
from headroom.proxy.unix import unix_listener
from headroom.proxy.workers import with_shared_store

HERE = "{folder}"
"""Stands for a folder of the test's own."""


@dataclass(frozen=True)
class Row:
    """One option: arguments, the value of its variable, its value in TOML, and what a probe sees without and with it.

    A `before` of None is not looked at: the default would take too long, or is somebody else's.
    """

    arguments: list[str]
    variable: str
    toml: str
    probe: Probe
    before: Any
    after: Any


def row(arguments: list[str], probe: Probe, before: Any, after: Any, *, variable: str = "", toml: str = "") -> Row:
    """Return the row of an option with one value: the last argument, unless it is said otherwise."""
    value = variable or arguments[-1]
    return Row(arguments, value, toml or json.dumps(value), probe, before, after)


def switch(flag: str, probe: Probe, before: Any, after: Any) -> Row:
    """Return the row of an option that is on or off."""
    value = "false" if flag.startswith("--no-") else "true"
    return Row([flag], value, value, probe, before, after)


def number(flag: str, value: str, probe: Probe, before: Any, after: Any) -> Row:
    return Row([flag, value], value, value, probe, before, after)


TWICE = (chat(temperature=0), chat(temperature=0))
WITH_TOOLS = chat(temperature=0, tools=[{"type": "function", "function": {"name": "f"}}])
PRICED = chat(model="gpt-5.5", max_tokens=4000)
SOURCE = inspect.getsource(json.encoder)
CAT = Step(SOURCE, arguments='{"command": "cat encoder.py"}', user="What is in here?")
ROWS_OF_CSV = Step(sample("csv_lines"))


def words(*looked_for: str) -> Probe:
    """Return a probe of which words stand in what is made of a log."""
    return lambda config: [one in text_of(config) for one in looked_for]


def form(*steps: Step, **base: Any) -> Probe:
    """Return a probe of how the last tool output is written."""
    return lambda config: decided(*steps, what="encoding")(config.model_copy(update=base))[-1]


def reason(*steps: Step) -> Probe:
    return lambda config: decided(*steps)(config)[-1].value


def busy_once(config: ProxyConfig) -> list[int]:
    return statuses(chat(), script=once_busy())(config)


def old_and_new(config: ProxyConfig) -> list[str]:
    """Return why an output of a turn that is over, and one of the newest turn, came out as they did."""
    return [why.value for why in decided(Step(LOG), Step(LOG[::-1]), Step(LOG.lower(), assistant=""))(config)]


def workers_store(config: ProxyConfig) -> str:
    return with_shared_store(config).store.partition(":")[0]


def has_key(config: ProxyConfig) -> bool:
    handle(config)
    return (config.workspace_dir / "marker.key").exists()


def has_store(config: ProxyConfig) -> bool:
    kept(config)
    return Path(config.store.partition(":")[2] or "/nonexistent").exists()


def period(config: ProxyConfig) -> str:
    """Return the name of the running period of a budget, without its figures."""
    (answer,), _ = exchanged(config.model_copy(update={"budget": 1.0}), request("GET", "/stats"))
    name: str = json.loads(answer.body)["cost"]["budget"]["period"]
    return "".join(one for one in name if not one.isdigit())


def limited_by(config: ProxyConfig) -> int:
    """Return how many requests a minute the loaded file allows."""
    return config.rpm


def warm(config: ProxyConfig) -> bool:
    return history(config, 10.0, rewrite="warm")


def tool_is_offered(config: ProxyConfig) -> bool:
    return b"headroom_retrieve" in arrived(tool_chat())(config.model_copy(update={"retrieval": config.retrieval}))


def handles_for_callers(config: ProxyConfig) -> bool:
    """Say whether a caller of /v1/compress that says nothing of retrieval gets handles, for its model's tool."""
    asked = {"messages": body_of("openai-chat", [Step(LOG)])["messages"], "model": "gpt-4o"}
    (answer,), _ = exchanged(config, request("POST", "/v1/compress", encoded(asked), JSON, KEY))
    told = json.loads(answer.body)
    return bool(told["ccr_hashes"]) and "headroom_retrieve hash=" in json.dumps(told["messages"])


def listens(config: ProxyConfig) -> str:
    return bound(config)[0]


def redacts(config: ProxyConfig) -> bool:
    return b"bob@" not in arrived(chat(user="bob@example.org"))(config)


def observes(config: ProxyConfig) -> bool:
    return pipeline(config).shows_requests


def own_route(config: ProxyConfig) -> bool:
    """Say whether a body to a path of nobody's is made shorter."""
    raw = tool_chat().replace(CHAT.encode(), b"/own/path")
    return len(arrived(raw)(config)) < len(LOG)


def listener_of(config: ProxyConfig) -> bool:
    """Say whether a program finds a socket at a path that only this user may use."""
    if config.uds is None:
        return False
    with unix_listener(config.uds, 5), socket.socket(socket.AF_UNIX) as caller:
        return caller.connect_ex(str(config.uds)) == 0 and config.uds.stat().st_mode & 0o077 == 0


def disabled(config: ProxyConfig) -> bool:
    return form(Step(LOG), lossless=True)(config) != ""


class Nothing(CompressionHooks):
    """Hooks that protect everything."""

    def protect_messages(self, messages: Any, ctx: Any) -> set[int]:
        return set(range(len(messages)))


ROWS: dict[str, Row] = {
    "config": Row(["--config", f"{HERE}/seven.toml"], f"{HERE}/seven.toml", "", limited_by, 0, 7),
    "host": row(
        ["--host", "127.0.0.2"], lambda config: listens(config.model_copy(update={"port": 0})), "127.0.0.1", "127.0.0.2"
    ),
    "uds": row(["--uds", f"{HERE}/sock"], listener_of, False, True),
    "port": number("--port", "0", lambda config: bound(config)[1] != 8787, None, True),
    "workers": number("--workers", "4", workers_store, "memory", "sqlite"),
    "optimize": switch("--no-optimize", reason(Step(LOG)), "compressed", "off"),
    "mode": row(["--mode", "cache"], old_and_new, ["compressed"] * 3, ["frozen", "frozen", "compressed"]),
    "lossless": switch("--lossless", form(CAT), "code.folded", ""),
    "lossless_tier": row(["--lossless-tier", "plain"], form(Step(LOG), lossless=True), "log.templates", ""),
    "compress_first": switch("--no-compress-first", form(ROWS_OF_CSV), "table.grouped", "table.selected+table.grouped"),
    "intelligent_scoring": switch(
        "--no-intelligent-scoring", words("disk is full", "lines 41-560 left out"), [True, False], [False, True]
    ),
    "intelligent_context": switch(
        "--no-intelligent-context",
        lambda config: (form(Step(LOG), Step(LOG))(config), history(config)),
        ("repeat.same", True),
        ("log.selected", False),
    ),
    "code_aware": switch("--no-code-aware", form(CAT), "code.folded", ""),
    "cross_turn": switch("--no-cross-turn", form(Step(LOG), Step(LOG)), "repeat.same", "log.selected"),
    "rewrite": row(["--rewrite", "off"], history, True, False),
    "further_requests": number("--further-requests", "100", warm, False, True),
    "compress_user_messages": switch("--compress-user-messages", user_reason, ["user"], ["compressed"]),
    "excluded_tools": Row(
        ["--excluded-tools", "run_*", "--excluded-tools", "x"],
        "run_*, x",
        '["run_*", "x"]',
        reason(Step(LOG)),
        "compressed",
        "excluded_tool",
    ),
    "min_tokens_to_compress": number("--min-tokens-to-compress", "99999", reason(Step(LOG)), "compressed", "too_short"),
    "max_body_bytes": number("--max-body-bytes", "1000", statuses(tool_chat()), [200], [413]),
    "work_bytes": number("--work-bytes", "1000", while_busy, 200, 429),
    "block_seconds": number("--block-seconds", "1e-9", reason(Step(LOG)), "compressed", "budget"),
    "request_seconds": number("--request-seconds", "1e-9", reason(Step(LOG)), "compressed", "budget"),
    "memory_bytes": number("--memory-bytes", "0", remembers, True, False),
    "retrieval": row(["--retrieval", "off"], tool_is_offered, True, False),
    "callers_retrieve": switch("--callers-retrieve", handles_for_callers, False, True),
    "store": row(["--store", f"sqlite:{HERE}/s.db"], has_store, False, True),
    "store_max_bytes": number("--store-max-bytes", "4000", kept, [True, True], [False, True]),
    "store_idle_seconds": number("--store-idle-seconds", "0.02", kept, [True, True], [False, False]),
    "workspace_dir": row(
        ["--workspace-dir", f"{HERE}/w"], lambda config: (has_key(config), config.workspace_dir.name)[1], None, "w"
    ),
    "tenant": row(["--tenant", "team"], other_caller, 404, 200),
    "marker_key": row(
        ["--marker-key", "secret"], lambda config: handle(config) == Mint(b"secret").handle("text"), False, True
    ),
    "log_file": row(["--log-file", f"{HERE}/log"], logged, [0, 0], [2, 0]),
    "log_max_bytes": number("--log-max-bytes", "10", lambda config: logged(with_log(config)), [2, 0], [1, 1]),
    "telemetry": switch("--telemetry", lived, False, True),
    "token": row(["--token", "secret"], statuses(chat()), [200], [401]),
    "insecure_no_auth": switch(
        "--insecure-no-auth", lambda config: starts(config.model_copy(update={"host": "0.0.0.0"})), False, True
    ),
    "allow_hosts": Row(
        ["--allow-hosts", "a.test", "--allow-hosts", "b.test"],
        "a.test,b.test",
        '["a.test", "b.test"]',
        statuses(chat().replace(b"proxy.localhost", b"b.test")),
        [403],
        [200],
    ),
    "openai_api_url": row(
        ["--openai-api-url", "http://o.test/v1/"], target(), "https://api.openai.com", "http://o.test"
    ),
    "anthropic_api_url": row(
        ["--anthropic-api-url", "http://a.test"],
        target(path="/v1/messages"),
        "https://api.anthropic.com",
        "http://a.test",
    ),
    "gemini_api_url": row(
        ["--gemini-api-url", "http://g.test/v1beta"],
        target(path="/v1beta/models/g:generateContent"),
        "https://generativelanguage.googleapis.com",
        "http://g.test",
    ),
    "vertex_api_url": row(
        ["--vertex-api-url", "http://v.test/v1"], target("vertex"), "https://aiplatform.googleapis.com", "http://v.test"
    ),
    "bedrock_api_url": row(
        ["--bedrock-api-url", "http://b.test/"],
        target("bedrock"),
        "https://bedrock-runtime.us-east-1.amazonaws.com",
        "http://b.test",
    ),
    "upstreams": Row(
        ["--upstream", "a=http://a.test/v1", "--upstreams", "b=http://b.test;wire=gemini"],
        "a=http://a.test/v1,b=http://b.test;wire=gemini",
        '{a = "http://a.test/v1", b = "http://b.test;wire=gemini"}',
        lambda config: (
            target("a")(config),
            target("b")(config),
            target("b", "/v1beta/models/g:generateContent")(config),
        ),
        ("UpstreamRefusedError",) * 3,
        ("http://a.test", "UpstreamRefusedError", "http://b.test"),
    ),
    "allow_upstream": Row(
        ["--allow-upstream", "https://x.test"],
        "https://x.test",
        '["https://x.test"]',
        target("https://x.test"),
        "UpstreamRefusedError",
        "https://x.test",
    ),
    "connect_timeout": number("--connect-timeout", "0.2", unreachable, None, 504),
    "read_timeout": number("--read-timeout", "0.2", statuses(chat(), script=silent), None, [504]),
    "drain_seconds": number("--drain-seconds", "0", ends_at_once(busy=True), False, True),
    "notice_seconds": number("--notice-seconds", "5", ends_at_once(busy=False), True, False),
    "retry_max_attempts": number("--retry-max-attempts", "0", busy_once, [200], [503]),
    "rate_limit": switch("--no-rate-limit", statuses(chat(), chat(), rpm=1), [200, 429], [200, 200]),
    "rpm": number("--rpm", "1", statuses(chat(), chat()), [200, 200], [200, 429]),
    "tpm": number("--tpm", "1", statuses(chat(), chat()), [200, 200], [200, 429]),
    "max_concurrent": number("--max-concurrent", "1", at_a_time, [200, 200], [200, 429]),
    "budget": number("--budget", "0.000001", statuses(PRICED), [200], [429]),
    "budget_per_key": number("--budget-per-key", "0.000001", statuses(PRICED), [200], [429]),
    "budget_period": row(["--budget-period", "monthly"], period, "--", "-"),
    "unknown_price": row(["--unknown-price", "block"], statuses(chat(model="nobodys"), budget=1.0), [200], [403]),
    "limits_when_down": row(
        ["--limits-when-down", "local"],
        statuses(chat(), rpm=9, store="redis://127.0.0.1:9/0", retrieval="off"),
        [503],
        [200],
    ),
    "cache": switch("--no-cache", asked_of_provider(*TWICE), 1, 2),
    "cache_ttl_seconds": number("--cache-ttl-seconds", "0.05", asked_of_provider(TWICE[0], 0.1, TWICE[1]), 1, 2),
    "cache_max_bytes": number("--cache-max-bytes", "1", asked_of_provider(*TWICE), 1, 2),
    "cache_tools": switch("--cache-tools", asked_of_provider(WITH_TOOLS, WITH_TOOLS), 2, 1),
    "cache_all": switch("--cache-all", asked_of_provider(chat(), chat()), 2, 1),
    "paths": Row(
        ["--paths", "/own/*=auto", "--paths", "/x=anthropic"],
        "/own/*=auto,/x=anthropic",
        '{"/own/*" = "auto", "/x" = "anthropic"}',
        own_route,
        False,
        True,
    ),
    "interceptors": Row(
        ["--interceptor", "astgrep", "--interceptors", "redact_email"],
        "astgrep,redact_email",
        '["astgrep", "redact_email"]',
        redacts,
        False,
        True,
    ),
    "pipeline_extensions": Row(["--pipeline-extension", "count"], "count", '["count"]', observes, False, True),
    "proxy_extensions": Row(["--proxy-extension", "routes"], "routes", '["routes"]', plugged, 404, 200),
}

IN_CODE: dict[str, tuple[Any, Probe, Any, Any]] = {
    "transforms": (TransformSet([]), disabled, True, False),
    "hooks": (Nothing(), reason(Step(LOG)), "compressed", "hook"),
}
"""Options that are objects: value, probe, what it sees without and with it."""
