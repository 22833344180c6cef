from headroom.transforms.coding.latest import LONGEST, Latest


def test_the_result_of_the_very_same_text_is_remembered():
    built = []
    length = Latest(lambda text: built.append(text) or len(text))
    text = "word " * 9
    assert [length(text), length(text), length("other"), length(text)] == [45, 45, 5, 45]
    assert built == [text, "other", text]


def test_an_equal_text_is_another_text():
    shown = Latest(str.upper)
    first, second = "".join(["a", "b"]), "".join(["a", "b"])
    shown.keep(first, "kept")
    assert (shown(first), shown(second)) == ("kept", "AB")


def test_long_texts_are_not_held_on_to():
    length = Latest(len)
    text = "x" * (LONGEST + 1)
    assert length.keep(text, 0) == 0
    assert length(text) == LONGEST + 1
