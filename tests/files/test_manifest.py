"""A manifest names each file of a folder that is damaged, missing or foreign."""

import hashlib

import pytest

from dnn.files.manifest import check_manifest, digest_of, renew_in_manifest, write_manifest


def test_sha256_is_that_of_the_whole_file(tmp_path):
    content = bytes(range(256)) * 10_000  # more than one block
    (tmp_path / "file").write_bytes(content)
    assert digest_of(tmp_path / "file") == hashlib.sha256(content).hexdigest()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "weights").write_bytes(bytes(range(40)))
    (tmp_path / "features.json").write_text('{"a": 1}', "utf-8")
    write_manifest(tmp_path)
    return tmp_path


def test_every_flipped_bit_is_found_and_its_file_named(folder):
    assert check_manifest(folder) == []
    for file in ("inner/weights", "features.json", "manifest.json"):
        path = folder / file
        content = path.read_bytes()
        for bit in range(8 * len(content)):
            changed = bytearray(content)
            changed[bit // 8] ^= 1 << bit % 8
            path.write_bytes(changed)
            if file == "manifest.json" and bytes(changed).split() == content.split():
                continue  # nothing depends on white space
            with pytest.raises(ValueError, match="is damaged|is missing"):
                check_manifest(folder)
        path.write_bytes(content)


def test_a_missing_file_is_an_error_and_a_foreign_one_is_named(folder):
    (folder / "foreign").touch()
    assert check_manifest(folder) == ["foreign"]
    renew_in_manifest(folder, "foreign")
    assert check_manifest(folder) == []
    (folder / "inner" / "weights").unlink()
    with pytest.raises(ValueError, match=r"inner/weights is missing"):
        check_manifest(folder)
