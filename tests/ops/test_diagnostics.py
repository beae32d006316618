"""Of a build that failed the errors are shown, whatever the number of warnings before them."""

import subprocess

from hypothesis import given
from hypothesis import strategies as st
from needs_compiler import needs_compiler

from dnn.ops.compiler import compiler
from dnn.ops.diagnostics import LINES_AFTER, LINES_BEFORE, SHOWN_LINES, errors_first, first_lines

WARNING = """In file included from b.h:3,
                 from a.cc:1:
a.cc: In function 'int f()':
a.cc:{n}:5: warning: unused variable 'x{n}' [-Wunused-variable]
   {n} |   int x{n};
      |       ^~
b.h:7:1: note: declared here"""
ERROR = """a.cc: In member function 'void A::g()':
a.cc:{n}:9: error: 'y{n}' was not declared in this scope; did you mean 'error: '?
   {n} |   y{n} = 1;
      |   ^~
In file included from c.h:3:
c.h:1:2: note: 'z{n}' declared here"""
FATAL = "a.cc:1:10: fatal error: nope{n}.h: No such file\n    1 | #include <nope>\ncompilation terminated."
LINKER = "/usr/bin/ld: /tmp/a.o: in function `f{n}':\na.cc:(.text+0x5): undefined reference to `g{n}()'"
PARTS = {"warning": WARNING, "error": ERROR, "fatal": FATAL, "linker": LINKER}


@given(st.lists(st.sampled_from([*PARTS]), max_size=12))
def test_all_but_the_warnings_is_shown_in_order_and_the_warnings_are_counted(kinds):
    texts = [PARTS[kind].format(n=n) for n, kind in enumerate(kinds)]
    shown = errors_first("\n".join(texts).encode())
    errors = [text for text, kind in zip(texts, kinds, strict=True) if kind != "warning"]
    warnings = kinds.count("warning")
    if not errors:
        assert shown == first_lines("\n".join(texts).encode())
        return
    counted = [f"and {warnings} warning{'s' if warnings > 1 else ''}, not shown here"] if warnings else []
    lines = "\n".join(errors).split("\n")
    if len(lines) <= SHOWN_LINES:
        assert shown == "\n".join(lines + counted)
    assert all(line in shown for line in lines if "error: " in line)


def test_no_error_is_cut_off_and_each_keeps_the_lines_beside_it():
    long = "\n".join(f"t.h:{i}:1:   required from 'f<{i}>'" for i in range(99))
    notes = "\n".join(f"t.h:{i}:1: note: candidate {i}" for i in range(99))
    output = "\n".join(f"{long}\n{ERROR.format(n=n)}\n{notes}" for n in range(70)).encode()
    shown = errors_first(output).splitlines()
    assert [line for line in shown if "error: " in line] == [ERROR.format(n=n).splitlines()[1] for n in range(70)]
    assert shown[LINES_BEFORE] == ERROR.format(n=0).splitlines()[1]
    assert shown[1 + LINES_BEFORE + LINES_AFTER].startswith("t.h:")
    assert len(shown) < SHOWN_LINES + 70 + 2


@needs_compiler
def test_the_error_of_this_machine_s_compiler_is_found_behind_its_warnings(tmp_path):
    unused = "\n".join(f"  int x{i};" for i in range(40))
    (tmp_path / "a.cc").write_text(f"int f() {{\n{unused}\n  return 0;\n}}\nint g() {{ return missing; }}\n", "utf-8")
    command = [*compiler(), "-Wall", "-c", "a.cc", "-o", "a.o"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).stderr
    first = errors_first(said).splitlines()
    assert any("error: " in line for line in first[:2])
    assert len(first) < 12
    assert first[-1] == "and 40 warnings, not shown here"
