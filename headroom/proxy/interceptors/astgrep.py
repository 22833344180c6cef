"""`astgrep`: whole source files in tool results become outlines with line numbers, read off their syntax trees.

A body that has been changed before the pipeline has lost what was in it: nobody could give the original back. So this
policy changes nothing itself. It asks: its transform joins the line-up, and the pipeline decides as for any other,
keeps the original and writes the marker by which the model gets it. Where the model cannot, nothing is left out.
"""

from __future__ import annotations

from typing import ClassVar

from headroom.blocks import Payload
from headroom.proxy.interceptors.base import BaseInterceptor
from headroom.transforms.base import Transform
from headroom.transforms.code_outline import CodeOutline


class AstGrep(BaseInterceptor):
    """Asks for outlines of source files."""

    transforms: ClassVar[tuple[Transform, ...]] = (CodeOutline(),)

    def intercept(self, payload: Payload) -> Payload:
        """Return the body as it is: what is asked for is done where it can be undone."""
        return payload
