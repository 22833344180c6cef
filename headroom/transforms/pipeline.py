"""The transforms that run when nothing else is configured. Adding a compressor is one line here."""

from __future__ import annotations

from headroom.transforms.base import Transform
from headroom.transforms.cache_aligner import CacheAligner
from headroom.transforms.code_compressor import CodeAwareCompressor
from headroom.transforms.content_router import ContentRouter
from headroom.transforms.diff_compressor import DiffCompressor
from headroom.transforms.html_compressor import HtmlCompressor
from headroom.transforms.listing_compressor import ListingCompressor
from headroom.transforms.log_compressor import LogCompressor
from headroom.transforms.search_compressor import SearchCompressor
from headroom.transforms.smart_crusher import SmartCrusher
from headroom.transforms.table_compressor import TableCompressor
from headroom.transforms.tag_protector import TagProtector

DEFAULT_TRANSFORMS: tuple[Transform, ...] = (
    CacheAligner(),
    TagProtector(),
    ContentRouter(),
    SmartCrusher(),
    HtmlCompressor(),
    SearchCompressor(),
    DiffCompressor(),
    ListingCompressor(),
    TableCompressor(),
    LogCompressor(),
    CodeAwareCompressor(),
)
