"""One cache of libraries for all tests, processes and runs, in which each kernel is compiled once.

Libraries are found there by what they are made of, so nothing stale is used. It is not the user's own cache, whose home
may be read-only.
"""

import os
import tempfile
from pathlib import Path


def library_cache() -> Path:
    """Return the folder, which nobody else can write; if another user has taken its name, a new one."""
    folder = Path(tempfile.gettempdir(), f"dnn-tests-{os.getuid() if hasattr(os, 'getuid') else os.getlogin()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.stat(follow_symlinks=False)
    ours = not hasattr(os, "getuid") or (state.st_uid == os.getuid() and state.st_mode & 0o077 == 0)
    return folder if ours and not folder.is_symlink() else Path(tempfile.mkdtemp(prefix="dnn-tests-"))
