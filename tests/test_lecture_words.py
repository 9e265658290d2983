"""The words of the lectures, where a parameter has another: the error names ours."""

import numpy as np
import pytest

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
)


@pytest.mark.parametrize(
    ("model", "ours"),
    [
        (GaussianGenerativeClassifier("shared"), "'tied'"),
        (CascadedLogisticMLP(activation="sigmoid"), "'logistic'"),
        (LogisticRegressionGD(optimizer="sgd"), "'gd' with batch_size=1"),
        (LogisticRegressionGD(optimizer="SGD"), "'gd' with batch_size=1"),
        (LogisticRegressionGD(loss="square_error"), "'squared_error'"),
        (NaiveBayes("normal"), "'gaussian'"),
    ],
)
def test_an_error_translates_the_word_of_the_lecture(model, ours, rng):
    X, y = rng.normal(size=(20, 2)), np.arange(20) % 2

    with pytest.raises(ValueError, match=f"The lecture's .* is {ours} here"):
        model.fit(X, y)


def test_an_unknown_word_is_translated_to_nothing(rng):
    with pytest.raises(ValueError, match=r"got 'shard'\.$"):
        GaussianGenerativeClassifier("shard").fit(rng.normal(size=(20, 2)), np.arange(20) % 2)
