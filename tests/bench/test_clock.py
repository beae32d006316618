"""The clock: who is timed after whom."""

from dnn.bench.clock import interleaved


def test_every_other_repetition_goes_backwards_and_figures_keep_their_order():
    called = []

    def run(name):
        return lambda: called.append(name) or f"{name}{called.count(name)}"

    figures = interleaved({name: run(name) for name in "abc"}, 4)
    assert "".join(called) == "abccbaabccba"
    assert figures == {name: [f"{name}{n}" for n in range(1, 5)] for name in "abc"}
