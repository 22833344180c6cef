"""`python -m headroom.cli`: the command line without an installed script."""

import sys

from headroom.cli import main

if __name__ == "__main__":
    sys.exit(main())
