"""The corpus lies beside the checkout of its maintainers; a clone without it has nothing to test here."""

from benchmarks.corpus import SHARED

collect_ignore = [] if SHARED.is_dir() else ["test_corpus.py"]
