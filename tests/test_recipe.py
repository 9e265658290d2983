"""What a recipe says of rows and updates, without a descent."""

from itertools import product

import pytest

from skml_lecture import LogisticRegressionGD
from skml_lecture.descent.optimizers import OPTIMIZERS, Adam, Momentum, Nesterov, Optimizer
from skml_lecture.descent.recipe import Recipe
from skml_lecture.descent.schedules import InverseSqrt


class Own(Optimizer):
    """Of somebody else, which may hide what is not a number."""

    auto_rate = 0.1

    def update(self, theta, gradient, state, rate):  # noqa: ARG002
        theta -= rate * gradient


@pytest.mark.parametrize("dropout", [(), (0.0, 0.0), (0.0, 0.5)])
def test_an_update_takes_all_rows_unless_batches_are_smaller_or_units_are_dropped(dropout):
    for n_rows, batch_size in product([1, 5, 20], [None, 1, 4, 5, 99]):
        recipe = Recipe(Adam(), batch_size=batch_size, dropout=dropout)

        size = recipe.rows_per_update(n_rows)

        if any(dropout) or (batch_size is not None and batch_size < n_rows):
            assert size == min(batch_size or n_rows, n_rows)
        else:
            assert size is None


@pytest.mark.parametrize("learning_rate", [None, 0.1])
@pytest.mark.parametrize("optimizer", [make() for make in OPTIMIZERS.values()], ids=str)
def test_steps_follow_the_curvature_at_automatic_rates_of_all_rows_only(optimizer, learning_rate):
    recipe = {"optimizer": optimizer, "learning_rate": learning_rate}
    automatic = learning_rate is None and optimizer.auto_rate is None

    assert Recipe(**recipe).needs_curvature == automatic
    assert Recipe(**recipe).follows_curvature(20) == automatic
    assert Recipe(**recipe, batch_size=20).follows_curvature(20) == automatic
    for change in ({"batch_size": 4}, {"schedule": InverseSqrt()}, {"dropout": (0.5,)}):
        assert not Recipe(**recipe, **change).follows_curvature(20)


@pytest.mark.parametrize("optimizer", [Own(), *(make() for make in OPTIMIZERS.values())], ids=str)
def test_updates_find_bad_rows_where_nothing_looks_at_rows_before(optimizer):
    blind = {"optimizer": optimizer, "learning_rate": 0.1, "batch_size": 4}

    assert Recipe(**blind).updates_find_bad_rows(20) == (type(optimizer) is not Own)
    for change in (
        {"learning_rate": None} if optimizer.auto_rate is None else {"batch_size": None},
        {"batch_size": None},
        {"batch_size": 20},
        {"preconditioner": "scale"},
        {"early_stopping": True},
    ):
        assert not Recipe(**(blind | change)).updates_find_bad_rows(20)


def test_momentum_starts_anew_after_the_root_of_the_rows_of_an_update():
    for n_rows, batch_size in product([1, 15, 16, 17, 1000], [None, 1, 16, 24]):
        updates = Recipe(Nesterov(), batch_size=batch_size).updates_of_momentum(n_rows)

        rows = min(batch_size or n_rows, n_rows)
        assert updates**2 <= rows < (updates + 1) ** 2
    for recipe in (Recipe(Nesterov(), learning_rate=0.1), Recipe(Adam()), Recipe(Momentum())):
        assert recipe.updates_of_momentum(1000) is None
    assert Recipe(Momentum(0.0)).updates_of_momentum(1000) == 31  # as without momentum


def test_a_recipe_without_more_words_is_that_of_the_estimator():
    recipe, model = Recipe(Nesterov()), LogisticRegressionGD()

    for name in ("loss", "max_iter", "tol", "batch_size", "shuffle", "early_stopping"):
        assert getattr(recipe, name) == getattr(model, name)
    assert recipe.patience == model.n_iter_no_change
