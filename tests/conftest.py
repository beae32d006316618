"""Settings of all tests: Hypothesis without a deadline, since the first call of a traced function traces.

The examples are the same in each run, so that a green clone is not a lucky one; the profile thorough draws new ones.
Besides, a browser for the tests of pages.
"""

import gc
import os
import shutil

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
from hypothesis import settings
from library_cache import library_cache

os.environ["XDG_CACHE_HOME"] = str(library_cache())  # for what is compiled, also by the processes that tests start

settings.register_profile("same", deadline=None, max_examples=25, derandomize=True, print_blob=True)
settings.register_profile("thorough", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def pytest_collection_finish():
    """What is imported stays to the end: to search it for cycles again and again takes a twentieth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_helper_process(monkeypatch):
    """Another process would be started for each command that is run in this one; its own tests have it."""
    monkeypatch.setattr("dnn.helper_process._cores", lambda: 1)


FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium of this machine."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as started:
        made = started.chromium.launch(executable_path=chromium, args=FLAGS)
        yield made
        made.close()


@pytest.fixture
def open_page(browser):
    """A function of a file, a width and a colour scheme that opens the page; its errors are looked at in the end."""
    errors, pages = [], []

    def open_page(file, width: int = 1200, scheme: str = "light"):
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(file.as_uri())
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert errors == []
