"""When a descent stops: rules of the losses and of the gradient's norm."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skml_lecture.descent.stopping import EarlyStopping, GradientNorm, Plateau


def epochs_until(rule, losses, norm=1.0):
    """Return after how many losses a rule stops, None where it does not."""
    for t in range(len(losses)):
        if rule(SimpleNamespace(loss_curve=losses[: t + 1], gradient_norm=norm)):
            return t + 1
    return None


@pytest.mark.parametrize("patience", [1, 2, 5])
@pytest.mark.parametrize("tol", [0.0, 1.0])
def test_a_plateau_is_as_many_epochs_without_a_fall_as_there_is_patience(patience, tol, rng):
    """On a grid, where falls of exactly the tolerance, which do not count, are common."""
    stopped = 0
    for _ in range(200):
        losses = (10.0 - np.arange(12) + rng.integers(0, 6, 12)).tolist()
        smallest = [np.inf, *np.minimum.accumulate(losses)]
        falls = [t for t, loss in enumerate(losses) if loss < smallest[t] - tol]
        waits = [later - now for now, later in zip(falls, [*falls[1:], len(losses)], strict=True)]

        found = epochs_until(Plateau(tol, patience), losses)

        over = [
            now + patience + 1 for now, wait in zip(falls, waits, strict=True) if wait > patience
        ]
        assert found == min(over, default=None)
        stopped += found is not None
    assert stopped > 10 or patience == 5
    assert not Plateau(tol, patience).arrived(None)


def test_the_best_parameters_are_the_first_of_the_smallest_loss(rng):
    for _ in range(50):
        losses = rng.integers(0, 4, 8).astype(float)
        stopping, theta = EarlyStopping(0.0, 8), np.zeros(1)

        for t, loss in enumerate(losses):
            theta[0] = t
            stopping.update(loss, theta)

        assert_array_equal(stopping.best_theta, [losses.argmin()])
        assert stopping.best_loss == losses.min()


def test_early_stopping_stops_with_its_plateau():
    losses = [3.0, 2.0, 2.0, 1.5, 1.5, 1.5, 1.5]

    stopping = EarlyStopping(0.0, 3)
    found = [stopping.update(loss, np.zeros(1)) for loss in losses]

    assert found == [False] * 6 + [True]


def test_other_held_out_rows_begin_the_patience_anew():
    stopping = EarlyStopping(0.0, 2)
    stopping.measure_again(lambda _: 1 / 0)  # nothing to measure yet
    stopping.update(1.0, np.array([7.0]))
    stopping.update(1.0, np.array([8.0]))

    stopping.measure_again(lambda theta: theta[0])  # of the best parameters

    assert stopping.best_loss == 7.0
    assert not stopping.update(8.0, np.zeros(1))
    assert stopping.update(8.0, np.zeros(1))
    assert_array_equal(stopping.best_theta, [7.0])
    assert stopping.best_loss == 7.0


def test_the_same_held_out_rows_leave_the_patience_as_it_is():
    stopping = EarlyStopping(0.0, 2)
    stopping.update(1.0, np.zeros(1))
    stopping.update(1.0, np.zeros(1))

    stopping.measure_again(lambda _: 1.0)

    assert stopping.update(1.0, np.zeros(1))


@pytest.mark.parametrize("dtype", [None, np.float32, np.float64])
def test_a_gradient_of_the_tolerance_has_arrived(dtype):
    rule = GradientNorm(0.5, dtype)

    for norm, arrived in ((0.5, True), (0.25, True), (np.nextafter(0.5, 1), False)):
        assert rule.arrived(SimpleNamespace(gradient_norm=norm)) == arrived
        assert (epochs_until(GradientNorm(0.5, dtype), [1.0], norm) == 1) == arrived


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", [1.0, -1.0, 1e-200, 1e200])
def test_a_loss_level_but_for_rounding_has_arrived(dtype, loss, rng):
    eps = float(np.finfo(dtype).eps)
    level = (loss * (1 + eps * rng.uniform(-1, 1, 60))).tolist()

    assert epochs_until(GradientNorm(0.0, dtype), [loss] * 60) == 21
    assert epochs_until(GradientNorm(0.0, dtype), [2 * abs(loss) + loss, *level]) == 22
    assert epochs_until(GradientNorm(0.0), level) is None
    sign = np.sign(loss)
    falls = [loss * (1 - sign * 30 * eps * t) for t in range(60)]
    assert epochs_until(GradientNorm(0.0, dtype), falls) is None
    jumps = [loss * (1 + sign * 0.1) if t % 15 == 14 else loss for t in range(60)]
    assert epochs_until(GradientNorm(0.0, dtype), jumps) is None


@pytest.mark.parametrize("far", [0.0, 10.0, 1e3])
def test_a_loss_is_level_to_the_digits_that_features_far_from_zero_leave(far, rng):
    noise = float(np.finfo(np.float32).eps) * (1 + far)
    level = (1 + noise * rng.uniform(-1, 1, 60)).tolist()
    falls = [1 - 30 * noise * t for t in range(60)]

    assert epochs_until(GradientNorm(0.0, np.float32, far), [2.0, *level]) == 22
    assert epochs_until(GradientNorm(0.0, np.float32, far), falls) is None
    if far > 100:  # of which the rule knows only if it is told
        assert epochs_until(GradientNorm(0.0, np.float32), [2.0, *level][:30]) is None


def test_features_are_near_zero_where_nothing_else_is_said(rng):
    eps, stops = float(np.finfo(float).eps), set()
    for _ in range(50):
        losses = (1 + 6 * eps * rng.uniform(-1, 1, 60)).tolist()

        found = epochs_until(GradientNorm(0.0, np.float64), losses)

        assert found == epochs_until(GradientNorm(0.0, np.float64, 0.0), losses)
        stops.add(found)
    assert len(stops) > 1


def test_a_loss_of_zero_is_level():
    assert epochs_until(GradientNorm(0.0, np.float64), [0.0] * 30) == 21


def test_the_epochs_left_are_those_of_a_geometric_descent(rng):
    for _ in range(50):
        share, least, n = rng.uniform(0.1, 0.95), rng.uniform(0, 10), int(rng.integers(2, 30))
        gaps = share ** np.arange(60)  # of the loss, after every epoch
        state = SimpleNamespace(
            loss_curve=(least + gaps[:n]).tolist(),
            gradient_norm=float(np.sqrt(2 * gaps[n - 1])),
            epochs_in_coordinates=n,
        )
        for left in (1, 5, 20):
            tol = float(np.sqrt(2 * gaps[n - 1 + left]))

            assert_allclose(GradientNorm(tol).epochs_left(state), left, rtol=1e-6)


@pytest.mark.parametrize(
    ("losses", "norm", "tol"),
    [
        ([1.0, 1.0], 1.0, 1e-3),  # does not fall
        ([1.0, 2.0], 1.0, 1e-3),
        ([1.0], 1.0, 1e-3),
        ([2.0, 1.0], 1e200, 1e-3),  # squares that overflow
        ([2.0, 1.0], 1e-200, 0.0),  # a tolerance that is never met
        ([2.0, 1.0], 1e-100, 1e-200),
    ],
)
def test_where_no_pace_tells_the_end_is_not_near(losses, norm, tol):
    state = SimpleNamespace(
        loss_curve=losses, gradient_norm=norm, epochs_in_coordinates=len(losses)
    )

    assert GradientNorm(tol).epochs_left(state) == np.inf
    assert Plateau(tol, 3).epochs_left(state) == np.inf
