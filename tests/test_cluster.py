"""TF_CONFIG says which of the workers of `dnn train` a process is; what it cannot mean is one line."""

import json

import pytest
from typer.testing import CliRunner

from dnn.cli import app
from dnn.cluster import Member, cluster_member, cluster_strategy

WORKERS = {"chief": ["a:1"], "worker": ["b:2", "c:3"]}


def config(cluster=WORKERS, kind="worker", index=0):
    return json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, Member(1, 0, "")),
        ("{}", Member(1, 0, "")),
        (config(kind="chief"), Member(3, 0, "a:1")),
        (config(index=1), Member(3, 2, "c:3")),
        (config({"worker": ["b:2"]}), Member(1, 0, "b:2")),
    ],
)
def test_the_chief_is_the_first_of_the_workers(monkeypatch, text, expected):
    monkeypatch.setenv("TF_CONFIG", text) if text else monkeypatch.delenv("TF_CONFIG", raising=False)
    assert cluster_member() == expected


def test_one_worker_needs_no_strategy(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config({"worker": ["b:2"]}))
    assert cluster_strategy.__wrapped__() is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "TF_CONFIG must be JSON as"),
        ("[]", "TF_CONFIG must be JSON as"),
        ('{"cluster": {"worker": ["a:1"]}}', "KeyError('task')"),
        (config(index=2), "TF_CONFIG: task 'worker' 2 is none of the cluster's 3"),
        (config(index="0"), "TF_CONFIG: task 'worker' '0' is none"),
        (config({"worker": ["a:1"], "ps": ["b:2"]}), "got ps"),
        (config({"worker": ["a:1", "b"]}), "an address must be host:port, got 'b'"),
    ],
)
def test_a_bad_cluster_is_one_line_of_the_command(monkeypatch, text, message):
    monkeypatch.setenv("TF_CONFIG", text)
    result = CliRunner().invoke(app, ["train", "--out", "nowhere"])
    assert result.exit_code == 2
    assert message in result.output
    assert len(result.output.strip().splitlines()) == 1


def test_folds_are_for_one_machine(monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config())
    result = CliRunner().invoke(app, ["train", "--folds", "3"])
    assert result.exit_code == 2
    assert "--folds trains on one machine: unset TF_CONFIG" in result.output
