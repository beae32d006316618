"""The compiler: which one is used, with which flags, what it reads, and what is said where there is none."""

import re

import pytest
import tensorflow as tf

import dnn
from dnn.ops.compiler import compile_flags, files_in_rules, source_of


@pytest.fixture
def source(tmp_path):
    tmp_path.joinpath("a.cc").write_text('REGISTER_OP("A");', "utf-8")
    return tmp_path / "a.cc"


def test_without_a_compiler_the_error_says_how_to_get_one(source, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(RuntimeError, match=r"no C\+\+ compiler: none of c\+\+, g\+\+, clang\+\+ is found. Install one"):
        dnn.ops.load(source, cache=tmp_path)


def test_a_wrong_cxx_is_named(source, tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler -v")
    with pytest.raises(RuntimeError, match=r"no C\+\+ compiler: \$CXX is 'no-such-compiler', which is not found"):
        dnn.ops.load(source, cache=tmp_path)
    monkeypatch.setenv("CXX", 'g++ "-v')
    with pytest.raises(RuntimeError, match=r"\$CXX is not a command: No closing quotation in 'g\+\+ \"-v'"):
        dnn.ops.load(source, cache=tmp_path)


@pytest.mark.parametrize("text", ["#!/bin/sh\necho out of order >&2; exit 1\n", "no program"])
def test_a_compiler_that_does_not_work_is_named(text, source, tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    broken.write_text(text, "utf-8")
    broken.chmod(0o700)
    monkeypatch.setenv("CXX", str(broken))
    message = r"compiler does not work: (?s:.*)(out of order|format error)(?s:.*)\nSet CXX"
    with pytest.raises(RuntimeError, match=message):
        dnn.ops.load(source, cache=tmp_path)


def test_a_compiler_is_identified_by_its_command_and_its_version(source, fake_compiler):
    fake_compiler("", version="fake 1")
    first = source_of(source, ()).compiler.identity
    fake_compiler("", version="fake 2")
    assert re.search("compiler\nfake 1\n$", first)
    assert source_of(source, ()).compiler.identity == first.replace("fake 1", "fake 2")


def test_missing_headers_are_named(source, tmp_path, monkeypatch, fake_compiler):
    fake_compiler("exit 3")
    monkeypatch.setattr(tf.sysconfig, "get_include", lambda: str(tmp_path))
    with pytest.raises(RuntimeError, match=r"headers are missing: .* pip install --force-reinstall tensorflow$"):
        dnn.ops.load(source, cache=tmp_path)


def test_tensorflow_s_headers_are_compiled_with_tensorflow_s_standard_of_c_plus_plus():
    flags = compile_flags()
    assert any(re.fullmatch(r"-?-std=c\+\+\d\d", flag) for flag in flags)
    theirs = {flag for flag in tf.sysconfig.get_compile_flags() if not flag.startswith("-I")}
    assert theirs <= set(flags)
    assert flags[:2] == ["-isystem", tf.sysconfig.get_include()]


@pytest.mark.parametrize(
    "use",
    [dnn.ops.load, lambda source, **options: dnn.ops.carry(source, source.parent, **options)],
    ids=["load", "carry"],
)
def test_flags_in_one_string_are_refused(use, tmp_path):
    tmp_path.joinpath("saved_model.pb").touch()
    source = tmp_path / "a.cc"
    source.touch()
    with pytest.raises(TypeError, match="flags must be a sequence of strings"):
        use(source, flags="-O0")


def test_the_compiler_s_list_of_files_is_read_as_make_reads_it():
    rules = "library: a.cc b\\ c.h \\\n  /d$$/e\\#.h ../ä.h\n"
    assert files_in_rules(rules) == ["a.cc", "b c.h", "/d$/e#.h", "../ä.h"]
    assert files_in_rules("library: a.cc \\\n b.h\nlibrary: c.cc\nlibrary:\n") == ["a.cc", "b.h", "c.cc"]
