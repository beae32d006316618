"""Settings of all tests: Hypothesis without a deadline, since the first call of a traced function traces.

The examples are the same in each run, so that a green clone is not a lucky one; the profile thorough draws new ones.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from hypothesis import settings
from library_cache import library_cache

os.environ["XDG_CACHE_HOME"] = str(library_cache())  # for what is compiled, also by the processes that tests start

settings.register_profile("same", deadline=None, max_examples=25, derandomize=True, print_blob=True)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
