"""The clock: who is timed after whom."""

from dnn.bench.clock import interleaved


def test_each_run_begins_a_repetition_in_turn_and_keeps_its_figures_in_order():
    called = []

    def run(name):
        return lambda: called.append(name) or f"{name}{called.count(name)}"

    figures = interleaved({name: run(name) for name in "abc"}, 4)
    assert "".join(called) == "abc" "bca" "cab" "abc"
    assert figures == {name: [f"{name}{n}" for n in range(1, 5)] for name in "abc"}
