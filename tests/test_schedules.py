"""Schedules: factors of the learning rate."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone

from skml_lecture.descent.schedules import (
    SCHEDULES,
    Settling,
    resolve_schedule,
    scheduled_rate,
)

members = pytest.mark.parametrize("name", SCHEDULES)


@members
def test_starts_at_one_and_never_grows(name):
    factors = [resolve_schedule(name)(t) for t in range(100)]

    assert factors[0] == 1
    assert (np.diff(factors) <= 0).all()


@members
def test_clones_and_pickles(name):
    schedule = resolve_schedule(name)

    for copied in (clone(schedule), pickle.loads(pickle.dumps(schedule))):
        assert copied(7) == schedule(7)


def test_inverse_root_is_the_lectures_decay():
    schedule = resolve_schedule("inv_sqrt")

    assert_allclose([schedule(t) for t in (0, 3, 99)], [1, 1 / 2, 1 / 10])


@pytest.mark.parametrize("constant", [1, 8, 20])
@pytest.mark.parametrize("least", [0.0, 0.25])
def test_what_settles_is_level_then_falls_as_the_lectures_decay_to_its_least(constant, least):
    decay, updates = resolve_schedule("inv_sqrt"), range(1000)

    factors = np.array([Settling(constant, least)(t) for t in updates])

    assert (factors[:constant] == 1).all()
    falls = factors[constant:] / [decay(t) for t in updates[constant:]] * decay(constant - 1)
    assert_allclose(falls[factors[constant:] > least], 1)
    assert (factors[-1] == least) == (least > 0)
    assert [Settling()(t) for t in updates] == [Settling(8, 0)(t) for t in updates]


def test_a_function_is_a_schedule():
    assert scheduled_rate(2.0, resolve_schedule(lambda t: 1 / (t + 1)), 3) == 0.5
    assert scheduled_rate(2.0, lambda _: 0, 3) == 0


@pytest.mark.parametrize("factor", [-1.0, np.nan, np.inf, "a", None])
def test_a_factor_that_is_no_rate_is_refused(factor):
    with pytest.raises(ValueError, match=r"finite number >= 0 .* at update 4"):
        scheduled_rate(1.0, lambda _: factor, 4)


def test_unknown_name_lists_the_schedules():
    with pytest.raises(ValueError, match="'constant', 'inv_sqrt'"):
        resolve_schedule("cosine")
