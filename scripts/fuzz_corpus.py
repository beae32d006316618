"""The readers that scripts/fuzz.py tries, and a few small valid files for each."""

import gzip
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from typer.testing import CliRunner

import dnn
from dnn.cli import app
from dnn.data.arrays import load_arrays
from dnn.data.encoding import FILE, load_encoding
from dnn.files.manifest import write_manifest
from dnn.preparation import prepare_file
from dnn.run_report import write_comparison, write_page
from dnn.settings import PrepareSettings

MAX_BYTES = 100_000_000  # of memory that an input may take
OPTIONS = dnn.ReadOptions(max_bytes=MAX_BYTES)
ROWS = "31,cook,1.5,2024-01-31,yes\n45,pilot,,2024-02-01,no\n,cook,-2e3,,yes\n28,,7,2023-12-24,no\n"
TABLE = "age,job,pay,day,y\n" + ROWS
CSVS = [
    TABLE.encode(),
    TABLE.replace(",", ";").replace("1.5", "1,5").encode("cp1252"),
    ("größe\tß\n" + "1\tä\n2\tö\n").encode(),
    TABLE.encode("utf-16"),
    b'sep=|\n"a"|"b, c"\n"1.234,5"|"x\ny"\n"(3)"|"z"\n',
    b"a\n1\n\n2\n",
    b",a,b\n0,1,2\n1,3,4\n",
]
DATA = ("csv", "csv.gz", "parquet", "npz", "frame", "rows to predict", "rows to train on", "features.json")
FRAMES = [b'{"age": [31, null, 4.5], "job": ["a", "b", null], "": [true, false, null]}', b"[[1, 2], [3, 4]]"]
FRAMES += [b'[{"a": 1, "b": "x"}, {"a": 2, "c": [1]}]', b'{"a": [1, "x"], "b": ["1,5", "2"]}']


def parquets() -> list[bytes]:
    """Return Parquet files: of plain types, of a frame of pandas, of nested and odd ones."""
    plain = {"n": [1, 2, None], "s": ["a", None, "b"], "f": [0.5, float("nan"), 1e300], "": [True, None, False]}
    odd = {
        "d": pa.array([1, 2, 3], pa.date32()),
        "t": pa.array([1, None, 3], pa.timestamp("ns", "UTC")),
        "c": pa.array(["x", "y", "x"]).dictionary_encode(),
        "l": [[1], [], None],
        "b": [b"\xff", b"a", None],
        "k": pa.array([1, 2, 3], pa.decimal128(5, 2)),
    }
    said = {b"pandas": json.dumps({"index_columns": ["n"], "columns": [{"name": "f", "pandas_type": "categorical"}]})}
    tables = [pa.table(plain), pa.table(odd), pa.table(plain).replace_schema_metadata(said)]
    return [stored(table, compression) for table in tables for compression in ("none", "snappy")]


def stored(table: pa.Table, compression: str) -> bytes:
    """Return a table as a Parquet file."""
    file = io.BytesIO()
    pa.parquet.write_table(table, file, compression=compression)
    return file.getvalue()


def npys() -> list[bytes]:
    """Return arrays in the format .npy."""
    kinds = (
        np.float32([[1, 2], [3, 4]]),
        np.int32([0, 1]),
        np.float64(3),
        np.asfortranarray(np.ones((2, 3), "<i8")),
        "ab",
    )
    files = [io.BytesIO() for _ in kinds]
    for file, array in zip(files, kinds, strict=True):
        np.save(file, np.asarray(array))
    return [file.getvalue() for file in files]


def zipped(npy: bytes) -> bytes:
    """Return an .npz file with an array, and another."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if len(npy) % 2 else zipfile.ZIP_STORED) as archive:
        archive.writestr("inputs.npy", npy)
        archive.writestr("targets.npy", npys()[1])
    return file.getvalue()


def read_parts(path: Path) -> None:
    """Read an .npz file as arrays, then as a part of a prepared data set."""
    load_arrays(path, max_bytes=MAX_BYTES)
    dnn.load_part(path, width=2, classes=2, max_bytes=MAX_BYTES)


def read_table(path: Path) -> None:
    """Read a table, and write what it is."""
    repr(dnn.read_table(path, options=OPTIONS))


def read_frame(path: Path) -> None:
    """Read a mapping of columns, as a program might hand it over."""
    try:
        frame = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return
    if isinstance(frame, str):
        return  # which is a path
    try:
        repr(dnn.as_table(frame))
    except (ValueError, TypeError) as error:
        if type(error) not in (ValueError, TypeError):
            raise
        raise ValueError(f"{path}: {error}".replace("\n", f"\n{path}: ")) from None


def prepare(path: Path) -> None:
    """Read a table, split it, and learn its columns, as `dnn train` does."""
    prepare_file(PrepareSettings(data=path, max_bytes=MAX_BYTES), seed=0)


def take_config(path: Path) -> None:
    """Start a command with the options of a file, and data that are not there, at which it ends."""
    result = CliRunner().invoke(app, ["train", "--config", str(path), str(path.parent / "absent.csv")])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 2, result.exit_code


def trained(corpus: Path) -> Path:
    """Return a run folder, made once."""
    run = corpus / "run"
    if not run.exists():
        table = corpus / "rows.csv"
        table.write_text(TABLE + ROWS * 12, "utf-8")
        words = ["train", table, "--out", run, "--epochs", 2, "--hidden", 3, "--no-baselines", "--quiet"]
        subprocess.run([sys.executable, "-m", "dnn", *map(str, words)], check=True, stdout=subprocess.DEVNULL)
    return run


def in_run(run: Path, read: Callable[[Path], object]) -> Callable[[Path], None]:
    """Return a reader of a run folder one file of which is the input."""

    def read_run(path: Path) -> None:
        folder = path.parent / "run"
        if not folder.exists():
            shutil.copytree(run, folder)
        name = path.name
        target = folder / ("network" if (run / "network" / name).exists() else "") / name
        target.write_bytes(path.read_bytes())
        for written in (folder / "network", folder):  # else the digest alone would say what is damaged
            write_manifest(written)
        read(folder)

    return read_run


def data_readers(corpus: Path, kind: Callable[..., Any]) -> dict[str, Any]:
    """Return the readers of data by name, which need no trained network."""
    table = corpus / "table.csv"
    table.write_text(TABLE + ROWS * 12, "utf-8")
    encoding = prepare_file(PrepareSettings(data=table), seed=0).encoding
    pa.set_cpu_count(1)  # quicker for tables of four rows

    def predict(path: Path) -> None:
        read = encoding.read(path, options=OPTIONS)
        encoding.features({name: read.columns[name] for name in encoding.features.kinds})

    return {
        "csv": kind(read_table, CSVS, "input.csv"),
        "csv.gz": kind(read_table, CSVS, "input.csv.gz", gzip.compress),
        "parquet": kind(read_table, parquets(), "input.parquet"),
        "npz": kind(read_parts, npys(), "input.npz", zipped),
        "frame": kind(read_frame, FRAMES, "input.json"),
        "rows to predict": kind(predict, CSVS[:2], "input.csv"),
        "rows to train on": kind(prepare, [(TABLE + ROWS * 3).encode()], "input.csv"),
        "features.json": kind(lambda path: load_encoding(path.parent), [json.dumps(encoding.state()).encode()], FILE),
    }


def run_readers(corpus: Path, kind: Callable[..., Any]) -> dict[str, Any]:
    """Return the readers of a run folder by name; they need one, which is trained first."""
    run = trained(corpus)
    found = {
        "options of --config": kind(take_config, [(run / "config.json").read_bytes()], "config.json"),
        "report.json": kind(in_run(run, write_page), [(run / "report.json").read_bytes()], "report.json"),
    }

    def compare(folder: Path) -> None:
        write_comparison([folder, run], folder.parent / "compare.html")

    for name in ("metrics.json", "config.json", "history.csv"):
        found[name] = kind(in_run(run, compare), [(run / name).read_bytes()], name)
    for name in ("estimator.json", "model.json", "weights.safetensors"):
        found[name] = kind(in_run(run, dnn.load), [next(run.rglob(name)).read_bytes()], name)
    return found
