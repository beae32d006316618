"""What is drawn ahead is what would be drawn, by another thread, one epoch ahead and no more."""

import threading

from dnn.train.drawn_ahead import MOST, DrawnAhead


def noted(numbers):
    drawn = []

    def draw(epoch):
        drawn.append((epoch, threading.current_thread() is threading.main_thread()))
        return 10 * epoch

    return DrawnAhead(draw, numbers), drawn


def test_each_epoch_is_drawn_once_and_all_but_the_first_by_another_thread():
    ahead, drawn = noted(numbers=MOST)
    assert [ahead(epoch) for epoch in (1, 2, 3)] == [10, 20, 30]
    assert ahead(4) == 40
    assert sorted(drawn)[:4] == [(1, True), (2, False), (3, False), (4, False)]
    assert len(drawn) <= 5


def test_an_epoch_that_was_not_drawn_ahead_is_drawn_then():
    ahead, _ = noted(numbers=MOST)
    assert [ahead(epoch) for epoch in (1, 7, 3, 3)] == [10, 70, 30, 30]


def test_of_many_numbers_nothing_is_drawn_ahead():
    ahead, drawn = noted(numbers=MOST + 1)
    assert [ahead(epoch) for epoch in (1, 2)] == [10, 20]
    assert drawn == [(1, True), (2, True)]


def test_where_no_thread_can_be_started_each_epoch_is_drawn_when_it_is_asked_for():
    ahead, drawn = noted(numbers=MOST)
    assert ahead(1) == 10
    ahead._pool.shutdown()  # as Python does when the main thread ends
    assert [ahead(epoch) for epoch in (2, 3)] == [20, 30]
    assert sorted(drawn) == [(1, True), (2, False), (3, True)]
