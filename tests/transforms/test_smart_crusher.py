import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headroom.blocks import Block, Fidelity, Tier
from headroom.errors import BudgetExceededError, CompressionError
from headroom.transforms.base import Context, Hint
from headroom.transforms.html_compressor import HtmlCompressor
from headroom.transforms.smart_crusher import SmartCrusher
from headroom.transforms.view import View

CRUSHER = SmartCrusher()
CONTEXT = Context()
WORD = re.compile(r"[A-Za-z0-9_]{2,}")


def shrunk(text, context=CONTEXT):
    return CRUSHER.shrink(Block((), text, "tool"), context)


def evidence(text):
    return CRUSHER.evidence(View(text), Hint())


def saved(text):
    result = shrunk(text)
    return 0 if result is None else 1 - CONTEXT.count(result.text) / CONTEXT.count(text)


def jobs(count):
    states = ("done", "done", "done", "failed")
    return [
        {
            "id": 1000 + i,
            "name": f"build-{i * 7}",
            "state": states[i % 4],
            "queue": "linux",
            "took": {"wait": i, "run": i * 31},
        }
        for i in range(count)
    ]


def person(name, number, **more):
    api = f"https://api.forge.example/users/{name}"
    return {
        "login": name,
        "id": number,
        "url": api,
        "repos_url": f"{api}/repos",
        "orgs_url": f"{api}/orgs",
        "admin": False,
        **more,
    }


TEXTS = {
    "an API answer, indented": json.dumps({"total": 30, "jobs": jobs(30)}, indent=2),
    "a list on one line": json.dumps(jobs(30)),
    "JSON lines": "".join(json.dumps(job) + "\n" for job in jobs(30)),
    "indented values one after the other": "\n".join(json.dumps(job, indent=2) for job in jobs(30)),
    "an object of objects": json.dumps({f"job-{job['id']}": job for job in jobs(20)}, indent=2),
    "rows as arrays": json.dumps({"columns": ["id", "name"], "rows": [[i, f"host {i * 3}", "up"] for i in range(40)]}, indent=1),
    "nested findings of files": json.dumps(
        [
            {"file": f"src/m{i}.js", "messages": [{"rule": "semi", "line": i * 9 + k, "fix": None} for k in range(i % 4 + 1)]}
            for i in range(12)
        ]
    ),
    "events with people in many places": json.dumps(
        [{"kind": kind, "sender": person(who, 70), "repo": {"name": kind, "owner": person("ann", 31)}} for kind, who in
         [("push", "ann"), ("fork", "bob")] * 3],
        indent=2,
    ),
    "the answer of curl with its head": "HTTP/2 200\ncontent-type: application/json\n\n" + json.dumps(jobs(20), indent=2) + "\n",
    "a fenced block": "The jobs:\n```json\n" + json.dumps(jobs(20), indent=2) + "\n```\nThat is all.",
    "an answer that breaks off": json.dumps(jobs(40), indent=2)[:-700],
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_json_in_all_its_forms_is_recognised_and_shrinks_by_a_third_at_least(text):
    assert evidence(text) >= 0.5
    assert saved(text) >= 0.33


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_canonical_text_comes_back_or_every_byte_of_what_breaks_off(text):
    result = shrunk(text)
    assert result.of is (Fidelity.BYTES if text == TEXTS["an answer that breaks off"] else Fidelity.VALUE)
    assert CRUSHER.decode(result.text) == CRUSHER.normal(text, result.of)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_shrinking_what_was_shrunk_changes_nothing(text):
    assert shrunk(shrunk(text).text) is None


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_word_stays_visible(text):
    assert set(WORD.findall(text)) <= set(WORD.findall(shrunk(text).text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The build has passed. [See the log](https://ci.example/7) for the details of all 40 jobs.\n",
        "2026-01-02 10:00:00 INFO started\n2026-01-02 10:00:01 ERROR no route {id=7}\n",
        "id,name,state\n1,one,done\n2,two,done\n",
        "src/a.py:10:import json\nsrc/b.py:22:x = [1, 2]\n",
        "def f():\n    return {\n        'a': 1,\n    }\n",
        "const rows = [\n  {id: 1},\n  {id: 2},\n];\nexport default rows;\n",
        "{% for job in jobs %}\n{{ job.name }}\n{% endfor %}\n",
        "name: build\non: [push]\njobs:\n  test:\n    steps: []\n",
        "words before\n" * 30 + '{"a": 1}\n',
        "[section]\nkey = value\n[other]\nkey = [1, 2]\n",
    ],
    ids=lambda text: text[:16],
)
def test_other_kinds_of_text_are_not_json(text):
    assert evidence(text) < 0.5


@pytest.mark.parametrize(
    "text",
    ['{"ok":true}', "[1,2,3]", '["a","b"]', '{"a":{"b":{"c":[1,2,{"d":null}]}}}', '[{"id":1},{"id":2},{"id":3}]'],
)
def test_json_that_is_short_already_stays(text):
    assert shrunk(text) is None


@pytest.mark.parametrize("depth", [200, 5_000, 100_000])
def test_json_that_nests_too_deeply_stays(depth):
    assert shrunk("[" * depth + "]" * depth) is None
    assert shrunk('[{"a":' * depth) is None


def test_a_text_that_merely_begins_with_our_note_is_no_refuge():
    spoofed = "[json: tables hold what stood as JSON]\n" + json.dumps(jobs(30), indent=2)
    assert saved(spoofed) >= 0.33


def test_strings_that_look_like_our_marks_do_not_stop_anything():
    text = json.dumps([{**job, "note": "[table 1]", "#": "A", "...": "A"} for job in jobs(30)], indent=2)
    assert saved(text) >= 0.33
    assert CRUSHER.decode(shrunk(text).text) == CRUSHER.normal(text, Fidelity.VALUE)


PLAIN = Context(tier=Tier.PLAIN)


def test_in_the_plain_tier_every_row_has_every_cell_that_varies_as_it_stands_in_the_json():
    jobs_with_notes = [{**job, "note": note} for job, note in zip(jobs(5), ("a, b", "17", None, "", 17), strict=True)]
    result = shrunk(json.dumps({"total": 5, "jobs": jobs_with_notes}, indent=2), PLAIN)
    assert (result.encoding, result.tier) == ("json.rows", Tier.PLAIN)
    assert result.text == "\n".join(
        [
            "[json: tables hold what stood as JSON; c=v holds in every row]",
            '{"total":5,"jobs":"[table 1]"}',
            '[table 1: 5 rows; _3,queue="linux",_3]',
            "id,name,state,took.wait,took.run,note",
            '1000,build-0,done,0,0,"a, b"',
            '1001,build-7,done,1,31,"17"',
            "1002,build-14,done,2,62,null",
            '1003,build-21,failed,3,93,""',
            "1004,build-28,done,4,124,17",
        ]
    )


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_plain_forms_are_restored_and_left_alone_in_every_tier(text):
    result = shrunk(text, PLAIN)
    assert CRUSHER.decode(result.text) == CRUSHER.normal(text, result.of)
    assert shrunk(result.text, PLAIN) is None
    assert shrunk(result.text) is None


def test_objects_of_many_fields_stay_objects_within_the_rows_of_a_plain_table():
    rows = [{"id": i, "owner": fields_of(i), **fields_of(i + 1), "name": f"job {i}"} for i in range(20)]
    lines = shrunk(json.dumps(rows, indent=2), PLAIN).text.split("\n")
    assert lines[2].startswith("id,owner,field_0,")
    assert lines[3].startswith('0,{"field_0":0,')


def test_fields_that_never_change_take_no_room_in_a_plain_table():
    rows = [{"id": i, "owner": fields_of(7), **fields_of(i), "name": f"job {i}"} for i in range(20)]
    lines = shrunk(json.dumps(rows, indent=2), PLAIN).text.split("\n")
    assert lines[1].startswith('[table 1: 20 rows; _,owner={"field_0":7,')
    assert lines[2].startswith("id,field_0,field_1,")


def fields_of(number):
    return {f"field_{k}": number + k for k in range(20)}


def test_objects_told_by_others_are_none_in_the_plain_tier():
    text = json.dumps({"title": "Fix it", "author": person("ann", 31), "merged_by": person("bob", 70)}, indent=2)
    assert shrunk(text, PLAIN).encoding == "json.minified"


def test_a_table_tells_what_never_changes_once_and_what_seldom_changes_where_it_does():
    text = json.dumps({"total": 5, "jobs": jobs(5) + jobs(3)}, indent=2)
    assert shrunk(text).text == "\n".join(
        [
            "[json: tables hold what stood as JSON; c=v holds in every row; c?=v holds unless a row ends in c=w]",
            '{"total":5,"jobs":"[table 1]"}',
            '[table 1: 8 rows; _2,state?="done",queue="linux",_2]',
            "id,name,took.wait,took.run",
            "1000,build-0,0,0",
            "1001,build-7,1,31",
            "1002,build-14,2,62",
            "1003,build-21,3,93,state=failed",
            "1004,build-28,4,124",
            "1000,build-0,0,0",
            "1001,build-7,1,31",
            "1002,build-14,2,62",
        ]
    )


def test_objects_told_by_an_earlier_one_give_only_what_differs():
    text = json.dumps({"title": "Fix it", "author": person("ann", 31), "merged_by": person("bob", 70)}, indent=2)
    assert shrunk(text).text == "\n".join(
        [
            '[json: {"...":"A",k:v} is the object marked "#":"A" with that k, in its addresses too]',
            '{"title":"Fix it","author":{"#":"A","login":"ann","id":31,"url":"https://api.forge.example/users/ann",'
            '"repos_url":"https://api.forge.example/users/ann/repos",'
            '"orgs_url":"https://api.forge.example/users/ann/orgs","admin":false},'
            '"merged_by":{"...":"A","login":"bob","id":70}}',
        ]
    )


def test_absent_null_and_empty_are_three_things_in_a_table():
    rows = [
        {"id": i, "name": f"name {i}", "size": i * 5, "note": n}
        for i, n in enumerate([None, "", "null", "a, b", "x"] * 3)
    ]
    del rows[4]["note"], rows[9]["size"]
    assert shrunk(json.dumps(rows)).text.split("\n")[2:8] == [
        "id,size,note",
        "0,0,null",
        '1,5,""',
        '2,10,"null"',
        '3,15,"a, b"',
        "4,20,",
    ]


def test_a_block_whose_time_is_used_up_ends_there():
    def check():
        raise BudgetExceededError

    with pytest.raises(BudgetExceededError):
        shrunk(json.dumps(jobs(30)), Context(check=check))


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.9])
def test_json_that_breaks_off_anywhere_is_json(indent, share):
    page = "<div>\n<p>An <b>answer</b> of a page, with a list: <ul><li>one<li>two</ul></p>\n</div>" * 9
    text = json.dumps([{"id": i, "body": page, "tags": ["a", "b"]} for i in range(9)], indent=indent)
    cut = text[: int(len(text) * share)]
    assert evidence(cut) >= 0.9
    assert evidence(CRUSHER.normal(cut, Fidelity.VALUE)) >= 0.9
    assert HtmlCompressor().evidence(View(cut), Hint()) == 0


def test_json_without_its_middle_is_json():
    text = json.dumps(jobs(60), indent=2)
    assert evidence(text[:2000] + "\n... [1200 lines left out]\n" + text[-2000:]) >= 0.9


def test_a_decoder_refuses_what_is_not_ours():
    with pytest.raises(ValueError, match="no note"):
        CRUSHER.decode("just words")


@settings(max_examples=60)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["id", "name", "path", "url", "state"]),
            st.integers(0, 3000) | st.text("ab1_./:- ", max_size=12) | st.booleans() | st.none(),
            min_size=2,
        ),
        min_size=3,
        max_size=6,
    ),
    st.integers(1, 6),
    st.sampled_from([CONTEXT, PLAIN]),
)
def test_words_stay_and_nothing_shrinks_twice_whatever_the_rows(rows, times, context):
    text = json.dumps(rows * times, indent=1)
    try:
        result = shrunk(text, context)
    except CompressionError:
        pytest.fail("a form that does not restore the original")
    if result is not None:
        assert set(WORD.findall(text)) <= set(WORD.findall(result.text))
        assert shrunk(result.text, context) is None


@given(
    st.lists(st.fixed_dictionaries({"name": st.text(max_size=9), "state": st.sampled_from("ab")}), max_size=60),
    st.sampled_from([None, 2]),
    st.booleans(),
)
def test_the_forms_of_a_text_that_need_not_be_proved_are_the_same(rows, indent, ascii_only):
    view = View(json.dumps(rows, indent=indent, ensure_ascii=ascii_only))
    proved, unproved = (list(SmartCrusher().candidates(view, Context(verify=verify))) for verify in (True, False))
    assert proved == unproved


def test_strings_of_json_are_shown_as_what_they_hold():
    rows = [{"id": f"m-{i}", "body": json.dumps({"job": i * 3, "kind": "resize"})} for i in range(6)]
    text = json.dumps(rows, indent=2)
    assert shrunk(text).text.split("\n")[1:5] == [
        '[table 1: 6 rows; _2,body.(json+).kind="resize"]',
        "id,body.(json+).job",
        "m-0,0",
        "m-1,3",
    ]
    assert CRUSHER.decode(shrunk(text).text) == CRUSHER.normal(text, Fidelity.VALUE)


def test_an_answer_within_an_answer_shrinks_too():
    text = json.dumps({"content": [{"type": "text", "text": json.dumps(jobs(30))}], "isError": False}, indent=2)
    assert saved(text) >= 0.5
    assert CRUSHER.decode(shrunk(text).text) == CRUSHER.normal(text, Fidelity.VALUE)
    assert shrunk(shrunk(text).text) is None
