"""Flags are True or False, and numbers are numbers, in every estimator."""

from inspect import signature

import numpy as np
import pytest
from sklearn.base import clone

import skml_lecture
from skml_lecture import RidgeRegression
from skml_lecture.datasets import load_naive_bayes_toy, load_pokemon, load_pokemon_cp

X = np.arange(12.0).reshape(6, 2) % 5
Y = np.array([0, 1, 0, 1, 1, 0])

ESTIMATORS = [getattr(skml_lecture, name) for name in skml_lecture.__all__]


def parameters(kind):
    """Return (class, name) of the parameters whose defaults are of a type."""
    return [
        pytest.param(cls, name, id=f"{cls.__name__}-{name}")
        for cls in ESTIMATORS
        for name, parameter in signature(cls).parameters.items()
        if type(parameter.default) in kind
    ]


def made(cls, name, value):
    """Return an estimator with one parameter set, and what it cannot do without."""
    inner = [skml_lecture.NaiveBayes()] if cls is skml_lecture.SemiSupervisedEM else []
    return cls(*inner, **{name: value})


@pytest.mark.parametrize("value", ["no", "True", 1, 0, None, 1.0, [True], np.array([True, False])])
@pytest.mark.parametrize(("cls", "name"), parameters([bool]))
def test_a_flag_that_is_none_is_refused_and_named(cls, name, value):
    model = made(cls, name, value)

    for method in {"fit", "partial_fit"} & set(dir(model)):
        with pytest.raises(ValueError, match=rf"{name} must be True or False, got"):
            getattr(model, method)(X, Y)
    assert not any(attribute.endswith("_") for attribute in vars(model))


@pytest.mark.parametrize("value", [np.True_, np.False_, True, False])
@pytest.mark.parametrize(("cls", "name"), parameters([bool]))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:The best alpha is the")
def test_flags_of_numpy_are_flags(cls, name, value):
    model = made(cls, name, value)
    if "max_iter" in model.get_params():
        model.set_params(max_iter=5)

    model.fit(X, Y)

    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("value", ["1.0", None, [None], ["1.0"], object()])
@pytest.mark.parametrize(("cls", "name"), parameters([int, float]))
def test_what_looks_like_a_number_is_none(cls, name, value):
    model = made(cls, name, value)

    with pytest.raises((TypeError, ValueError), match=name):
        model.fit(X, Y)


@pytest.mark.parametrize("alphas", [["1.0"], "1.0", [True], [1.0, None], [], [[1.0]], None])
def test_candidates_are_numbers(alphas):
    with pytest.raises((TypeError, ValueError), match="alphas must be"):
        skml_lecture.RidgeRegressionCV(alphas).fit(X, Y)


@pytest.mark.parametrize("alpha", [["1.0", "2.0"], [True, False]])
def test_penalties_of_targets_are_numbers(alpha):
    with pytest.raises(TypeError, match=r"alpha must be a number or an array of numbers, got \["):
        RidgeRegression(alpha).fit(X, np.column_stack([Y, Y]))


def test_a_refused_flag_leaves_a_fitted_model_as_it_was():
    model = RidgeRegression().fit(X, Y)
    before = vars(clone(model).fit(X, Y))["coef_"].copy()

    with pytest.raises(ValueError, match="fit_intercept must be True or False"):
        model.set_params(fit_intercept="no").refit()

    np.testing.assert_array_equal(model.coef_, before)


@pytest.mark.parametrize("load", [load_naive_bayes_toy, load_pokemon, load_pokemon_cp])
@pytest.mark.parametrize("name", ["return_X_y", "as_frame"])
def test_flags_of_data_sets_are_checked(load, name):
    with pytest.raises(ValueError, match=f"{name} must be True or False, got 'yes'"):
        load(**{name: "yes"})
