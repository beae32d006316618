"""One cache of libraries for all tests, of this run and the next: a build is paid once."""

from pathlib import Path

import pytest


def library_cache(config: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pytest's own cache, which the next run finds; without it (-p no:cacheprovider) a folder of this run."""
    cache = getattr(config, "cache", None)
    return cache.mkdir("libraries") if cache else tmp_path_factory.getbasetemp() / "libraries"
