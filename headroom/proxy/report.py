"""What the proxy says at its start: where requests go, what is on and what is off, and why."""

from __future__ import annotations

from importlib.util import find_spec

from headroom import __version__
from headroom.proxy.addresses import is_loopback
from headroom.proxy.config import ProxyConfig
from headroom.proxy.telemetry import FILE
from headroom.proxy.workers import STORE_FILE, with_shared_store
from headroom.transforms.coding.code_grammars import GRAMMARS


def banner(config: ProxyConfig) -> str:
    """Return what an operator wants to see at start: upstreams, what is on, off and why, time-outs."""
    rows = {
        **config.default_upstreams,
        "named": ", ".join(f"{name} {one.base}" for name, one in config.upstreams.items()) or "none (--upstream)",
        "also allowed": _allowed(config),
        "compression": f"on, mode {config.mode}, tier {config.lossless_tier}"
        if config.optimize
        else "off (--no-optimize)",
        "left out": _left_out(config),
        "code": _code(config),
        "policies": _names(config.interceptors) or "none (--interceptor)",
        "extensions": _names([*config.pipeline_extensions, *config.proxy_extensions]) or "none",
        "user messages": "compressed" if config.compress_user_messages else "as they are (--compress-user-messages)",
        "time-outs": f"connect {config.connect_timeout:g} s, read {config.read_timeout:g} s, "
        f"drain {config.drain_seconds:g} s",
        "limits": _limits(config),
        "budget": _budget(config),
        "answers": _answers(config),
        "token": "asked for" if config.token else "none: local programs only (--token)",
        "workers": str(config.workers),
        "state": _state(config),
        "log": f"{config.log_file}, up to {config.log_max_bytes:,} bytes" if config.log_file else "none (--log-file)",
        "telemetry": f"totals to {FILE} in {config.workspace_dir} at the end; nothing is sent"
        if config.telemetry
        else "none; nothing is ever sent",
    }
    lines = [f"  {name:<14} {value}" for name, value in rows.items()]
    return "\n".join([f"headroom {__version__} proxy", *lines])


def _state(config: ProxyConfig) -> str:
    shared = f", {STORE_FILE} in {config.workspace_dir}: shared by the workers"
    is_ours = config.store == with_shared_store(config.model_copy(update={"store": "memory:"})).store
    return config.store.partition(":")[0] + (shared if is_ours and config.workers > 1 else "")


def _allowed(config: ProxyConfig) -> str:
    known = ["origins of known providers"] if is_loopback(config.host) else []
    return ", ".join([*config.allow_upstream, *known]) or "no other upstream (--allow-upstream)"


def _limits(config: ProxyConfig) -> str:
    rates = {"requests a minute": config.rpm, "tokens a minute": config.tpm, "at a time": config.max_concurrent}
    set_ones = [f"{most} {what}" for what, most in rates.items() if most and config.rate_limit]
    return ", ".join(set_ones) or "none (--rpm, --tpm, --max-concurrent)"


def _budget(config: ProxyConfig) -> str:
    budgets = {"for everybody": config.budget, "for each key": config.budget_per_key}
    set_ones = [f"{most:g} USD {whose}" for whose, most in budgets.items() if most]
    return f"{', '.join(set_ones)}, {config.budget_period}" if set_ones else "none (--budget, --budget-per-key)"


def _answers(config: ProxyConfig) -> str:
    if not config.cache:
        return "never given again (--no-cache)"
    which = "all" if config.cache_all else "deterministic (--cache-all)"
    tools = "" if config.cache_tools else ", without tools (--cache-tools)"
    return f"given again for {config.cache_ttl_seconds:g} s to the same request: {which}{tools}"


def _left_out(config: ProxyConfig) -> str:
    if config.lossless or config.retrieval == "off":
        return "nothing" + (" (--lossless)" if config.lossless else " (--retrieval off)")
    return f"what the model can get back through: {config.retrieval} (--retrieval)"


def _names(plugins: list[object]) -> str:
    return ", ".join(one if isinstance(one, str) else type(one).__name__ for one in plugins)


def _code(config: ProxyConfig) -> str:
    """Say what is made of source code, and what a missing extra keeps from being made."""
    if not config.code_aware:
        return "as it is (--no-code-aware)"
    missing = [one.name for one in GRAMMARS if find_spec(one.module) is None]  # to load them all takes long
    if len(missing) == len(GRAMMARS) or find_spec("tree_sitter") is None:
        return "line numbers only: the extra `code` is not installed (pip install 'headroom[code]')"
    return "line numbers, bodies of functions" + (f"; no grammar for {', '.join(missing)}" if missing else "")
