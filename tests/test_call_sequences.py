"""Any sequence of calls gives the model of one fit on the rows that are left, as weighted."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
)

LABELS = np.array(["a", "b", "c"])
CALLS = st.sampled_from(["learn", "learn", "learn", "merge", "forget", "discount", "refit", "fail"])


def draw(rng, n):
    """Return rows of all kinds of columns, with gaps, and their labels and weights."""
    y = LABELS[rng.integers(0, 3, n)]
    frame = pd.DataFrame(
        {
            "real": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n) + (y == "b")),
            "word": np.where(rng.random(n) < 0.2, None, rng.choice([*"xyz", "long"], n)),
            "mixed": rng.choice(np.array([1, 2, "one", None], dtype=object), n),
            "flag": rng.integers(0, 2, n),
            "count": rng.poisson(2, n),
        }
    )
    return frame, y, rng.integers(1, 4, n) * 0.5


MODELS = [
    (NaiveBayes({"auto": [0, 1, 2, 3], "poisson": ["count"]}), None),
    (NaiveBayes({"histogram": ["real", "count"], "categorical": ["word", "mixed", "flag"]}), None),
    (NaiveBayes({"multinomial": ["count"], "auto": [0, 1, 2, 3]}, smoothing=0.5), None),
    (GaussianGenerativeClassifier("full", reg_covar=0.5), ["flag", "count"]),
    (GaussianGenerativeClassifier("tied", shrinkage="oas", reg_covar=0.5), ["flag", "count"]),
    (GaussianGenerativeClassifier("diag", reg_covar=0.5), ["flag", "count"]),
]


class Rows:
    """The rows that a model should know, with their weights."""

    def __init__(self):
        self.parts = []

    def fitted(self, model):
        X, y, weight = zip(*self.parts, strict=True)
        return clone(model).fit(pd.concat(X), np.concatenate(y), np.concatenate(weight))

    def discount(self, factor):
        self.parts = [(X, y, factor * weight) for X, y, weight in self.parts]


def fail(model, X, y):
    """Make a call that must change nothing."""
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=r"below zero|More weight|taken away"):
        model.forget(X, y, np.full(len(y), 1e6))
    assert pickle.dumps(model) == before


@pytest.mark.parametrize(("estimator", "columns"), MODELS, ids=lambda it: str(it)[:40])
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), calls=st.lists(CALLS, max_size=8))
def test_any_sequence_of_calls_is_one_fit(estimator, columns, seed, calls):
    rng = np.random.default_rng(seed)

    def rows(n):
        X, y, weight = draw(rng, n)
        return (X if columns is None else X[columns]), y, weight

    first, known = rows(60), Rows()
    model = clone(estimator).partial_fit(first[0], first[1], sample_weight=first[2])
    known.parts.append(first)
    for call in calls:
        part = rows(int(rng.integers(1, 30)))
        if call == "learn":
            model.partial_fit(part[0], part[1], sample_weight=part[2])
            known.parts.append(part)
        elif call == "merge":
            model = clone(estimator).fit(*part).merge(pickle.loads(pickle.dumps(model)))
            known.parts.append(part)
        elif call == "forget" and len(known.parts) > 1:
            model.forget(*known.parts.pop())
        elif call == "discount":
            model.discount(0.5)
            known.discount(0.5)
        elif call == "refit":
            model.set_params(priors=None).refit()
        elif call == "fail":
            fail(model, *part[:2])

    fit, X = known.fitted(estimator), rows(50)[0]
    assert_array_equal(model.classes_, fit.classes_)
    assert_allclose(model.class_count_, fit.class_count_, rtol=1e-12)
    assert_allclose(model.predict_proba(X), fit.predict_proba(X), rtol=0, atol=1e-9)


DESCENTS = [
    LogisticRegressionGD(max_iter=6, warm_start=True),
    LogisticRegressionGD(preconditioner=None, optimizer="adagrad", max_iter=6, warm_start=True),
    LogisticRegressionGD(batch_size=8, optimizer="adam", max_iter=3, random_state=0),
    LogisticRegressionGD(batch_size=8, learning_rate=0.1, schedule="inv_sqrt", max_iter=3),
    CascadedLogisticMLP((4,), max_iter=4, warm_start=True, random_state=0),
    CascadedLogisticMLP((4,), dropout=0.2, optimizer="rmsprop", max_iter=3, random_state=0),
]
STEPS = st.sampled_from(["fit", "learn", "learn", "set", "fail", "fail", "pickle", "read"])
FAILURES = {  # calls that must change nothing
    "fit": lambda model, X, y: model.fit(np.where(X > 0, np.nan, X), y),
    "learn": lambda model, X, y: model.partial_fit(X, np.full(len(y), "z")),
    "width": lambda model, X, y: model.partial_fit(X[:, :1], y),
    "weight": lambda model, X, y: model.partial_fit(X, y, sample_weight=-np.ones(len(y))),
    "predict": lambda model, X, y: model.predict(X[:, :2]),  # noqa: ARG005
    "parameter": lambda model, X, y: clone(model).set_params(max_iter=-1).fit(X, y),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("estimator", DESCENTS, ids=lambda it: str(it)[:60])
@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    calls=st.lists(st.tuples(STEPS, st.sampled_from([*FAILURES])), max_size=8),
)
def test_failures_pickles_and_predictions_leave_no_trace_in_a_descent(estimator, seed, calls):
    rng = np.random.default_rng(seed)

    def rows(n):
        X = rng.normal(size=(n, 3))
        return X, LABELS[np.r_[0:3, rng.integers(0, 3, n - 3)]]

    X, y = rows(40)
    plain, tried = (clone(estimator).set_params(random_state=0).fit(X, y) for _ in range(2))
    for call, failure in calls:
        part = rows(int(rng.integers(3, 30)))
        if call == "fail":
            with pytest.raises(ValueError, match=r"NaN|classes|features|weight|max_iter"):
                FAILURES[failure](tried, *part)
        elif call == "pickle":
            tried = pickle.loads(pickle.dumps(tried))
        elif call == "read":
            assert tried.predict_proba(part[0]).shape == (len(part[1]), 3)
        elif call == "set":
            tol = float(10.0 ** rng.integers(-6, -2))
            plain, tried = (model.set_params(tol=tol) for model in (plain, tried))
        else:
            for model in (plain, tried):
                model.fit(X, y) if call == "fit" else model.partial_fit(*part)

    X = rows(20)[0]
    assert_array_equal(tried.decision_function(X), plain.decision_function(X))
    assert_array_equal(tried.loss_curve_, plain.loss_curve_)
    assert tried.n_iter_ == plain.n_iter_
