"""scripts/peer_tests.py: its options, what it makes of an outcome, and the adapters' lines."""

import ast
from pathlib import Path

import numpy as np
import pytest

import dnn
from scripts import peer_tests
from scripts.peer_adapters import scikit_learn, scipy_special
from scripts.peer_adapters.recording import WORDS, MissingError, outcome

ADAPTERS = {
    peer: Path(peer_tests.HOME, "scripts", "peer_adapters", f"{name}.py")
    for peer, (_, name) in peer_tests.PEERS.items()
}
FIDELITY = Path(peer_tests.HOME, "docs", "fidelity.md").read_text("utf-8")


def constants(path):
    """The texts of an adapter's DIFFERENCES, MODULES and SELECTED, without the peer."""
    assigned = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.Assign)]
    return {node.targets[0].id: node.value for node in assigned if isinstance(node.targets[0], ast.Name)}


@pytest.mark.parametrize("peer", peer_tests.PEERS)
def test_each_difference_stands_in_the_list(peer):
    found = constants(ADAPTERS[peer])
    assert {"MODULES", "SELECTED", "DIFFERENCES", "MISSING"} - {"MISSING"} <= found.keys()
    lines = [line for _, line in ast.literal_eval(found["DIFFERENCES"])]
    assert [line for line in (*lines, WORDS) if line not in FIDELITY] == []


def test_an_unknown_peer_is_an_error_that_names_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        peer_tests.parsed(["keras"])
    assert "no peer 'keras': choose from scikit-learn, scipy, optax, sonnet" in capsys.readouterr().err
    assert peer_tests.parsed(["scipy", "--select", "softmax"]).select == "softmax"


def test_an_outcome_is_that_of_the_error_or_of_what_caused_it():
    differences, missing = (("is 0", "a line"),), (("has none", "a feature"),)

    def of(error):
        return tuple(outcome("test_name", error, differences, missing).values())

    assert of(None) == ("passed", "")
    assert of(AssertionError("it is 0")) == ("on purpose", "a line")
    assert of(AssertionError("it has none")) == ("missing", "a feature")
    assert of(AssertionError("it is 1")) == ("failed", "AssertionError: it is 1")
    caused = ValueError("it is 0")
    caused.__cause__ = MissingError("weights")
    assert of(caused) == ("missing", "weights")
    table = peer_tests.table({"a": [{"outcome": "passed"}, {"outcome": "failed"}]})
    assert table.splitlines()[-1] == "| a | 2 | 1 | 0 | 0 | 1 |"


def test_the_adapters_call_dnn():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    np.testing.assert_allclose(scipy_special.NAMES["softmax"](x, axis=(0, 2)).sum(axis=(0, 2)), 1, rtol=1e-15)
    np.testing.assert_array_equal(scipy_special.NAMES["log_softmax"](x, axis=-1), dnn.log_softmax(x))
    score = scikit_learn.adapted("accuracy_score")
    assert score([0, 1], [1, 1]) == 0.5
    with pytest.raises(ValueError, match=r"Found input variables with inconsistent numbers of samples: \[2, 2, 1\]"):
        score([0, 1], [1, 1], sample_weight=[1])
