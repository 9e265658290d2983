"""Laws of the contract over generated data, and over any sequence of calls.

``SKML_SOAK=1`` looks ten times longer.
"""

import os
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from numpy.testing import assert_allclose
from scipy import sparse

from skml_lecture import (
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
)

LONGER = 10 if os.environ.get("SKML_SOAK") else 1
SETTINGS = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "derandomize": LONGER == 1,  # the same draws in every run, others when looking longer
}
pytestmark = pytest.mark.filterwarnings(
    "ignore:A covariance is singular", "ignore::sklearn.exceptions.ConvergenceWarning"
)

CLOSED_FORM = {
    "ridge": RidgeRegression(0.5),
    "ridge svd": RidgeRegression(0.5, solver="svd"),
    "least squares": RidgeRegression(0, solver="svd"),
    "two targets": RidgeRegression([0.5, 2.0]),
    "tied": GaussianGenerativeClassifier(),
    "full": GaussianGenerativeClassifier("full", reg_covar=0.1),
    "diag": GaussianGenerativeClassifier("diag", reg_covar=0.1),
    "oas": GaussianGenerativeClassifier(shrinkage="oas"),
    "auto": NaiveBayes(),
    "gaussian": NaiveBayes("gaussian", var_floor=1e-3),
    "categorical": NaiveBayes("categorical"),
    "poisson": NaiveBayes("poisson"),
    "multinomial": NaiveBayes("multinomial"),
}


def rows(n, rng, scale=1.0):
    """Return rows, all classes among the first ones, and what a model learns of them."""
    X = rng.integers(0, 6, (n, 3)) * scale
    return X, np.arange(n) % 3


def targets(model, X, y):
    """Return targets that suit a model: classes, one number, or two."""
    if not isinstance(model, RidgeRegression):
        return y
    first = X @ np.array([1.0, -2.0, 0.5]) + np.cos(7.0 * y + X.sum(axis=1))
    return np.column_stack([first, -first + y]) if np.ndim(model.alpha) else first


def answers(model, X):
    """Return what a model says of rows, to compare."""
    name = "predict_joint_log_proba" if hasattr(model, "predict_joint_log_proba") else "predict"
    return getattr(model, name)(X)


def assert_same_model(model, other, X, rtol=1e-6):
    ours, theirs = answers(model, X), answers(other, X)
    assert_allclose(ours, theirs, rtol=rtol, atol=1e-6 * (1 + np.abs(theirs).max()))


@pytest.mark.parametrize("name", CLOSED_FORM)
@settings(max_examples=12 * LONGER, **SETTINGS)
@given(data=st.data())
def test_parts_are_the_whole(name, data):
    """Chunks, merged models, added statistics and weights are one model of all rows."""
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    n = data.draw(st.integers(12, 60))
    cut = data.draw(st.integers(3, n - 3))
    model = CLOSED_FORM[name]
    X, y = rows(n, rng)
    y = targets(model, X, y)
    weight = rng.integers(1, 4, n).astype(float)
    first, second = slice(0, cut), slice(cut, n)
    make = lambda: pickle.loads(pickle.dumps(model))  # noqa: E731 - a fresh one

    whole = make().fit(X, y, sample_weight=weight)

    chunks = make().partial_fit(X[first], y[first], sample_weight=weight[first])
    chunks.partial_fit(X[second], y[second], sample_weight=weight[second])
    assert_same_model(chunks, whole, X)
    parts = [
        make().summarize(X[part], y[part], sample_weight=weight[part]) for part in (first, second)
    ]
    assert_same_model(make().fit_statistics(parts[0] + parts[1]), whole, X)
    repeated = make().fit(
        np.repeat(X, weight.astype(int), axis=0), np.repeat(y, weight.astype(int), axis=0)
    )
    assert_same_model(repeated, whole, X)
    zeros = np.concatenate([weight, np.zeros(3)])
    more = make().fit(np.vstack([X, X[:3] + 1]), np.concatenate([y, y[:3]]), sample_weight=zeros)
    assert_same_model(more, whole, X)


@pytest.mark.parametrize(
    "name", ["ridge", "ridge svd", "least squares", "tied", "full", "gaussian"]
)
@settings(max_examples=10 * LONGER, **SETTINGS)
@given(power=st.integers(-140, 140), seed=st.integers(0, 2**32 - 1))
def test_units_do_not_matter(name, power, seed):
    """Features in other units, by a power of two, and the model says the same."""
    rng = np.random.default_rng(seed)
    model = pickle.loads(pickle.dumps(CLOSED_FORM[name]))
    if hasattr(model, "reg_covar"):
        model.set_params(reg_covar=0.0)
    if name.startswith("ridge"):
        model.set_params(alpha=0.0)
    X, y = rows(40, rng)
    X = X + rng.normal(size=X.shape)
    unit = 2.0**power
    y = targets(model, X, y)

    ours, scaled = model.fit(X, y).predict(X), model.fit(X * unit, y).predict(X * unit)

    assert_allclose(scaled, ours, rtol=1e-6, atol=1e-6)


CONTAINERS = {
    "list": lambda X: X.tolist(),
    "fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "reversed": lambda X: X[::-1].copy()[::-1],
    "float32": lambda X: X.astype(np.float32),
    "int8": lambda X: X.astype(np.int8),
    "uint64": lambda X: X.astype(np.uint64),
    "frame": pd.DataFrame,
    "nullable": lambda X: pd.DataFrame(X.astype(int)).astype("Int64"),
    "arrow": lambda X: pd.DataFrame(X).astype("double[pyarrow]"),
    "polars": lambda X: pl.DataFrame(X, schema=["a", "b", "c"]),
    "csr": sparse.csr_array,
    "csc": sparse.csc_array,
    "coo": sparse.coo_array,
    "bsr": sparse.bsr_array,
    "csr matrix": sparse.csr_matrix,
}


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


CONTAINERS["read only"] = read_only
MODELS = CLOSED_FORM | {"logistic": LogisticRegressionGD(max_iter=50)}
NO_SPARSE = {"categorical"}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", MODELS)
def test_containers_do_not_matter(name, container):
    X, y = rows(40, np.random.default_rng(1))
    given = CONTAINERS[container](X)
    if sparse.issparse(given) and name in NO_SPARSE:
        return
    model = pickle.loads(pickle.dumps(MODELS[name]))
    y = targets(model, X, y)
    expected = pickle.loads(pickle.dumps(model)).fit(X, y).predict(X)

    assert_allclose(model.fit(given, y).predict(given), expected, rtol=2e-4, atol=2e-4)


class Calls(RuleBasedStateMachine):
    """Any sequence of calls equals one fit on the rows that are left, with their weights."""

    template = RidgeRegression(0.5)

    @initialize(seed=st.integers(0, 2**32 - 1))
    def begin(self, seed):
        self.rng = np.random.default_rng(seed)
        self.model = pickle.loads(pickle.dumps(self.template))
        self.chunks = []  # (X, y, weight)
        self.learn(n=12)

    def chunk(self, n):
        X, y = rows(n, self.rng)
        X = X + self.rng.normal(size=X.shape) / 4 if self.noisy else X
        return X, targets(self.template, X, y), self.rng.integers(1, 4, n).astype(float)

    @property
    def noisy(self):
        return not isinstance(self.template, NaiveBayes)

    @rule(n=st.integers(3, 12))
    def learn(self, n):
        chunk = self.chunk(n)
        self.model.partial_fit(*chunk[:2], sample_weight=chunk[2])
        self.chunks.append(chunk)

    @rule(n=st.integers(6, 12))
    def merge(self, n):
        chunk = self.chunk(n)
        self.model.merge(
            pickle.loads(pickle.dumps(self.template)).fit(*chunk[:2], sample_weight=chunk[2])
        )
        self.chunks.append(chunk)

    @precondition(lambda self: len(self.chunks) > 2)
    @rule(data=st.data())
    def forget(self, data):
        place = data.draw(st.integers(1, len(self.chunks) - 1))
        X, y, weight = self.chunks.pop(place)
        self.model.forget(X, y, sample_weight=weight)

    @precondition(lambda self: self.chunks and self.chunks[0][2].min() > 0.05)
    @rule(factor=st.sampled_from([0.5, 0.75, 1.0]))
    def discount(self, factor):
        self.model.discount(factor)
        self.chunks = [(X, y, weight * factor) for X, y, weight in self.chunks]

    @rule()
    def refit(self):
        self.model.refit()

    @rule()
    def save_and_load(self):
        self.model = pickle.loads(pickle.dumps(self.model))

    @rule()
    def fail(self):
        X, y, _ = self.chunk(4)
        for wrong in (np.where(X > 1, np.inf, X), X[:, :2]):
            with pytest.raises(ValueError, match=r"."):
                self.model.partial_fit(wrong, y)
            with pytest.raises(ValueError, match=r"."):
                self.model.predict(wrong)

    @rule()
    def nothing(self):
        X, y, weight = self.chunk(4)
        self.model.partial_fit(X, y, sample_weight=weight * 0)

    @invariant()
    def equals_one_fit_on_what_is_left(self):
        if not getattr(self, "chunks", None):
            return
        X, y, weight = (np.concatenate(parts) for parts in zip(*self.chunks, strict=True))
        whole = pickle.loads(pickle.dumps(self.template)).fit(X, y, sample_weight=weight)
        assert_same_model(self.model, whole, X, rtol=1e-5)


@pytest.mark.parametrize(
    "name", ["ridge", "ridge svd", "tied", "full", "diag", "gaussian", "categorical", "poisson"]
)
def test_any_sequence_of_calls_is_one_fit_on_what_is_left(name):
    machine = type("CallsOf", (Calls,), {"template": CLOSED_FORM[name]})

    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=6 * LONGER, stateful_step_count=12, **SETTINGS),
    )
