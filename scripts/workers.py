"""Several workers of one `dnn train` or `dnn.fit`: what comes of losing one, and what sharing a step costs.

    python scripts/workers.py faults   # 4 workers with addresses of their own: one is killed, one cut off (as root)
    python scripts/workers.py speed    # time of a step for 1, 2 and 4 workers, each held to one core

`faults` makes network namespaces with `ip netns`; where that is not allowed, it says so and does nothing. In each case
the others must end within 30 seconds with one line, and the run must go on from its checkpoint; in the end on one
machine. `speed` prints a table; where there are fewer cores than workers, it says that they share them.
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

MOST_SECONDS = 30  # from the loss of a worker to the end of the last of the others
NETWORK, PORT = "10.77.7", 2222
NETWORKS = {  # by name: units, rows of a step, steps of an epoch
    "51-30-30-2, 512": ([51, 30, 30, 2], 512, 30),
    "51-30-30-2, 16384": ([51, 30, 30, 2], 16384, 10),
    "784-512-512-10, 512": ([784, 512, 512, 10], 512, 10),
    "784-512-512-10, 4096": ([784, 512, 512, 10], 4096, 4),
}


def in_cluster(addresses: Sequence[str], rank: int) -> dict[str, str]:
    """Return the environment of a worker."""
    config = {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": rank}}
    return {**os.environ, "TF_CONFIG": json.dumps(config), "TF_CPP_MIN_LOG_LEVEL": "3"}


def ip(*words: object) -> None:
    """Run the command `ip`. Raises: CalledProcessError, with what it said."""
    subprocess.run(["ip", *map(str, words)], check=True, capture_output=True, encoding="utf-8")


@contextlib.contextmanager
def namespaces(count: int) -> Iterator[list[str]]:
    """Yield the names of network namespaces, with the addresses NETWORK.1, .2, … on one bridge."""
    names = [f"dnnw{i}" for i in range(count)]
    with contextlib.ExitStack() as stack:
        ip("link", "add", "dnnbridge", "type", "bridge")
        stack.callback(ip, "link", "del", "dnnbridge")
        ip("link", "set", "dnnbridge", "up")
        for i, name in enumerate(names):
            ip("netns", "add", name)
            stack.callback(ip, "netns", "del", name)
            ip("link", "add", f"dnnv{i}", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", f"dnnv{i}", "master", "dnnbridge", "up")
            ip("-n", name, "addr", "add", f"{NETWORK}.{i + 1}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names


def started(names: Sequence[str], options: Sequence[object], logs: Path) -> list[subprocess.Popen[bytes]]:
    """Start `dnn train` in each namespace."""
    addresses = [f"{NETWORK}.{i + 1}:{PORT}" for i in range(len(names))]
    words = [sys.executable, "-m", "dnn", "train", *map(str, options)]
    processes = []
    for rank, name in enumerate(names):
        with (logs / f"worker-{rank}.log").open("wb") as log:
            command = ["ip", "netns", "exec", name, *words]
            processes.append(subprocess.Popen(command, env=in_cluster(addresses, rank), stdout=log, stderr=log))
    return processes


def states(run: Path) -> list[str]:
    """Return the names of the run's checkpoints, the last one first."""
    return sorted((path.name for path in (run / ".checkpoints").glob("state-*")), reverse=True)


def wait_for_checkpoint(run: Path, before: Sequence[str], processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Wait until the run has a checkpoint that it had not. Raises: SystemExit if a worker ends meanwhile."""
    while not set(states(run)) - set(before):
        if any(process.poll() is not None for process in processes):
            raise SystemExit("a worker ended before there was a checkpoint")
        time.sleep(0.5)


def report_ends(what: str, processes: Sequence[subprocess.Popen[bytes]], logs: Path, lost: int) -> None:
    """Wait for all workers, and print when each ended and its last line. Raises: SystemExit if one takes too long."""
    begin = time.monotonic()
    for rank, process in enumerate(processes):
        try:
            process.wait(max(0.1, MOST_SECONDS + 30 - (time.monotonic() - begin)))
        except subprocess.TimeoutExpired:
            process.kill()
            raise SystemExit(f"worker {rank} did not end") from None
        seconds = time.monotonic() - begin
        line = (logs / f"worker-{rank}.log").read_text("utf-8", "replace").strip().splitlines()[-1]
        print(f"{what}: worker {rank} had ended after {seconds:.1f} s, code {process.returncode}: {line}", flush=True)
        if rank != lost and (seconds > MOST_SECONDS or not line.startswith("error: ")):
            raise SystemExit(f"worker {rank} must end within {MOST_SECONDS} s with one line")


def faults(count: int) -> None:
    """Kill one of the workers, go on, cut another off, go on with one machine."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        run, logs = Path(folder, "run"), Path(folder)
        try:
            names = stack.enter_context(namespaces(count))
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"skipped: network namespaces cannot be made here: {getattr(error, 'stderr', None) or error}")
            return
        first = ["--out", run, "--epochs", 400, "--patience", 400, "--checkpoint-every", "5 epochs"]
        processes = started(names, [*first, "--no-report", "--no-baselines"], logs)
        wait_for_checkpoint(run, [], processes)
        processes[2].send_signal(signal.SIGKILL)
        report_ends("killed", processes, logs, 2)

        before = states(run)
        processes = started(names, ["--resume", run], logs)
        wait_for_checkpoint(run, before, processes)
        print(f"gone on with {count} workers from {before[0]}", flush=True)
        ip("link", "set", f"dnnv{count - 1}", "down")
        report_ends("cut off", processes, logs, count - 1)

        print(f"gone on with one machine from {states(run)[0]}", flush=True)
        subprocess.run([sys.executable, "-m", "dnn", "train", "--resume", str(run), "--quiet"], check=True)
        epochs = (run / "history.csv").read_text("utf-8").count("\n") - 1
        print(f"done: {epochs} epochs")


def speed() -> None:
    """Print the time of a step for 1, 2 and 4 workers."""
    cores = sorted(os.sched_getaffinity(0))
    print(f"{len(cores)} cores; where there are more workers than cores, they share them")
    print(
        "| network, batch | workers | ms of a step | rows/s | against one | bytes reduced |\n|---|---|---|---|---|---|"
    )
    for name, (_, batch, _) in NETWORKS.items():
        one = 0.0
        for count in (1, 2, 4):
            told = timed(name, count, cores)
            one = one or told["seconds"]
            times = f"{told['seconds'] * 1e3:.2f} | {batch / told['seconds']:,.0f} | {one / told['seconds']:.2f}"
            print(f"| {name} | {count} | {times} | {told['bytes'] if count > 1 else 0:,} |", flush=True)


def timed(name: str, count: int, cores: Sequence[int]) -> dict[str, float]:
    """Run the workers, each held to a core, and return what the chief measured."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    words = [[sys.executable, __file__, "worker", name, str(cores[rank % len(cores)])] for rank in range(count)]
    processes = [
        subprocess.Popen(each, env=in_cluster(addresses, rank), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for rank, each in enumerate(words)
    ]
    told, *_ = [process.communicate()[0] for process in processes]
    result: dict[str, float] = json.loads(told.splitlines()[-1])
    return result


def worker(name: str, core: int) -> None:
    """Time the steps of a fit on one core, as one of the workers of TF_CONFIG, and print them as JSON."""
    os.sched_setaffinity(0, [core])
    import numpy as np
    import tensorflow as tf

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    import dnn

    sizes, batch, steps = NETWORKS[name]
    random = np.random.default_rng(0)
    x = random.normal(size=[batch * steps, sizes[0]]).astype(np.float32)
    y = random.integers(0, sizes[-1], len(x))
    model = dnn.mlp(sizes, seed=0)
    optimizer, ends = dnn.Adam(model.trainable_variables), []
    with strategy.scope():
        dnn.fit(
            model,
            (x, y),
            loss=dnn.sparse_softmax_cross_entropy,
            optimizer=optimizer,
            metrics={},
            batch_size=batch,
            epochs=6,
            callbacks=[lambda record, history: ends.append(time.perf_counter())],
            jit_compile=False,
        )
    seconds = float(np.median(np.diff(ends))) / steps
    size = 4 * (sum(variable.shape.num_elements() for variable in model.trainable_variables) + 1)
    print(json.dumps({"seconds": seconds, "bytes": size}))


def main() -> None:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("faults").add_argument("--workers", type=int, default=4)
    kinds.add_parser("speed")
    of_one = kinds.add_parser("worker")
    of_one.add_argument("name")
    of_one.add_argument("core", type=int)
    given = parser.parse_args()
    if given.kind == "faults":
        faults(given.workers)
    elif given.kind == "speed":
        speed()
    else:
        worker(given.name, given.core)


if __name__ == "__main__":
    main()
