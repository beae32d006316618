"""How long does an epoch of an ensemble take, beside as many epochs of one of its networks, and how much memory?"""

import json
from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from typing import Any

from benchmarks.agreement import TOLERANCE, assert_same_learning
from benchmarks.answers import Answer, Failure, Findings
from benchmarks.comparison import Run
from benchmarks.contenders import TRAINERS, Contender, installed
from benchmarks.jobs import Job
from benchmarks.processes import run as run_program
from benchmarks.questions.epoch import BATCH, ROWS, SIZES
from benchmarks.repetitions import in_turn

WHO = ("dnn, graph mode", "dnn, XLA", "dnn, MlpAdam", "JAX + optax, lax.scan")
MEMBERS = (16, 32)
UNDER_XLA = "dnn, XLA"
AIM = 0.333  # a third of 32 epochs of one network under XLA, for our own ways that are compiled
AIMING = (UNDER_XLA, "dnn, MlpAdam")


def findings(run: Run) -> Findings:
    """Answer it for each way to train one, beside one under XLA, and by MlpAdam beside the other ways to train all."""
    contenders = [contender for contender in installed(TRAINERS) if contender.name in WHO]
    job = Job("", SIZES, BATCH, ROWS // 10 if run.quick else ROWS)
    trainers = {
        (contender.name, members): run.trainer(contender, job, contender.candidates[0] | {"members": members})
        for contender in contenders
        for members in (1, *MEMBERS)
    }
    assert_all_learn_the_same(trainers, job)
    runs = {
        (name, members): partial(trainer.epoch_seconds, 1 if members > 1 else 3)
        for (name, members), trainer in trainers.items()
    }
    measured = in_turn(runs, run.repetitions, partial(undecided, rows=job.rows), what="ensembles")
    found = [answer for members in MEMBERS for answer in answers(measured.figures, members, job.rows)]
    failures = [Failure(f"{count} networks", name, why) for (name, count), why in measured.failed.items()]
    memory = [memory_answer(contender, MEMBERS[-1], job.rows, 1 if run.quick else 3) for contender in contenders]
    return Findings(found + memory, failures=failures)


def undecided(seconds: Mapping[tuple[str, int], list[float]], rows: int) -> bool:
    """Whether more repetitions could tell more."""
    return any(answer.undecided for members in MEMBERS for answer in answers(seconds, members, rows))


def assert_all_learn_the_same(trainers: Mapping[tuple[str, int], Any], job: Job) -> None:
    """Check that each network and each ensemble, whose members begin alike, has the same loss in its first epoch.

    Raises:
        AssertionError: If one learnt something else.
    """
    learnt = {f"{members} by {name}": trainer.learn(job.orders(1)) for (name, members), trainer in trainers.items()}
    assert_same_learning(learnt, dict.fromkeys(learnt, TOLERANCE), job.rows)


def answers(seconds: Mapping[tuple[str, int], list[float]], members: int, rows: int) -> list[Answer]:
    """Return each way beside itself and XLA with one network, and MlpAdam beside the other ways."""
    job = f"an epoch of {members} networks, {rows:,} rows, 51-30-30-2, batch {BATCH}"
    names = [name for name, count in seconds if count == members and (name, 1) in seconds]
    beside = [
        Answer(
            job,
            name,
            f"{members} times one network of {one}",
            seconds[name, members],
            [members * of_one for of_one in seconds[one, 1]],
            figure="ours / theirs",
            aim=AIM if one == UNDER_XLA and name in AIMING and members == MEMBERS[-1] else None,
        )
        for name in names
        for one in dict.fromkeys((name, UNDER_XLA))
        if one in names
    ]
    ours = "dnn, MlpAdam"
    against = [name for name in names if name != ours] if ours in names else []
    return beside + [
        Answer(job, ours, f"{members} networks by {name}", seconds[ours, members], seconds[name, members])
        for name in against
    ]


def memory_answer(contender: Contender, members: int, rows: int, repetitions: int) -> Answer:
    """Return what several networks add to the memory of a process that has trained one, beside what they must."""
    options = json.dumps(contender.candidates[0])
    arguments = ("ensemble_memory", contender.peer, options, str(members), str(rows))
    added = [float(run_program(*arguments).printed) for _ in range(repetitions)]
    job = f"memory that {members} networks add, at their peak, to a process that has trained one"
    needed = [megabytes_by_arithmetic(members, rows)] * repetitions
    return Answer(job, contender.name, "their numbers alone", added, needed, unit="MB", figure="ours / theirs")


def megabytes_by_arithmetic(members: int, rows: int) -> float:
    """Return the MB of an ensemble's numbers in a step, each of four bytes.

    For each member the weights, their gradients and Adam's two averages; a batch of inputs, and of each layer's sums,
    outputs and gradients; and the order of the rows.
    """
    weights = sum(inputs * units + units for inputs, units in pairwise(SIZES))
    batch = BATCH * (SIZES[0] + 3 * sum(SIZES[1:]))
    return 4 * members * (4 * weights + batch + rows) / 2**20
