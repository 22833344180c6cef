"""`python -m headroom.demo.provider [PORT]`: the offline provider alone, for programs in other processes."""

from __future__ import annotations

import sys

from headroom.demo.provider.app import OfflineProvider
from headroom.demo.provider.serving import serve_for_ever

if __name__ == "__main__":
    serve_for_ever(OfflineProvider(), int(sys.argv[1]) if len(sys.argv) > 1 else 0)
