"""The whole scene: real servers, the steps of its progress bar, and nothing left behind."""

from demo.material import LONG

from headroom.demo import scene as module
from headroom.demo.findings import Claim


def test_the_scene_tells_as_many_steps_as_it_says_and_leaves_no_folder(monkeypatch):
    monkeypatch.setattr(module, "make", LONG.get)
    told = []
    with module.scene(told.append) as up:
        found = up.perform(told.append)
        assert up.workspace.is_dir()
    assert len(told) == module.STEPS
    assert not up.workspace.exists()
    assert {claim for claim, check in found.checks.items() if not check.passed} == set()
    assert found.checks[Claim.RESTART].tried == 2
