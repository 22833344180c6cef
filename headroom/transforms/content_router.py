"""Which compressor a text belongs to: every compressor is asked for evidence, the best are tried."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

from headroom.blocks import Fidelity, Lossless, Tier
from headroom.transforms.base import Compressor, Context, Hint, Transform
from headroom.transforms.coding.json_text import LABEL
from headroom.transforms.sections import sections
from headroom.transforms.tag_protector import TagProtector
from headroom.transforms.view import View

ENOUGH = 0.5
"""Evidence below this is no recognition: the text stays as it is."""
CERTAIN = 1.0
NEARLY_ALL = 0.9
TRIED = 2
MAX_DRAWN = 4
"""What was drawn is looked at again so many times at most: a page may hold a listing that holds drawn lines."""
BINARY_CHARS = 2_048
"""Characters looked at, at either end of a text, to tell text from binary data."""

# Every note of ours begins with a bracket and a word; a few lines and a label may stand before it.
_NOTE = re.compile(rf"(?:[^\n]*+\n){{0,8}}?(?:{LABEL})?\[[a-z]")

# Controls but those that terminals and editors know (tab, line ends, backspace, bell, escape), and the character
# that stands for bytes that could not be decoded.
_UNPRINTABLE = re.compile("[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f-\x9f\ufffd]")


class Recognised(NamedTuple):
    """A compressor and the share of a text that it recognises."""

    evidence: float
    compressor: Compressor


@dataclass(frozen=True, slots=True)
class Routed:
    """Who recognised a text, and the cheapest form found: whose it is, the form and its tokens.

    `of_one_kind` says that a compressor recognised nearly all of the text.
    """

    recognised: bool = False
    of_one_kind: bool = False
    compressor: str = ""
    result: Lossless | None = None
    tokens: int = 0


class ContentRouter(Transform):
    """Routes one text to the compressors that recognise it. Total over any text."""

    name: ClassVar[str] = "content_router"

    def route(self, view: View, hint: Hint, compressors: Sequence[Compressor]) -> list[Compressor]:
        """Return the compressors to try on a text, the one that recognises most of it first."""
        return [compressor for _, compressor in self.weigh(view, hint, compressors)]

    def weigh(self, view: View, hint: Hint, compressors: Sequence[Compressor]) -> list[Recognised]:
        """Return the compressors whose evidence is enough, strongest first; ties keep registration order.

        Once one of them recognises the whole text, those registered after it are not asked. What they say is kept with
        the view, which belongs to one block of one request.
        """
        return view.once("weighed", lambda _: self._asked(view, hint, compressors))

    def _asked(self, view: View, hint: Hint, compressors: Sequence[Compressor]) -> list[Recognised]:
        weighed: list[Recognised] = []
        for compressor in compressors:
            evidence = compressor.evidence(view, hint)
            if evidence >= ENOUGH:
                weighed.append(Recognised(evidence, compressor))
            if evidence >= CERTAIN:
                break
        return sorted(weighed, key=lambda one: -one.evidence)[:TRIED]

    def shrink(
        self,
        view: View,
        hint: Hint,
        context: Context,
        compressors: Sequence[Compressor],
        protector: TagProtector | None = None,
    ) -> Routed:
        """Return the cheapest form of the text: whole, or part by part where kinds or protected regions meet."""
        if is_unreadable(view):
            return Routed()
        # A text within JSON may bring tags to the front of lines, which are not regions for that.
        if self._is_settled(view, context, compressors):
            return Routed(recognised=True, of_one_kind=True)
        segments = protector.segments(view.text) if protector else []
        if not any(segment.kept for segment in segments):
            return self.best(view, hint, context, compressors)
        parts = [
            Routed() if segment.kept else self.best(View(segment.text), hint, context, compressors)
            for segment in segments
        ]
        return _glued([segment.text for segment in segments], parts, context)

    def best(self, view: View, hint: Hint, context: Context, compressors: Sequence[Compressor]) -> Routed:
        """Return the cheapest form of a text. What was drawn may be of another kind underneath: that comes next.

        A view belongs to one block of one request, so what is found for it is kept with it.
        """
        return view.once("best", lambda _: self._best(view, hint, context, compressors))

    def _best(self, view: View, hint: Hint, context: Context, compressors: Sequence[Compressor]) -> Routed:
        best = self._whole_or_cut(view, hint, context, compressors)
        for _ in range(MAX_DRAWN):
            if best.result is None or best.result.of is not Fidelity.DISPLAY or best.result.tier is not Tier.PLAIN:
                break
            further = self._whole_or_cut(View(best.result.text), hint, context, compressors)
            if further.result is None:
                break
            best = _composed(best, further)
        return best

    def _whole_or_cut(self, view: View, hint: Hint, context: Context, compressors: Sequence[Compressor]) -> Routed:
        """Return the cheaper of the form of the whole text and that of its sections."""
        whole = self._once(view, hint, context, compressors)
        texts = [view.text] if whole.of_one_kind else sections(view.text)
        if len(texts) < 2:
            return whole
        parts = [self._once(View(text), hint, context, compressors) for text in texts]
        cut = _glued(texts, parts, context)
        return min((whole, cut), key=lambda routed: routed.tokens if routed.result else view.tokens(context.count))

    def _once(self, view: View, hint: Hint, context: Context, compressors: Sequence[Compressor]) -> Routed:
        if self._is_settled(view, context, compressors):
            return Routed(recognised=True, of_one_kind=True)
        chosen = self.weigh(view, hint, compressors)
        best = Routed(recognised=bool(chosen), of_one_kind=bool(chosen) and chosen[0].evidence >= NEARLY_ALL)
        for _, compressor in chosen:
            found = compressor.cheapest(view, context)
            if found is not None and (best.result is None or found.tokens < best.tokens):
                best = replace(best, compressor=compressor.name, result=found.result, tokens=found.tokens)
            limit = view.tokens(context.count) if best.result is None else best.tokens
            within = self._inside_out(compressor, view, hint, context, compressors, limit)
            if within is not None:
                best = replace(within, of_one_kind=best.of_one_kind)
        return best

    def _is_settled(self, view: View, context: Context, compressors: Sequence[Compressor]) -> bool:
        """Say whether a text is a form of one of the compressors."""

        def is_form(text: str) -> bool:
            return bool(_NOTE.match(text)) and any(compressor.wrote(text, context) for compressor in compressors)

        return view.once("settled", is_form)

    def _inside_out(
        self,
        compressor: Compressor,
        view: View,
        hint: Hint,
        context: Context,
        compressors: Sequence[Compressor],
        limit: int,
    ) -> Routed | None:
        """Return the form of a text in which the texts within it have got theirs, if it has fewer tokens than `limit`.

        Texts within these in turn lie as deep as one can be quoted in another, and each level takes more escapes.
        """
        inner = compressor.inner(view, context)
        if inner is None:
            return None
        parts = [self.best(View(text), hint, context, compressors) for text in inner.texts]
        if not any(part.result for part in parts):
            return None
        if context.verify and not compressor.restores(inner.put(inner.texts), view.text):
            return None
        put = inner.put(
            [part.result.text if part.result else text for part, text in zip(parts, inner.texts, strict=True)]
        )
        outer = compressor.cheapest(View(put.text), context, limit)
        if outer is None:
            return None
        # What the texts were put into need not be all that the text was, though its form restores all of that.
        form = replace(outer.result, of=_least_faithful(outer.result, put))
        whole = Routed(compressor=compressor.name, result=form, tokens=outer.tokens)
        joined = _joined([whole, *parts], form.text, outer.tokens)
        # Its own name comes again if it is within itself: no one decoder restores such a text.
        return replace(joined, compressor="+".join([compressor.name, _names(parts)]))


def is_unreadable(view: View) -> bool:
    """Say whether no form of the text helps a reader: it is binary data, or there is nothing in it to find."""
    return _is_binary(view) or _is_hollow(view)


def _is_binary(view: View) -> bool:
    """Say whether the text is data that was decoded for want of something better."""
    edges = view.text[:BINARY_CHARS] + view.text[-BINARY_CHARS:]
    if edges.isascii() and edges.replace("\n", "").replace("\t", "").isprintable():  # most texts, told at once
        return False
    return len(_UNPRINTABLE.findall(edges)) * 20 > len(edges)


def _is_hollow(view: View) -> bool:
    """Say whether more than half of the text is line ends."""
    return view.text.count("\n") * 2 > len(view.text)


def _glued(texts: Sequence[str], parts: Sequence[Routed], context: Context) -> Routed:
    """Put the parts of a text together again, each in its shorter form where it has one."""
    if not any(part.result for part in parts):
        return Routed(recognised=any(part.recognised for part in parts))
    forms = (text if part.result is None else part.result.text for text, part in zip(texts, parts, strict=True))
    whole = "".join(forms)
    return _joined(parts, whole, context.count(whole))


def _composed(first: Routed, second: Routed) -> Routed:
    """Return the form of a form."""
    text = "" if second.result is None else second.result.text
    return _joined((first, second), text, second.tokens)


def _joined(parts: Sequence[Routed], text: str, tokens: int) -> Routed:
    """Return a form that several compressors had a part in: as faithful as the least of its parts, named after all."""
    forms = [part.result for part in parts if part.result is not None]
    result = Lossless(
        text=text,
        of=_least_faithful(*forms),
        encoding="+".join(dict.fromkeys(form.encoding for form in forms)),
        tier=max(form.tier for form in forms),
    )
    return Routed(recognised=True, compressor=_names(parts), result=result, tokens=tokens)


def _least_faithful(*forms: Lossless) -> Fidelity:
    return max((form.of for form in forms), key=list(Fidelity).index)


def _names(parts: Sequence[Routed]) -> str:
    return "+".join(dict.fromkeys(part.compressor for part in parts if part.result is not None))
