"""The rules that keep blocks as they are, one by one."""

import pytest

from headroom.blocks import Block, Reason
from headroom.policy import Policy
from headroom.protect import EXACT_TEXT_TOOLS, reason_to_stay

POLICY = Policy()


def _reason(tokens=5000, policy=POLICY, **block):
    return reason_to_stay(
        Block((), block.pop("text", "some text " * 100), block.pop("role", "tool"), **block), tokens, policy
    )


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ({"role": "system"}, Reason.SYSTEM),
        ({"role": "assistant"}, Reason.ASSISTANT),
        ({"role": "user"}, Reason.USER),
        ({"role": ""}, Reason.OPAQUE),
        ({"opaque": True, "text": ""}, Reason.OPAQUE),
        ({"tool": "headroom_retrieve"}, Reason.RETRIEVED),
        ({"tool": "mcp__headroom__headroom_retrieve"}, Reason.RETRIEVED),
        ({"tool": "shell", "arguments": '{"cmd": "headroom retrieve 3f9a"}'}, Reason.RETRIEVED),
        ({"is_error": True}, Reason.IS_ERROR),
        ({"is_error": True, "text": "x" * 8001}, None),
        ({"tokens": 249}, Reason.TOO_SHORT),
        ({"tokens": 250}, None),
        ({"text": " \n" * 4000}, Reason.TOO_SHORT),
        ({"text": "x" * 8_000_001}, Reason.TOO_LARGE),
        ({"protected": Reason.HOOK}, Reason.HOOK),
        ({}, None),
    ],
    ids=str,
)
def test_each_rule_gives_its_reason(block, reason):
    assert _reason(**block) == reason


@pytest.mark.parametrize(
    "tool", ["Read", "READ", "view_file", "mcp__fs__read_file", "str_replace_based_edit_tool", "Glob"]
)
def test_tools_whose_exact_text_is_needed_are_left_alone(tool):
    assert _reason(tool=tool) is Reason.EXCLUDED_TOOL


@pytest.mark.parametrize("tool", ["run_command", "Bash", "reader", "grep_logs", "mcp__x__search", ""])
def test_other_tools_are_not(tool):
    assert _reason(tool=tool) is None


def test_operators_exclude_more_by_globs():
    policy = Policy(excluded_tools=("Db_*", "exact"))
    assert _reason(tool="db_query", policy=policy) is Reason.EXCLUDED_TOOL
    assert _reason(tool="EXACT", policy=policy) is Reason.EXCLUDED_TOOL
    assert _reason(tool="exactly", policy=policy) is None


def test_user_text_is_compressed_only_if_asked_for():
    assert _reason(role="user", policy=Policy(compress_user_messages=True)) is None


def test_with_optimising_off_every_tool_output_says_so():
    assert _reason(policy=Policy(optimize=False)) is Reason.OFF


def test_the_list_of_tools_is_lower_case():
    assert all(name == name.lower() for name in EXACT_TEXT_TOOLS)


def test_any_setting_changes_the_version_and_equal_settings_have_one():
    assert Policy().version == Policy().version
    assert len({Policy().version, Policy(min_tokens=1).version, Policy(optimize=False).version}) == 3
