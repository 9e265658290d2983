"""What ``optimizer="auto"`` of a network stands for: laws of its batches and its rates."""

from unittest.mock import Mock

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skml_lecture.descent.automatic import for_rows, for_stream
from skml_lecture.descent.optimizers import Adam, Nesterov
from skml_lecture.descent.schedules import InverseSqrt


def rate_of(n_rows, max_iter, batch_size):
    return for_rows(n_rows, max_iter, batch_size, ())["learning_rate"]


def rates_of_stream(n_rows, batch_size="auto", updates=range(0, 9000, 50)):
    choices = for_stream(n_rows, batch_size)
    return [choices["learning_rate"] * choices["schedule"](t) for t in updates]


@pytest.mark.parametrize("batch_size", ["auto", None])
@pytest.mark.parametrize("n_rows", [1, 2, 31, 32])
def test_a_handful_of_rows_is_taken_at_once_along_the_curvature(n_rows, batch_size):
    choices = for_rows(n_rows, 100, batch_size, (0.0, 0.0))

    assert isinstance(choices["optimizer"], Nesterov)
    assert choices["batch_size"] is None
    assert "learning_rate" not in choices


@pytest.mark.parametrize(
    ("n_rows", "batch_size", "dropout"),
    [(33, "auto", ()), (33, None, ()), (10, 5, ()), (10, "auto", (0.0, 0.5)), (10, None, (0.5,))],
)
def test_more_rows_batches_and_units_that_are_dropped_take_adam(n_rows, batch_size, dropout):
    assert isinstance(for_rows(n_rows, 100, batch_size, dropout)["optimizer"], Adam)


def test_a_batch_is_half_of_the_rows_and_at_most_two_hundred():
    for n_rows in range(33, 1000):
        size = for_rows(n_rows, 1, "auto", ())["batch_size"]

        assert size == 200 if n_rows > 400 else 2 * size in (n_rows, n_rows + 1)
    for n_rows in range(1, 33):  # where units are dropped
        assert for_rows(n_rows, 1, "auto", (0.5,))["batch_size"] is None
    assert for_rows(500, 1, 7, ())["batch_size"] == for_stream(500, 7)["batch_size"] == 7
    assert for_rows(500, 1, None, ())["batch_size"] is for_stream(500, None)["batch_size"] is None
    assert for_stream(500, "auto")["batch_size"] == 200


def test_four_times_as_many_updates_take_half_the_rate():
    first = rate_of(400, 100, 200)

    assert_allclose([rate_of(400, 400, 200), rate_of(400, 100, 50)], first / 2)
    assert_allclose([rate_of(400, 50, 100), rate_of(800, 50, 200), rate_of(390, 200, None)], first)
    assert rate_of(400, 1, 200) == rate_of(400, 20, 200) > first
    assert rate_of(400, 10**5, 200) == rate_of(400, 10**6, 200) < first


@pytest.mark.parametrize(("n_rows", "max_iter"), [(400, 60), (400, 300), (2000, 60), (2000, 400)])
def test_a_rate_that_falls_by_the_root_adds_up_to_what_a_constant_one_does(n_rows, max_iter):
    choices = for_rows(n_rows, max_iter, "auto", (), InverseSqrt())

    updates = np.arange(max_iter * n_rows // 200)
    total = choices["learning_rate"] * sum(map(InverseSqrt(), updates))
    assert_allclose(total, len(updates) * rate_of(n_rows, max_iter, "auto"), rtol=0.1)


def test_a_schedule_of_the_callers_is_not_asked_before_its_time():
    choices = for_rows(400, 5, "auto", (), Mock(side_effect=KeyboardInterrupt))

    assert choices["learning_rate"] == rate_of(400, 5, "auto")


def test_a_stream_of_single_rows_falls_as_a_fit_of_so_many_updates():
    updates = range(100, 4000, 50)

    falls = rates_of_stream(1, updates=updates)

    assert_allclose(falls, [rate_of(100, t + 1, None) for t in updates])
    assert rates_of_stream(1)[0] > rate_of(100, 1, None)
    assert rates_of_stream(1, updates=[10**6])[0] == rate_of(100, 10**6, None)


def test_batches_of_sixteen_times_as_many_rows_take_twice_the_rate_up_to_sixty_four():
    updates = [500]
    first = rates_of_stream(1, updates=updates)

    for n_rows, batch_size in ((16, "auto"), (16, None), (999, 16)):
        assert_allclose(rates_of_stream(n_rows, batch_size, updates), 2 * first[0])
    for n_rows in (65, 128, 10**6):
        assert rates_of_stream(n_rows, "auto", updates) == rates_of_stream(64, None, updates)
