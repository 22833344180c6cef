"""The decoder's verdict on a changed text."""

import json

import pytest

from headroom.blocks import Decision, Fidelity, Reason
from headroom.demo.judging import restores

ORIGINAL = json.dumps([{"id": 1, "size": 1.0}], indent=2)
MINIFIED = '[{"id":1,"size":1.0}]'


def decision(compressor: str = "smart_crusher", fidelity: Fidelity | None = Fidelity.VALUE) -> Decision:
    return Decision((), Reason.COMPRESSED, 20, 10, compressor=compressor, encoding="json.minified", fidelity=fidelity)


@pytest.mark.parametrize(
    ("text", "verdict"), [(MINIFIED, True), (MINIFIED.replace("1.0", "1"), False), ("not JSON", False)]
)
def test_a_text_is_restored_only_if_the_same_value_comes_back(text, verdict):
    assert restores(decision(), ORIGINAL, text) is verdict


def test_a_change_without_a_promise_is_a_failure():
    assert restores(decision(fidelity=None), ORIGINAL, MINIFIED) is False


def test_a_patchwork_is_not_judged_by_one_decoder():
    tagged = f"<system-reminder>Stay.</system-reminder>\n{ORIGINAL}"
    assert restores(decision(), tagged, MINIFIED) is None
    assert restores(decision("smart_crusher+log_compressor"), ORIGINAL, MINIFIED) is None
