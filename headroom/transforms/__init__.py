"""Compressors and other transforms. Pure: no I/O, clock, environment or globals."""

from headroom.transforms.base import Compressor, Transform
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

__all__ = [
    "CacheAligner",
    "CodeAwareCompressor",
    "Compressor",
    "ContentRouter",
    "DiffCompressor",
    "HtmlCompressor",
    "ListingCompressor",
    "LogCompressor",
    "SearchCompressor",
    "SmartCrusher",
    "TableCompressor",
    "TagProtector",
    "Transform",
]
