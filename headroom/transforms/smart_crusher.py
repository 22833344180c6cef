"""JSON, made smaller without losing a value: minified, arrays of like objects as tables, long texts below it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import product
from math import inf
from typing import ClassVar

from headroom.blocks import Fidelity, Lossless, Reduction, Tier
from headroom.transforms.base import Compressor, Context, Hint, Inner
from headroom.transforms.coding.budget import Budget
from headroom.transforms.coding.json_document import decode_document, encode_document, encode_minified
from headroom.transforms.coding.json_layout import laid_out
from headroom.transforms.coding.json_selection import cut_short
from headroom.transforms.coding.json_spelling import escape_surrogates
from headroom.transforms.coding.json_strings import folded, unfolded_root
from headroom.transforms.coding.json_text import JsonText, Value, find_json, is_found, write
from headroom.transforms.coding.json_texts import texts_of, with_texts
from headroom.transforms.coding.latest import Latest
from headroom.transforms.view import View

_SURE = 0.9
_LAST = 64
_MANY_LINES = 1_000
"""Characters of texts from which on whole lines are worth the few tokens that it takes to set them below the JSON."""
_FAR_AHEAD = 0.6
"""A form shorter than this share of the minified text has fewer tokens too: that text need not be priced."""


class SmartCrusher(Compressor):
    """Shortens JSON values, JSON lines, JSON inside other text, and JSON that breaks off.

    Fidelity VALUE: the canonical spelling of the JSON comes back, and the text around it byte by byte. BYTES where
    the JSON breaks off, if it was laid out as writers of JSON do it.
    """

    name: ClassVar[str] = "smart_crusher"

    def __init__(self) -> None:
        self._canonical = Latest(_canonical)

    def evidence(self, view: View, hint: Hint) -> float:  # noqa: ARG002 - JSON speaks for itself
        """Return the share of the text that is JSON."""
        found = view.once("json", find_json)
        if found is None:
            return 0.0
        share = (found.reached - found.spans[0][0]) / len(view.text)
        return max(share, _SURE) if _misses_its_middle(found) else share

    def candidates(self, view: View, context: Context) -> Iterator[Lossless]:
        """Yield the documents with tables and with texts, if there are any, and the minified text.

        That of JSON that breaks off has a note on how it was laid out, if it is known.
        """
        found = view.once("json", find_json)
        if found is None or view.once("is_ours", _is_ours):
            return
        shortest = inf
        for document in _documents(found, context):
            shortest = min(shortest, len(document.text))
            yield document
        if not context.verify and shortest < _FAR_AHEAD * _least_minified(view.text):
            return
        if _fidelity(found) is Fidelity.BYTES:
            minified = encode_minified(found)
            if minified is not None and shortest >= _FAR_AHEAD * len(minified) and not _has_many_lines(found):
                yield Lossless(minified, Fidelity.BYTES, "json.minified", Tier.PLAIN)
            return
        canonical = self._canonical.keep(view.text, found.canonical)
        if shortest >= _FAR_AHEAD * len(canonical) and not _has_many_lines(found) and _is_stable(found, canonical):
            yield Lossless(canonical, Fidelity.VALUE, "json.minified", Tier.PLAIN)

    def inner(self, view: View, context: Context) -> Inner | None:
        """Return the texts within the JSON that may stand below it."""
        found = view.once("json", find_json)
        if found is None or view.once("is_ours", _is_ours):
            return None
        root, has_strings = (found.root, False) if context.tier is Tier.PLAIN else unfolded_root(found)
        texts = texts_of(root)
        return Inner(texts, partial(_with_texts, found, root, folded if has_strings else None)) if texts else None

    def reductions(self, view: View, hint: Hint, context: Context) -> Iterable[Reduction]:
        """Yield the JSON with the rows that matter, its long strings cut short."""
        found = view.once("json", find_json)
        short = None if found is None else cut_short(found, hint, context.check)
        if short is not None:
            yield Reduction(*short, "json.selected")

    def decode(self, text: str) -> str:
        """Restore the canonical spelling. Raises ValueError if `text` is none of our forms."""
        try:
            return decode_document(text)
        except ValueError:
            found = find_json(text)
            if found is None or (_fidelity(found) is Fidelity.VALUE and self.normal(text, Fidelity.VALUE) != text):
                raise
            return text

    def wrote(self, text: str, context: Context) -> bool:  # noqa: ARG002 - in whichever tier
        """Say whether a text is a form of this compressor."""
        return _is_ours(text)

    def normal(self, text: str, of: Fidelity) -> str:
        """Return the text with its JSON in canonical spelling."""
        if of is not Fidelity.VALUE:
            return super().normal(text, of)
        return self._canonical(text)


def _canonical(text: str) -> str:
    found = find_json(text)
    return text if found is None else found.canonical


def _documents(source: JsonText, context: Context) -> Iterator[Lossless]:
    """Yield the documents of JSON: with tables, and with its texts below it as well."""
    plain = context.tier is Tier.PLAIN
    tier = Tier.PLAIN if plain else Tier.LEGEND
    for texts, name in ((False, "json.rows" if plain else "json.tables"), (True, "json.texts")):
        document = encode_document(source, context.check, plain=plain, with_texts_below=texts)
        if document is not None:
            yield Lossless(document, _fidelity(source), name, tier)


def _fidelity(source: JsonText) -> Fidelity:
    """Return what the documents of JSON restore: whole JSON is a value, JSON that breaks off so many bytes."""
    return Fidelity.VALUE if source.layout is None else Fidelity.BYTES


def _has_many_lines(source: JsonText) -> bool:
    return sum(map(len, texts_of(source.root))) >= _MANY_LINES


def _with_texts(source: JsonText, root: Value, fold: Callable[[Value], Value] | None, texts: Sequence[str]) -> Lossless:
    """Return the minified text with other texts in its JSON, whose value is `root` once its strings are folded."""
    changed = with_texts(root, texts)
    changed = changed if fold is None else fold(changed)
    values = changed if len(source.values) > 1 else [changed]
    body = escape_surrogates("\n".join(map(write, values)).removesuffix(source.closers))
    if source.layout is not None:
        body = laid_out(body, source.layout, Budget(source.text))
    return Lossless(source.before + body + source.after, _fidelity(source), "json.minified", Tier.PLAIN)


def _least_minified(text: str) -> int:
    """Return how many characters the minified text has at least, without making it."""
    return 0 if "\\" in text else len(text) - sum(map(text.count, " \t\r\n"))


def _is_stable(found: JsonText, canonical: str) -> bool:
    """Say whether the JSON is found in the same place once it is minified; other text may make it too small a share."""
    if not found.before:
        whole, unread = len(canonical), len(found.text) - found.reached
        if not found.closers or is_found(whole - len(found.after), whole - unread, whole):
            return True
    again = find_json(canonical)
    return again is not None and again.canonical == canonical


def _misses_its_middle(found: JsonText) -> bool:
    """Say whether a text is JSON from beginning to end that breaks off somewhere between."""
    return bool(found.closers) and found.spans[0][0] == 0 and found.text[-_LAST:].rstrip()[-1:] in ("}", "]")


def _is_ours(text: str) -> bool:
    """Say whether a text is already what we make of the JSON that it stands for."""
    try:
        found = find_json(decode_document(text))
    except ValueError:
        return False
    if found is None:
        return False
    written = (encode_document(found, plain=p, with_texts_below=t) for p, t in product((False, True), repeat=2))
    return any(document == text for document in written) or encode_minified(found) == text
