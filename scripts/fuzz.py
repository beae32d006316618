"""Give every reader files that are damaged, odd or hostile: it must end in data, or in one line that names the file.

    python scripts/fuzz.py [--inputs N] [--seconds S] [--readers csv npz …] [--out FOLDER]
                           [--engine hypothesis|atheris|random]

Each reader runs in a process of its own, under Hypothesis and, where it is installed, under atheris, which looks for
inputs that reach new lines; a plain generator of random numbers, ten times as fast, makes many more. An input is a
small valid file with some edits. What ends in anything but data or a
message of ours is a find: a file in --out. N is for all readers and engines together. Exit code 1 if there are finds.
"""

import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME))

TOKENS = [
    *(b"", b"\0", b'"', b"'", b"\n", b"\r", b",", b";", b"\t", b" ", b"\xff", b"\xe9", b"\xc3", b"=", b"-", b"%"),
    *(b"1e39", b"1e400", b"nan", b"inf", b"-0", b"NA", b"null", b"true", b"{}", b"[]", b"2024-01-31", b"1.234,5"),
    *(b"9" * 40, b"9" * 5000, b"[" * 3000, b'{"a":' * 3000, b'"a"', b"\\ud800", b"\xef\xbb\xbf", b"\xff\xfe"),
    *(b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\x80", b"PAR1", b"PK\3\4", b"\xe2\x80\xa8", b"|O", b"<V8", b"1,)"),
    *(b"\x1f\x8b", b"\\", b"()", b"O"),
]
VALUES: list[Any] = [None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf")]
VALUES += ["", "a", "\0", "\ud800", "9" * 50, [], {}, [[]], [None], {"": None}, [1, "a"], ["a", "a"], {"a": {"a": 1}}]
NAMES = ["csv", "csv.gz", "parquet", "npz", "frame", "rows to predict", "rows to train on", "features.json"]
NAMES += ["options of --config", "report.json", "metrics.json", "config.json", "history.csv", "estimator.json"]
NAMES += ["model.json", "weights.safetensors"]
EDITS = ("flip", "put", "insert", "delete", "repeat", "cut", "node", "node", "node")
BATCH = 1000
Edit = tuple[int, int, int, int]  # of which kind, where, what, how long


@dataclass(frozen=True)
class Reader:
    """One reader. read: of a path. seeds: valid contents. pack: what makes a file of a content, which edits may fit."""

    read: Callable[[Path], object]
    seeds: Sequence[bytes]
    file: str
    pack: Callable[[bytes], bytes] = bytes


@dataclass
class Tried:
    """What one reader was given. finds: the first input of each kind."""

    inputs: int = 0
    refused: int = 0
    finds: dict[str, bytes] = field(default_factory=dict)


def edited(content: bytes, edits: Sequence[Edit], other: bytes = b"") -> bytes:
    """Return the content after some edits."""
    for kind, where, what, length in edits:
        at, token = where % (len(content) + 1), TOKENS[what % len(TOKENS)]
        match EDITS[kind % len(EDITS)]:
            case "flip" if content:
                at = min(at, len(content) - 1)
                content = content[:at] + bytes([content[at] ^ 1 << what % 8]) + content[at + 1 :]
            case "put":
                content = content[:at] + token + content[at + len(token) :]
            case "delete":
                content = content[:at] + content[at + length % 64 + 1 :]
            case "repeat":
                content = content[:at] + content[at : at + length % 64 + 1] * (what % 20) + content[at:]
            case "cut":
                content = content[:at] + (other[at:] if what % 2 else b"")
            case "node" if content[:1] in (b"{", b"["):
                content = with_other_node(content, where, what)
            case _:
                content = content[:at] + token + content[at:]
    return content


def with_other_node(content: bytes, where: int, what: int) -> bytes:
    """Return JSON with one of its values replaced, or its key gone; other content as it is."""
    try:
        document = json.loads(content)
        places = list(places_of(document))
        if not places:
            return content
        holder, key = places[where % len(places)]
        if what % (len(VALUES) + 3) < len(VALUES):
            holder[key] = VALUES[what % (len(VALUES) + 3)]
        else:
            del holder[key]
        return json.dumps(document).encode()
    except (ValueError, RecursionError):
        return content


def places_of(document: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (holder, key) of every value."""
    for key in (
        list(document) if isinstance(document, dict) else range(len(document) if isinstance(document, list) else 0)
    ):
        yield document, key
        yield from places_of(document[key])


def made(reader: Reader, seed: int, inner: Sequence[Edit], outer: Sequence[Edit]) -> bytes:
    """Return a file: one of the seeds, edited before and after it is packed."""
    content = reader.seeds[seed % len(reader.seeds)]
    other = reader.seeds[(seed + 1) % len(reader.seeds)]
    return edited(reader.pack(edited(content, inner, other)), outer)


def try_input(reader: Reader, content: bytes, folder: Path, tried: Tried) -> None:
    """Read one file, and note what it ended in."""
    path = folder / reader.file
    path.write_bytes(content)
    tried.inputs += 1
    start = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            reader.read(path)
    except BaseException as error:
        tried.refused += 1
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        if told := what_is_wrong(error, folder):
            tried.finds.setdefault(told, content)
    if time.perf_counter() - start > 20:
        tried.finds.setdefault("slow", content)


def what_is_wrong(error: BaseException, folder: Path) -> str:
    """Return what is wrong with an exception: it is not ours, or it does not name the file; "" for a good one."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/dnn/" in frame.filename]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "?"
    if type(error) not in (ValueError, MemoryError) and not (
        isinstance(error, ValueError) and type(error).__module__.startswith("dnn.")
    ):
        return f"{type(error).__name__} {place}"
    if any(str(folder) not in line and not line.startswith("… and") for line in str(error).split("\n")):
        return f"nameless {place}"
    return ""


def reader_of(name: str, corpus: Path) -> Reader:
    """Return a reader. corpus: a folder for the valid files."""
    from scripts import fuzz_corpus  # here, since it imports what atheris is to watch

    make = fuzz_corpus.data_readers if name in fuzz_corpus.DATA else fuzz_corpus.run_readers
    found: Reader = make(corpus, Reader)[name]
    return found


def under_hypothesis(reader: Reader, inputs: int, seconds: float, seed: int = 0) -> Tried:
    """Give a reader inputs that Hypothesis makes. It stops after so many inputs, or seconds."""
    from hypothesis import HealthCheck, Phase, given, settings, strategies
    from hypothesis import seed as seeded

    number = strategies.integers(0, 2**16)
    edits = strategies.lists(strategies.tuples(number, number, number, number), max_size=4)
    tried, end = Tried(), time.monotonic() + seconds
    options: dict[str, Any] = {"database": None, "deadline": None, "phases": [Phase.generate]}
    with tempfile.TemporaryDirectory() as name:

        def give(at: int, inner: list[Edit], outer: list[Edit]) -> None:
            if time.monotonic() < end:
                try_input(reader, made(reader, at, inner, outer[:2]), Path(name), tried)

        while tried.inputs < inputs and time.monotonic() < end:
            some = settings(
                max_examples=min(BATCH, inputs - tried.inputs), **options, suppress_health_check=HealthCheck
            )
            seeded(seed)(some(given(number, edits, edits)(give)))()
            seed += 1
    return tried


def under_random(reader: Reader, inputs: int, seconds: float, seed: int = 0) -> Tried:
    """Give a reader inputs of a random generator, as `under_hypothesis` does."""
    draw, tried, end = random.Random(seed), Tried(), time.monotonic() + seconds

    def edits(most: int) -> list[Edit]:
        return [tuple(draw.choices(range(2**16), k=4)) for _ in range(draw.randint(0, most))]  # type: ignore[misc]

    with tempfile.TemporaryDirectory() as name:
        while tried.inputs < inputs and time.monotonic() < end:
            try_input(reader, made(reader, draw.randrange(2**16), edits(4), edits(2)), Path(name), tried)
    return tried


def under_atheris(reader: Reader, inputs: int, seconds: float, report: Callable[[Tried], None]) -> None:
    """Give a reader inputs that atheris makes: 1 byte for the seed, 8 for an edit. It ends the process."""
    import atheris

    tried, folder, end = Tried(), Path(tempfile.mkdtemp()), time.monotonic() + seconds

    def give(data: bytes) -> None:
        words = [int.from_bytes(data[at : at + 2], "little") for at in range(1, len(data) - 1, 2)]
        edits = [tuple(words[at : at + 4]) for at in range(0, len(words) - 3, 4)][:6]
        outer = [edit for edit in edits if edit[3] & 256]
        inner = [edit for edit in edits if not edit[3] & 256]
        try_input(reader, made(reader, data[0] if data else 0, inner, outer), folder, tried)
        if tried.inputs >= inputs or time.monotonic() > end:
            report(tried)
            sys.stdout.flush()
            os._exit(0)

    atheris.Setup([sys.argv[0], "-max_len=64", "-len_control=0", "-verbosity=0", "-rss_limit_mb=8192"], give)
    atheris.Fuzz()


def run_one(arguments: argparse.Namespace) -> None:
    """Run one reader under one engine, in this process, and print what was tried as JSON."""

    def report(tried: Tried) -> None:
        for number, (told, content) in enumerate(tried.finds.items()):
            path = arguments.out / f"{arguments.only}-{arguments.engine}-{number}-{told.split()[0]}"
            path.write_bytes(content)
        print(json.dumps({"inputs": tried.inputs, "refused": tried.refused, "finds": list(tried.finds)}))

    if arguments.engine == "atheris":
        import atheris

        with atheris.instrument_imports(include=["dnn", "zipfile", "csv", "json"], exclude=["dnn.nn.optimizers"]):
            for name in ("data.files", "data.encoding", "data.arrays", "preparation", "run_report", "estimator.folder"):
                importlib.import_module(f"dnn.{name}")
            reader = reader_of(arguments.only, arguments.corpus)
        under_atheris(reader, arguments.inputs, arguments.seconds, report)
    reader = reader_of(arguments.only, arguments.corpus)
    under = under_random if arguments.engine == "random" else under_hypothesis
    report(under(reader, arguments.inputs, arguments.seconds, arguments.seed))


def child(arguments: argparse.Namespace, reader: str, engine: str, inputs: int, seconds: float) -> dict[str, Any]:
    """Run one reader under one engine in a process of its own. A process that dies is a find too."""
    options = {"only": reader, "engine": engine, "inputs": inputs, "seconds": seconds, "seed": arguments.seed}
    options |= {"out": arguments.out, "corpus": arguments.corpus}
    command = [sys.executable, __file__, *(f"--{name}={value}" for name, value in options.items())]
    with tempfile.TemporaryDirectory() as scratch:
        ended = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment(scratch))
        if ended.returncode == 0:
            return dict(json.loads(ended.stdout.splitlines()[-1]))
        left = [path for path in Path(scratch).rglob("*") if path.is_file()]
        for path in left:
            (arguments.out / f"{reader}-{engine}-died-{path.name}").write_bytes(path.read_bytes())
    return {"inputs": 0, "refused": 0, "finds": [f"exit code {ended.returncode}: {ended.stderr[-300:]}"]}


def environment(scratch: str) -> dict[str, str]:
    """Return the variables of a child: its temporary files are in `scratch`."""
    return {**os.environ, "TMPDIR": scratch, "TF_CPP_MIN_LOG_LEVEL": "2"}


def main(words: Sequence[str] | None = None) -> int:
    """Run all readers, one after the other, and say what was tried."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--readers", nargs="*", default=[])
    parser.add_argument("--engine", choices=["hypothesis", "atheris", "random"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("fuzz-finds"))
    parser.add_argument("--corpus", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    if arguments.only:
        run_one(arguments)
        return 0
    with tempfile.TemporaryDirectory() as corpus:
        arguments.corpus = Path(corpus)
        arguments.out.mkdir(parents=True, exist_ok=True)
        return told(arguments, arguments.readers or NAMES)


def told(arguments: argparse.Namespace, names: Sequence[str]) -> int:
    """Run the readers of these names, and print a table."""
    installed = ["hypothesis", "random", *(["atheris"] if importlib.util.find_spec("atheris") else [])]
    engines = [arguments.engine] if arguments.engine else installed
    share = len(names) * len(engines)
    print("| reader | engine | inputs | refused | finds | seconds |\n|---|---|---:|---:|---:|---:|")
    all_finds, all_inputs = 0, 0
    for name in names:
        for engine in engines:
            start = time.monotonic()
            found = child(arguments, name, engine, arguments.inputs // share, arguments.seconds / share)
            row = [name, engine, f"{found['inputs']:,}", f"{found['refused']:,}", str(len(found["finds"]))]
            print(f"| {' | '.join(row)} | {time.monotonic() - start:.0f} |", flush=True)
            for find in found["finds"]:
                print(f"    {find}", file=sys.stderr, flush=True)
            all_finds, all_inputs = all_finds + len(found["finds"]), all_inputs + found["inputs"]
    print(f"\n{all_inputs:,} inputs, {all_finds} finds" + (f" in {arguments.out}" if all_finds else ""))
    return 1 if all_finds else 0


if __name__ == "__main__":
    sys.exit(main())
