"""Which blocks must stay as they are: an ordered list of rules, the first that applies gives the reason.

A rule sees the block, its tokens and the policy, nothing else: the answer is the same on every later turn.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import lru_cache

from headroom.blocks import Block, Reason
from headroom.policy import Policy

Rule = Callable[[Block, int, Policy], Reason | None]

# Tools whose exact text the model needs to write edits, and their twins under other names.
EXACT_TEXT_TOOLS: tuple[str, ...] = (
    "read",
    "glob",
    "grep",
    "write",
    "edit",
    "multiedit",
    "notebookread",
    "notebookedit",
    "read_file",
    "read_text_file",
    "read_many_files",
    "readfile",
    "view",
    "view_file",
    "open_file",
    "write_file",
    "writefile",
    "create_file",
    "edit_file",
    "editfile",
    "replace",
    "str_replace*",
    "text_editor*",
    "apply_patch",
)

RETRIEVE_TOOL = "headroom_retrieve"
_RETRIEVE_COMMAND = "headroom retrieve"
_ROLES = {"system": Reason.SYSTEM, "assistant": Reason.ASSISTANT, "tool": None}


def reason_to_stay(block: Block, tokens: int, policy: Policy) -> Reason | None:
    """Return why the block must stay as it is, or None if it may be compressed."""
    if block.protected is not None:
        return block.protected
    for rule in RULES:
        reason = rule(block, tokens, policy)
        if reason is not None:
            return reason
    return None


def _opaque(block: Block, tokens: int, policy: Policy) -> Reason | None:
    return Reason.OPAQUE if block.opaque else None


def _role(block: Block, tokens: int, policy: Policy) -> Reason | None:
    if block.role == "user":
        return None if policy.compress_user_messages else Reason.USER
    return _ROLES.get(block.role, Reason.OPAQUE)


def _off(block: Block, tokens: int, policy: Policy) -> Reason | None:
    return None if policy.optimize else Reason.OFF


def _retrieved(block: Block, tokens: int, policy: Policy) -> Reason | None:
    if block.tool.endswith(RETRIEVE_TOOL) or _RETRIEVE_COMMAND in block.arguments:
        return Reason.RETRIEVED
    return None


def _excluded_tool(block: Block, tokens: int, policy: Policy) -> Reason | None:
    return Reason.EXCLUDED_TOOL if block.tool and _is_excluded(block.tool, policy.excluded_tools) else None


def _is_error(block: Block, tokens: int, policy: Policy) -> Reason | None:
    whole = block.is_error and len(block.text) <= policy.max_error_chars
    return Reason.IS_ERROR if whole else None


def _too_short(block: Block, tokens: int, policy: Policy) -> Reason | None:
    return Reason.TOO_SHORT if tokens < policy.min_tokens or not block.text.strip() else None


def _too_large(block: Block, tokens: int, policy: Policy) -> Reason | None:
    return Reason.TOO_LARGE if len(block.text) > policy.max_block_chars else None


RULES: tuple[Rule, ...] = (_opaque, _role, _off, _retrieved, _excluded_tool, _is_error, _too_short, _too_large)


@lru_cache(maxsize=4096)
def _is_excluded(tool: str, also: tuple[str, ...]) -> bool:
    """Compare without case and without the prefix that MCP clients put before a server's tools."""
    name = tool.lower()
    if name.startswith("mcp__"):
        name = name.split("__", 2)[-1]
    return any(fnmatchcase(name, pattern.lower()) for pattern in (*EXACT_TEXT_TOOLS, *also))
