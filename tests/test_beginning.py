"""Where a descent begins: in which coordinates, and at which parameters."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skml_lecture.data import Data
from skml_lecture.descent.beginning import begin
from skml_lecture.descent.coordinates import Scaled, Whitened
from skml_lecture.descent.curvature import Curvature
from skml_lecture.descent.losses import resolve_loss
from skml_lecture.descent.network import Network
from skml_lecture.descent.objective import Objective
from skml_lecture.descent.optimizers import OPTIMIZERS, Nesterov
from skml_lecture.descent.recipe import Recipe


def objective_of(n, d, seed=0):
    """Return the loss of two classes that one direction tells apart."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    y = (2 * X[:, :1] + rng.logistic(size=(n, 1)) > 0).astype(float)
    return Objective(Data(X, y), Network([d, 1]), resolve_loss("cross_entropy", "logistic"))


def beginning(objective, recipe, theta=None):
    return begin(objective, recipe, Curvature(objective), np.random.RandomState(0), theta)


@pytest.mark.parametrize(
    ("n", "d", "coordinates"),
    [
        (2000, 199, Whitened),  # 200 parameters, whatever that costs
        (2000, 200, Scaled),
        (30, 220, Whitened),  # not more than six epochs
        (30, 300, Scaled),
    ],
)
def test_few_parameters_are_whitened_and_more_where_six_epochs_pay_for_it(n, d, coordinates):
    objective = objective_of(n, d)

    state = beginning(objective, Recipe(Nesterov(), preconditioner="auto"))

    pays = Curvature(objective).price(1) <= 6
    assert type(state.coordinates) is coordinates
    assert (coordinates is Whitened) == (pays or objective.network.n_parameters <= 200)


@pytest.mark.parametrize("optimizer", [make() for make in OPTIMIZERS.values()], ids=str)
def test_optimizers_with_a_rate_of_their_own_begin_in_the_units_of_the_features(optimizer):
    state = beginning(objective_of(50, 3), Recipe(optimizer, preconditioner="auto"))

    assert type(state.coordinates) is (Whitened if optimizer.auto_rate is None else Scaled)


def test_many_rows_begin_near_the_optimum_of_a_sample_unless_it_is_said_where(rng):
    objective, recipe = objective_of(14_500, 300), Recipe(Nesterov(), preconditioner="whiten")
    theta = rng.normal(size=301)

    near, there = beginning(objective, recipe), beginning(objective, recipe, theta)

    truth = np.r_[2.0, np.zeros(300)]  # of the labels
    at_zero, at_best = objective.value(np.zeros(301)), objective.value(truth)
    assert objective.value(near.theta) < (at_zero + at_best) / 2
    assert_allclose(there.theta, theta, rtol=1e-9)
