"""A saved folder takes the place of another one, or leaves it as it was."""

from pathlib import Path

import pytest

from dnn.files.folders import replace_folder

NAMES = {"a"}


def fill(text: str):
    return lambda folder: Path(folder, "a").write_text(text, "utf-8")


def test_a_folder_is_made_and_replaced(tmp_path):
    place = tmp_path / "deep" / "model"
    for text in ("one", "two"):
        replace_folder(place, NAMES, fill(text))
        assert (place / "a").read_text("utf-8") == text
    assert [path.name for path in place.parent.iterdir()] == ["model"]


@pytest.mark.parametrize("failing", ["fill", "rename"])
def test_whatever_fails_the_old_one_stays(tmp_path, monkeypatch, failing):
    place = tmp_path / "model"
    replace_folder(place, NAMES, fill("old"))
    rename = Path.rename

    def fails(path, to):
        if path.name == "new":
            raise OSError("no space")
        return rename(path, to)

    def stops(folder):
        raise OSError("no space")

    if failing == "rename":
        monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(OSError, match="no space"):
        replace_folder(place, NAMES, stops if failing == "fill" else fill("new"))
    assert (place / "a").read_text("utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    replace_folder(tmp_path / "v1", NAMES, fill("old"))
    link = tmp_path / "current"
    link.symlink_to(tmp_path / "v1")
    replace_folder(link, NAMES, fill("new"))
    assert link.is_symlink()
    assert (tmp_path / "v1" / "a").read_text("utf-8") == "new"


def test_what_cannot_be_replaced_is_told(tmp_path, monkeypatch):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "b").write_text("precious", "utf-8")
    with pytest.raises(ValueError, match="holds something else"):
        replace_folder(tmp_path / "thesis", NAMES, fill("new"))
    (tmp_path / "lost").symlink_to(tmp_path / "absent")
    with pytest.raises(ValueError, match="is a link to .*absent, which is not there"):
        replace_folder(tmp_path / "lost", NAMES, fill("new"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="is the current folder, or above it"):
        replace_folder(".", NAMES, fill("new"))
