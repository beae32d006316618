"""Make the conformance table: see conformance/__main__.py.

python scripts/conformance.py [--compact]
"""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parent.parent)  # where `conformance` is the package, and not this file
    runpy.run_module("conformance", run_name="__main__")
