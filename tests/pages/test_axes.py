"""Where a chart puts its data, its ticks and its legend."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnn.pages.axes import Axes
from dnn.pages.plot_box import path_of
from dnn.pages.ticks import tick_labels, ticks

ENDS = st.floats(-1e290, 1e290, allow_subnormal=False)  # a range beyond 1e300 is clipped before


@given(low=ENDS, share=st.floats(1e-9, 1e9), most=st.integers(2, 9), whole=st.booleans())
@settings(deadline=None, max_examples=200)
def test_ticks_are_within_the_axis_evenly_spaced_and_their_labels_are_their_numbers(low, share, most, whole):
    high = low + (abs(low) or 1) * share
    places = ticks(low, high, most, whole=whole)
    assert len(places) <= most + 1
    assert len(places) >= 1 or whole or most < 4
    slack = 1e-6 * max(high - low, whole)
    assert all(low - slack <= place <= high + slack for place in places)
    assert not whole or all(place == int(place) for place in places)
    np.testing.assert_allclose(np.diff(places, 2), 0, atol=1e-9 * max(map(abs, places), default=1))
    read = [float(label.replace("−", "-")) for label in tick_labels(places)]
    np.testing.assert_allclose(read, places, rtol=1e-8, atol=1e-9 * max(map(abs, places), default=1))


@given(
    values=st.lists(st.one_of(st.floats(-1e308, 1e308), st.just(float("nan"))), min_size=1, max_size=9),
    down=st.booleans(),
)
@settings(deadline=None, max_examples=200)
def test_data_are_drawn_within_the_axes_in_their_order_whatever_they_are(values, down):
    axes = Axes(300, 200, 50, 40)
    axes.plot(range(len(values)), values, "-o", label="all")
    axes.axhline(0, color="red", linestyle=":")
    if down:
        axes.invert_yaxis()
    axes.legend()
    source = "".join(axes.elements())
    assert "nan" not in source
    assert "inf" not in source
    x, y = axes.box.pixels(np.arange(len(values)), np.array(values))
    there = ~np.isnan(y)
    assert ((y[there] >= 14 - 1e-6) & (y[there] <= 160 + 1e-6)).all()
    assert ((x >= 50) & (x <= 289)).all()
    order = np.argsort(np.array(values)[there], kind="stable")
    assert (np.diff(y[there][order]) * (1 if down else -1) >= -1e-6).all()


def test_a_point_stands_where_matplotlib_puts_it():
    from matplotlib.figure import Figure

    ours, size = Axes(460, 320, 80, 55), (4.6, 3.2)
    theirs = Figure(figsize=size, dpi=100).add_axes((80 / 460, 55 / 320, (460 - 91) / 460, (320 - 69) / 320))
    for axes in (ours, theirs):
        axes.plot([1, 2, 5], [0.1, -3, 7], label="x")
        axes.set(xlim=(0, 6))
    "".join(ours.elements())
    places = theirs.transData.transform([(1, 0.1), (2, -3), (5, 7)])
    across, up = ours.box.pixels(np.array([1.0, 2, 5]), np.array([0.1, -3, 7]))
    np.testing.assert_allclose(np.stack([across, 320 - up], axis=1), places, atol=1e-9)


def test_bars_begin_at_the_axis_and_end_at_their_lengths():
    axes = Axes(300, 200, 50, 40)
    axes.barh(range(2), [1.0, 4.0], color="red", alpha=0.5)
    bars = next(part for part in axes.elements() if "red" in part)
    corners = [tuple(map(float, pair.split())) for pair in re.findall(r"[\d.]+ [\d.]+", bars)]
    long, short = corners[5][0] - corners[4][0], corners[1][0] - corners[0][0]
    assert corners[0][0] == corners[4][0] == 50
    assert long == pytest.approx(4 * short, abs=0.3)


def test_a_path_leaves_out_what_adds_nothing_and_keeps_every_turn():
    x, y = np.array([0, 0, 0, 0, 1, 2, np.nan, 3]), np.array([0, 5, 2, 2, 2, 2, 0, 1])
    assert path_of(x, y, "line", 1) == "M0.0 0.0L0.0 5.0L0.0 2.0L2.0 2.0M3.0 1.0"
    assert path_of(x[:2], y[:2], "dots", 1) == "M0.0 0.0h0M0.0 5.0h0"


def test_the_legend_stands_where_nothing_is_drawn():
    for line, corner in (([0, 1], "left"), ([1, 0], "right")):
        axes = Axes(300, 200, 50, 40)
        axes.plot(range(2), line, label="name")
        axes.legend()
        x, y = map(float, re.search(r'<text x="([\d.]+)" y="([\d.]+)">name', "".join(axes.elements())).groups())
        assert (x < 150, y < 60) == (corner == "left", True)
