"""TensorFlow starts quietly, and Ctrl-C ends what has not begun with one line."""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile

import pytest
import typer

import dnn
from dnn.second_signal import ENDED_AT_ONCE, second_signal_ends
from dnn.startup import INTERRUPTED, absent, interrupt_ends, quiet_start, ready, start_quietly

FAKE = """
import os
os.write(2, b"I0000 00:00:1 1 port.cc:153] oneDNN custom operations are on.\\n")
constant = lambda value: os.write(2, b"E0000 00:00:1 1 loader.cc:1] the disk is on fire\\n")
"""
AT_IMPORT = """
import os, signal, sys
class Slow:
    def find_spec(self, name, path, target=None):
        if name == "{}":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Slow())
"""
AT_WORK = """
import signal, tensorflow as tf
from dnn.second_signal import second_signal_ends
for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda *_: None)
with second_signal_ends():
    zero = tf.constant(0, tf.int64)
    count = tf.function(lambda: tf.while_loop(lambda i: i < 10**13, lambda i: i + 1, [zero])).get_concrete_function()
    print("counting", flush=True)
    count()
"""


END = """
import atexit, sys, threading, time
from dnn.quick_end import quick_end
class Left:
    def __del__(self):
        print("taken apart")
left = Left()
left.itself = left
atexit.register(print, "exit function")
threading.Thread(target=lambda: (time.sleep(0.1), print("thread"))).start()
with quick_end():
    sys.exit({})
"""


def test_what_tensorflow_says_while_starting_is_kept_back_but_errors_are_not(capfd):
    with quiet_start():
        os.write(2, b"I0000 00:00:1 1 port.cc:153] oneDNN custom operations are on.\n")
        os.write(2, b"E0000 00:00:1 1 loader.cc:1] the disk is on fire\n")
    assert capfd.readouterr().err == "E0000 00:00:1 1 loader.cc:1] the disk is on fire\n"


def test_a_python_user_may_start_tensorflow_quietly(tmp_path):
    """One that says what TensorFlow says stands in for it."""
    (tmp_path / "tensorflow.py").write_text(FAKE, "utf-8")
    program = "import dnn, sys; dnn.start_quietly(); print('tensorflow' in sys.modules)"
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    process = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", env={**os.environ, "PYTHONPATH": paths}
    )
    assert process.stdout == "True\n", process.stderr
    assert process.stderr == "E0000 00:00:1 1 loader.cc:1] the disk is on fire\n"


def test_without_a_folder_for_temporary_files_one_line_says_so(monkeypatch, capsys):
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/absent"])
    with pytest.raises(typer.Exit), ready(debug=False):
        pass
    assert re.fullmatch(r"error: No usable .* \['/absent'\]; set TMPDIR to a folder .*\n", capsys.readouterr().err)


def test_it_is_too_late_once_tensorflow_is_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", sys)  # whatever it is
    assert dnn.start_quietly is start_quietly
    with pytest.warns(UserWarning, match="TensorFlow is imported already: call dnn.start_quietly.. before anything"):
        start_quietly()


def interrupted(program: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", timeout=60)


def test_ctrl_c_while_modules_are_imported_is_one_line_even_if_an_import_would_swallow_it():
    process = interrupted(
        "import os, signal\nfrom dnn.startup import interrupt_ends\nwith interrupt_ends():\n"
        "    try:\n        os.kill(os.getpid(), signal.SIGINT)\n    except BaseException:\n        pass\n"
    )
    assert (process.returncode, process.stderr) == (130, f"{INTERRUPTED}\n")


def test_the_command_is_guarded_before_anything_slow_is_imported():
    process = interrupted(
        "import sys, dnn.__main__\nassert not {'typer', 'numpy', 'tensorflow'} & set(sys.modules)\n"
        + AT_IMPORT.format("dnn.cli")
        + "dnn.__main__.main()"
    )
    assert (process.returncode, process.stderr) == (130, f"{INTERRUPTED}\n")


@pytest.mark.skipif(os.name != "posix", reason="a shell closes them")
def test_with_closed_standard_streams_a_command_works_and_no_file_gets_what_it_prints(tmp_path):
    """As `dnn … <&- >&- 2>&-`: the next file that is opened would have the number of a stream that is closed."""
    program = (
        "import os, sys\nfrom dnn.startup import open_closed_streams\nopen_closed_streams()\n"
        f"with open({str(tmp_path / 'a')!r}, 'w') as file:\n    os.write(1, b'printed')\n    print('printed')\n"
        "    file.write(f'{file.fileno() > 2} {sys.stdin.read()!r} {os.get_inheritable(1)}')\n"
    )
    command = f"exec {shlex.join([sys.executable, '-c', program])} <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", command]).returncode == 0
    assert (tmp_path / "a").read_text("utf-8") == "True '' True"
    program = (
        "import sys, dnn.cli, dnn.__main__\ndnn.cli.main = lambda: sys.exit(sys.stdout is None)\ndnn.__main__.main()"
    )
    command = f"exec {shlex.join([sys.executable, '-c', program])} >&-"
    assert subprocess.run(["sh", "-c", command]).returncode == 0


def test_ctrl_c_while_tensorflow_is_imported_and_the_screen_is_caught_is_one_line_too():
    process = interrupted(AT_IMPORT.format("tensorflow") + "import dnn.startup\nwith dnn.startup.ready(False): pass")
    assert (process.returncode, process.stderr) == (130, f"{INTERRUPTED}\n")


def test_ctrl_c_means_afterwards_what_it_meant_before():
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # the tests may have been started in the background
    try:
        with interrupt_ends():
            assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_where_ctrl_c_is_ignored_it_stays_so():
    """As a shell sets it for what runs in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupt_ends():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_a_second_signal_ends_the_process_also_while_tensorflow_is_at_work_and_a_first_one_does_not():
    process = subprocess.Popen(
        [sys.executable, "-c", AT_WORK], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    assert process.stdout.readline() == "counting\n"
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGHUP)  # as of a shell whose terminal is closed
    process.send_signal(signal.SIGTERM)  # as of `timeout`, which sends one to the process, and one to its group
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=1)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate()
    assert (process.returncode, told.splitlines()[-1]) == (128 + signal.SIGTERM, ENDED_AT_ONCE)


def test_a_command_imports_what_it_needs_and_the_rest_where_it_is_needed():
    """Each of these takes .05 to 1 s, and is for one command, for baselines, or for curves.png."""
    program = "import sys; sys.modules['keras'] = None  # as the command leaves it out\n"
    program += "from dnn.startup import ready\nwith ready(False): pass\nimport dnn, pyarrow, scipy.sparse\n"
    program += "dnn.read_csv(dnn.sample_path())\nprint(*sys.modules)\n"
    program += "print(scipy.sparse.__name__, pyarrow.array(['1']).to_pandas().dtype)"
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8")
    imported = set(process.stdout.splitlines()[0].split())
    assert {"dnn.training_run", "tensorflow"} <= imported
    others = {"jax", "scipy.stats", "sklearn", "pandas", "matplotlib"}
    assert not (others | {"dnn.inspection", "dnn.explain_run"}) & imported
    assert process.stdout.splitlines()[-1] == "scipy.sparse str"


def test_what_is_absent_for_a_moment_is_there_again(monkeypatch):
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    before = dict(sys.modules), list(sys.meta_path)
    with absent(["wave", "json"]):
        import json  # it is imported already

        with pytest.raises(ImportError, match="wave"):
            import wave
    assert (sys.modules, sys.meta_path) == before
    import wave

    assert (json, wave) == (sys.modules["json"], sys.modules["wave"])


def test_signals_of_two_commands_are_not_counted_together():
    """In one process, one after the other; what a program had set before is there again."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        for _ in range(3):
            with second_signal_ends():
                signal.raise_signal(signal.SIGTERM)
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(("given", "code", "told"), [("3", 3, []), ("", 0, []), ("'why'", 1, ["taken apart"])])
def test_a_command_ends_after_its_threads_and_exit_functions_without_taking_apart_what_is_imported(given, code, told):
    process = subprocess.run([sys.executable, "-c", END.format(given)], capture_output=True, encoding="utf-8")
    assert (process.returncode, process.stdout.splitlines()) == (code, ["thread", "exit function", *told])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk that is always full")
def test_output_that_cannot_be_written_at_the_end_is_still_told():
    program = "import sys\nfrom dnn.quick_end import quick_end\nwith quick_end():\n    print('x')\n    sys.exit()"
    with open("/dev/full", "wb") as full:
        buffered = {**os.environ, "PYTHONUNBUFFERED": ""}
        process = subprocess.run(
            [sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, encoding="utf-8", env=buffered
        )
    assert process.returncode == 120
    assert "No space left on device" in process.stderr


FORKED_AND_BROKEN = """
import os, signal, sys, threading, time
from dnn.second_signal import second_signal_ends
from dnn.train.interruption import Interruption
ends, said = [], os.pipe()
signal.signal(signal.SIGTERM, lambda *_: ends.append(1))
os.close(said[0])
os.dup2(said[1], 2)  # nobody reads it
with second_signal_ends():
    for _ in range(2):
        child = os.fork()
        if not child:
            signal.raise_signal(signal.SIGTERM)
            os._exit(0)
        os.waitpid(child, 0)
        time.sleep(0.6)
    with Interruption():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.6)
    assert ends == [1], ends  # by the handler, once the fit has ended
    print("lives", flush=True)
    time.sleep(0.6)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_signals_of_children_and_those_sent_on_are_none_and_a_broken_pipe_hinders_no_end():
    run = subprocess.run([sys.executable, "-c", FORKED_AND_BROKEN], stdout=subprocess.PIPE, encoding="utf-8")
    assert (run.returncode, run.stdout) == (128 + signal.SIGTERM, "lives\n")


def test_signals_are_handed_on_to_whom_they_woke_before():
    """As those of asyncio."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    previous = signal.set_wakeup_fd(writing)
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        with second_signal_ends():
            signal.raise_signal(signal.SIGTERM)
        assert os.read(reading, 8) == bytes([signal.SIGTERM])
        assert signal.set_wakeup_fd(previous) == writing
    finally:
        signal.set_wakeup_fd(previous)
        signal.signal(signal.SIGTERM, before)
        os.close(reading)
        os.close(writing)
