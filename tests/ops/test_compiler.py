"""The compiler: which one is used, with which flags, what it reads, and what is said where there is none."""

import re
import sys

import pytest
import tensorflow as tf
from ended import gone
from needs_compiler import needs_compiler
from registering import registering, written

import dnn
from dnn.ops import compilation
from dnn.ops.compilation import compile_library, files_in_rules
from dnn.ops.compiler import compile_flags, link_flags, source_of


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


def test_parts_are_the_sources_in_front_of_the_flags(source):
    assert source_of(source, ("b.cc", "c.cpp", "-include", "d.cc")).parts == ("b.cc", "c.cpp")
    for flags in (
        ("-O2", "b.cc"),
        ("-DSOURCE=impl.cc",),
        ("--include=pre.cc", "-O2"),
        ("@flags.cc",),
        ("b.cc", "-O2", "c.cc"),  # one command compiles them all
        ("b.cc", "helper.C"),
    ):
        assert source_of(source, flags).parts == ()


def test_an_option_of_a_part_s_name_stays_and_what_is_for_linking_alone_is_not_compiled(
    source, tmp_path, fake_compiler
):
    fake_compiler(f'echo "$*" >> {tmp_path}/called; echo whole > "$out"')
    compile_library(source_of(source, ("b.cc", "-include", "b.cc", "-lm", "one.a")), tmp_path / "library.so")
    *compiled, linked = tmp_path.joinpath("called").read_text("utf-8").splitlines()
    assert [("-include b.cc" in line, "-lm" in line, "one.a" in line) for line in compiled] == [
        (True, False, False)
    ] * 2
    assert "-include b.cc -lm one.a" in linked


def test_a_part_that_fails_ends_the_others(source, tmp_path, fake_compiler):
    fake_compiler(f"""case "$1" in
  ./a.cc) until [ -e {tmp_path}/begun ]; do sleep 0.05; done; echo "a.cc:1: error: wrong" >&2; exit 1 ;;
  *) echo $$ > {tmp_path}/begun; exec sleep 1000 ;;
esac""")
    with pytest.raises(RuntimeError, match="a.cc:1: error: wrong"):
        compile_library(source_of(source, ("b.cc",)), tmp_path / "library.so")
    assert gone(int(tmp_path.joinpath("begun").read_text("utf-8")))


def test_parts_are_compiled_at_the_same_time_each_with_the_flags_and_then_linked(source, tmp_path, fake_compiler):
    fake_compiler(f"""cd {tmp_path}
case "$*" in
  *" -c "*)
    case "$1" in ./a.cc) other=b.cc ;; b.cc) other=./a.cc ;; esac
    echo "$*" > "$(basename "$1").begun"
    for i in $(seq 100); do [ -e "$(basename $other).begun" ] && echo "$1" > "$out" && exit; sleep 0.1; done
    exit 1 ;;
esac
cat "$1" "$2" > "$out"
""")
    compile_library(source_of(source, ("b.cc", "-DONE")), tmp_path / "library.so")
    assert tmp_path.joinpath("library.so").read_text("utf-8") == "./a.cc\nb.cc\n"
    for begun in ("a.cc.begun", "b.cc.begun"):
        words = tmp_path.joinpath(begun).read_text("utf-8").split()
        assert "-DONE" in words
        assert "b.cc" not in words[1:]


@needs_compiler
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the linker is given TensorFlow's library in another way")
@pytest.mark.parametrize(("flags", "found"), [((), "empty"), (("-Wl,-z,defs",), "TensorFlow's")])
def test_the_linker_reads_an_empty_library_for_tensorflow_s_unless_a_flag_is_for_the_linker(
    flags, found, tmp_path, monkeypatch
):
    name = next(flag.removeprefix("-l:") for flag in link_flags() if flag.startswith("-l:"))
    source, library = written(tmp_path / "a.cc", registering("DnnTestLinkedQuickly")), tmp_path / "a.so"
    called, run = [], compilation._run
    monkeypatch.setattr(
        compilation, "_run", lambda source, files, *words: called.append(words) or run(source, files, *words)
    )
    compile_library(source_of(source, flags), library)
    (words,) = called
    first = next(word for word in words if word.startswith("-L"))  # where the linker looks first
    assert (first == f"-L{tmp_path}") == (found == "empty")
    assert name.encode() in library.read_bytes()  # by which it is loaded
    empty = tmp_path / name
    assert empty.is_file() == (found == "empty")
    assert found != "empty" or empty.stat().st_size < 100_000
