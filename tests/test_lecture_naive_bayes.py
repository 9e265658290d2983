"""The lecture's numbers on naive Bayes (Hung-yi Lee, lecture 6)."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skml_lecture import NaiveBayes
from skml_lecture.datasets import load_naive_bayes_toy, load_pokemon


@pytest.fixture
def toy():
    return load_naive_bayes_toy(return_X_y=True)


@pytest.mark.parametrize("distributions", ["auto", "bernoulli", "categorical"])
def test_the_toy_posterior_is_three_sevenths(distributions, toy):
    model = NaiveBayes(distributions, smoothing=0).fit(*toy)

    assert_allclose(model.predict_proba([[1, 1]])[0], [3 / 7, 4 / 7], rtol=1e-14)
    assert_array_equal(model.predict([[1, 1]]), [2])


def test_the_toy_joint_is_one_thirteenth_and_four_thirty_ninths(toy):
    model = NaiveBayes(smoothing=0).fit(*toy)

    joint = np.exp(model.predict_joint_log_proba([[1, 1]])[0])

    assert_allclose(joint, [1 / 13, 4 / 39], rtol=1e-14)
    assert_allclose(12 * joint[1] / model.class_prior_[1], 1.33, atol=0.005)  # none was there


@pytest.mark.parametrize("row", [[1, 0], [0, 1], [0, 0]])
def test_the_first_class_is_impossible_elsewhere_in_the_toy(row, toy):
    model = NaiveBayes(smoothing=0).fit(*toy)

    assert_array_equal(model.predict_proba([row])[0], [0, 1])


@pytest.mark.parametrize(
    ("smoothing", "posterior"),
    [(1e-10, 0.4286), (0.01, 0.4233), (0.1, 0.3827), (0.5, 0.2812), (1.0, 0.2250)],
)
def test_smoothing_hides_the_toy_posterior(smoothing, posterior, toy):
    model = NaiveBayes(smoothing=smoothing).fit(*toy)

    assert_allclose(model.predict_proba([[1, 1]])[0, 0], posterior, atol=5e-5)


def test_a_blue_ball_is_from_the_first_box_with_probability_four_fifths():
    balls = [["blue"]] * 4 + [["green"]] + [["blue"]] * 2 + [["green"]] * 3
    boxes = [1] * 5 + [2] * 5

    model = NaiveBayes(priors=[2 / 3, 1 / 3], smoothing=0).fit(balls, boxes)

    assert_allclose(model.predict_proba([["blue"]])[0, 0], 0.8)


def test_the_bernoulli_posterior_is_a_sigmoid_of_linear_scores(toy):
    model = NaiveBayes("bernoulli").fit(*toy)

    z = model.decision_function([[0, 0], [0, 1], [1, 0], [1, 1]])

    assert_allclose(z[3] - z[2], z[1] - z[0], rtol=1e-12)


def test_naive_bayes_is_not_good_on_pokemon():
    pokemon = load_pokemon(types=["water", "normal"])
    train = pokemon.number < 400
    X, y = pokemon.data, pokemon.target

    model = NaiveBayes("gaussian").fit(X[train], y[train])

    assert dict(zip(model.classes_, model.class_count_, strict=True)) == {"normal": 61, "water": 79}
    assert np.sum(model.predict(X[~train]) == y[~train]) == 38  # of 68: 55.9 %
    assert np.sum(~train) == 68
