"""From labels to the targets of the units, and from scores to labels and probabilities."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_expit, log_softmax, softmax

from skml_lecture.classification import Indicators, Labels

numbers_of_classes = pytest.mark.parametrize("k", range(1, 8))


@numbers_of_classes
def test_labels_come_back_from_the_targets_of_their_units(k, rng):
    targets = Labels(np.sort(rng.choice(100, k, replace=False)))
    codes = rng.integers(0, k, 50)

    Y = targets.encode(codes, np.float32)

    assert Y.dtype == np.float32
    assert Y.shape == (50, targets.n_outputs)
    z = Y[:, 0] - 0.5 if targets.output == "logistic" else Y
    assert_array_equal(targets.decode(z), targets.classes[codes])
    if targets.output == "softmax" and k > 1:
        assert_array_equal(Y.sum(axis=1), 1)


@numbers_of_classes
def test_two_classes_share_one_sigmoid_and_others_have_a_unit_each(k):
    targets = Labels(np.arange(k))

    assert (targets.output, targets.n_outputs) == (("logistic", 1) if k == 2 else ("softmax", k))


@numbers_of_classes
def test_a_tie_goes_to_the_first_class(k):
    z = np.zeros(3) if k == 2 else np.zeros((3, k))

    assert_array_equal(Labels(np.arange(k) + 10).decode(z), 10)


@numbers_of_classes
@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_probabilities_are_the_softmax_of_the_scores(k, scale, rng):
    targets, z = Labels(np.arange(k)), scale * rng.normal(size=(20, k))
    scores = z[:, 1] - z[:, 0] if k == 2 else z

    P, log_P = targets.probabilities(scores.copy()), targets.log_probabilities(scores.copy())

    assert_allclose(P, softmax(z, axis=1), rtol=1e-12, atol=1e-300)
    assert_allclose(log_P, log_softmax(z, axis=1), rtol=1e-12, atol=1e-14)


def test_every_one_of_several_labels_has_a_sigmoid_of_its_own(rng):
    targets, codes = Indicators(3), rng.integers(0, 2, (20, 3))

    Y, z = targets.encode(codes, np.float64), rng.normal(size=(20, 3))

    assert targets.n_outputs == Y.shape[1] == len(targets.classes)
    assert_array_equal(targets.decode(Y - 0.5), codes)
    assert_array_equal(targets.decode(np.zeros((1, 3))), 0)
    assert_allclose(targets.probabilities(z), expit(z))
    assert_allclose(targets.log_probabilities(z), log_expit(z))
