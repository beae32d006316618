"""Make the conformance table: see conformance/__main__.py.

    python scripts/conformance.py [--compact]
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parent.parent)  # where `conformance` is the package, and not this file

from conformance.__main__ import main

if __name__ == "__main__":
    main()
