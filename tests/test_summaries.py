"""Summaries of rows: values that add, of the features whose names they have."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skml_lecture import (
    GaussianGenerativeClassifier,
    NaiveBayes,
    RidgeRegression,
    RidgeRegressionCV,
)

MODELS = [
    RidgeRegression(),
    RidgeRegression(solver="svd"),
    RidgeRegressionCV([1.0], cv=3),
    GaussianGenerativeClassifier(),
    NaiveBayes(),
]
NAMES = ["size", "age"]


def part(model, rng, names=None, n=9, n_columns=2):
    X, y = rng.normal(size=(n, n_columns)), np.arange(n) % 3
    return model.summarize(X if names is None else pd.DataFrame(X, columns=names), y)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("names", [(NAMES, NAMES), (NAMES, None), (None, NAMES), (None, None)])
def test_sum_and_difference_have_the_names_that_any_part_has(model, names, rng):
    first, second = (part(model, rng, some) for some in names)

    both = first + second
    rest = both - second

    for whole, weight in ((both, 18), (rest, 9), (2.5 * both, 45), (both * 2.5, 45)):
        assert whole.weight == pytest.approx(weight)
        if any(names):
            assert_array_equal(whole.feature_names, NAMES)
        else:
            assert whole.feature_names is None


@pytest.mark.parametrize("model", MODELS)
def test_parts_of_other_features_do_not_add(model, rng):
    first = part(model, rng, NAMES)

    for other, message in (
        (part(model, rng, NAMES[::-1]), "same feature names in the same order"),
        (part(model, rng, n_columns=3), "got 2 here and 3"),
    ):
        for work in (lambda: first + other, lambda: first - other):  # noqa: B023
            with pytest.raises(ValueError, match=message):
                work()


def test_targets_of_another_shape_do_not_add(rng):
    X, Y = rng.normal(size=(9, 2)), rng.normal(size=(9, 3))
    shapes = {"(n,)": Y[:, 0], "(n, 1)": Y[:, :1], "(n, 3)": Y}
    parts = {shape: RidgeRegression().summarize(X, y) for shape, y in shapes.items()}

    for ours, theirs in (("(n,)", "(n, 1)"), ("(n, 1)", "(n,)"), ("(n, 1)", "(n, 3)")):
        message = f"got y of shape {ours} here and y of shape {theirs}"
        with pytest.raises(ValueError, match=re.escape(message)):
            parts[ours] + parts[theirs]


@pytest.mark.parametrize("model", MODELS)
def test_a_sum_begins_with_zero_and_nothing_else(model, rng):
    parts = [part(model, rng) for _ in range(3)]

    assert sum(parts).weight == 27
    assert (0 + parts[0]) is parts[0]
    for other in (1, 0.0, "0", None):
        for work in (
            lambda: other + parts[0],  # noqa: B023
            lambda: parts[0] + other,  # noqa: B023
            lambda: parts[0] - other,  # noqa: B023
        ):
            with pytest.raises(TypeError):
                work()
    with pytest.raises(TypeError):
        parts[0] * "2"


@pytest.mark.parametrize("model", MODELS)
def test_the_model_of_a_sum_is_that_of_the_rows(model, rng):
    X, y = rng.normal(size=(30, 2)), np.arange(30) % 3

    model.fit_statistics(sum(model.summarize(X[i], y[i]) for i in np.split(np.arange(30), 3)))

    found = model.predict(X)
    assert_allclose(found, model.fit(X, y).predict(X))
