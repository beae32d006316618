"""One cache of libraries for all tests, of this run and the next: a build is paid once."""

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def shared_cache(request):
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(request.config.cache.mkdir("libraries"))
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before
