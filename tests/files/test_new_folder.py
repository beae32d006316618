"""A folder is written completely or not at all, and never replaces another."""

from pathlib import Path

import pytest

from dnn.files.new_folder import refuse_existing, write_folder


def fill_with(text: str):
    return lambda folder: (folder / "file").write_text(text, "utf-8")


def test_a_taken_name_gets_a_number_and_the_other_folder_stays(tmp_path):
    paths = [write_folder(tmp_path / "deep" / "run", fill_with(str(number))) for number in range(3)]
    assert [path.name for path in paths] == ["run", "run-2", "run-3"]
    assert [(path / "file").read_text("utf-8") for path in paths] == ["0", "1", "2"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_folder_leaves_nothing(tmp_path, error):
    def interrupted(folder: Path) -> None:
        (folder / "half").write_text("half", "utf-8")
        raise error

    with pytest.raises(error):
        write_folder(tmp_path / "run", interrupted)
    assert list(tmp_path.iterdir()) == []


def test_another_run_that_takes_the_name_meanwhile_is_not_overwritten(tmp_path):
    def slow(folder: Path) -> None:
        (tmp_path / "run").mkdir()
        fill_with("the faster one")(tmp_path / "run")
        fill_with("the slower one")(folder)

    assert write_folder(tmp_path / "run", slow).name == "run-2"
    assert (tmp_path / "run" / "file").read_text("utf-8") == "the faster one"
    assert (tmp_path / "run-2" / "file").read_text("utf-8") == "the slower one"


def test_what_exists_is_refused(tmp_path):
    with pytest.raises(FileExistsError, match="exists already and is left as it is"):
        refuse_existing(tmp_path)
    assert refuse_existing(tmp_path / "free") == tmp_path / "free"
