"""Laws of the contract over generated data, and over any sequence of calls.

``SKML_SOAK=1`` looks ten times longer.
"""

import os
import pickle
from tempfile import TemporaryFile

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
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
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import is_regressor

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
    RidgeRegressionCV,
    SemiSupervisedEM,
)

LONGER = 10 if os.environ.get("SKML_SOAK") else 1
SETTINGS = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "derandomize": LONGER == 1,  # the same draws in every run, others when looking longer
}
pytestmark = [pytest.mark.brief, pytest.mark.filterwarnings("ignore:A covariance is singular")]

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
    if isinstance(model, SemiSupervisedEM):
        return np.where(np.arange(len(y)) % 4 < 3, y, -1)
    if not is_regressor(model):
        return y
    first = X @ np.array([1.0, -2.0, 0.5]) + np.cos(7.0 * y + X.sum(axis=1))
    return np.column_stack([first, -first + y]) if np.ndim(getattr(model, "alpha", 0)) else first


def answers(model, X):
    """Return what a model says of rows, to compare."""
    names = ("predict_joint_log_proba", "decision_function", "predict")
    return getattr(model, next(name for name in names if hasattr(model, name)))(X)


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


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def memory_map(X, mode="r"):
    with TemporaryFile() as file:
        np.memmap(file, X.dtype, "w+", shape=X.shape)[:] = X
        return np.memmap(file, X.dtype, mode, shape=X.shape)


def frame(dtype):
    return lambda X: pd.DataFrame(X, columns=["a", "b", "c"]).astype(dtype)


def mixed(X):
    a, b, c = X.T
    return pd.DataFrame({"a": pd.array(a, "Int64"), "b": b, "c": pd.array(c, "double[pyarrow]")})


def polars(dtype):
    return lambda X: pl.DataFrame(X, schema=["a", "b", "c"]).cast(dtype)


CONTAINERS = {
    "list": lambda X: X.tolist(),
    "objects": lambda X: X.astype(object),
    "fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "reversed": lambda X: X[::-1].copy()[::-1],
    "big-endian": lambda X: X.astype(">f8"),
    "unaligned": lambda X: np.frombuffer(b"." + X.tobytes(), X.dtype, offset=1).reshape(X.shape),
    "read only": read_only,
    "memory map": memory_map,
    "copy on write": lambda X: memory_map(X, "c"),
    "strided memory map": lambda X: memory_map(np.repeat(X, 2, axis=0))[::2],
    "memory map of int16": lambda X: memory_map(X.astype(np.int16)),
    "float32": lambda X: X.astype(np.float32),
    "memory map of float32": lambda X: memory_map(X.astype(np.float32)),
    "int8": lambda X: X.astype(np.int8),
    "uint64": lambda X: X.astype(np.uint64),
    "frame": frame(float),
    "frame of objects": frame(object),
    "nullable": frame("Int64"),
    "nullable UInt8": frame("UInt8"),
    "nullable Float64": frame("Float64"),
    "arrow": frame("double[pyarrow]"),
    "arrow int64": frame("int64[pyarrow]"),
    "arrow int8": frame("int8[pyarrow]"),
    "mixed frame": mixed,
    "sparse frame": lambda X: pd.DataFrame.sparse.from_spmatrix(sparse.csr_matrix(X)),
    "polars": polars(pl.Float64),
    "polars int8": polars(pl.Int8),
    "polars float32": polars(pl.Float32),
    "arrow table": lambda X: pa.table(dict(zip("abc", X.T, strict=True))),
    **{
        f"{form} {kind}": getattr(sparse, f"{form}_{kind}")
        for form in ("csr", "csc", "coo", "bsr", "dia", "lil", "dok")
        for kind in ("array", "matrix")
    },
}
SINGLE = ("ridge", "ridge svd", "tied", "diag", "auto", "gaussian", "categorical", "multinomial")
MODELS = {name: CLOSED_FORM[name] for name in SINGLE} | {
    "lsqr": RidgeRegression(0.5, solver="lsqr"),
    "left out": RidgeRegressionCV([0.5, 5.0]),
    "folds": RidgeRegressionCV([0.5, 5.0], cv=3, scoring="neg_mean_absolute_error"),
    "ledoit-wolf": GaussianGenerativeClassifier(shrinkage="auto"),
    "histogram": NaiveBayes("histogram"),
    "semi-supervised": SemiSupervisedEM(NaiveBayes("poisson")),
    "logistic": LogisticRegressionGD(max_iter=20),
    "stochastic": LogisticRegressionGD(optimizer="adam", batch_size=8, max_iter=3, random_state=0),
    "network": CascadedLogisticMLP((4,), max_iter=3, random_state=0),
}
SPARSE = [
    getattr(sparse, f"{form}_{kind}")
    for form in ("csr", "csc", "coo")
    for kind in ("array", "matrix")
]
NO_SPARSE = {"categorical", "histogram", "ledoit-wolf"}
DESCENTS = {"logistic", "stochastic", "network"}


def is_sparse(X):
    return sparse.issparse(X) or (isinstance(X, pd.DataFrame) and hasattr(X, "sparse"))


def stored(X):
    """Return copies of the arrays that a container holds."""
    if not sparse.issparse(X):
        return [np.array(X)]
    if X.format in ("lil", "dok"):
        X = X.tocoo()
    names = {"coo": ("row", "col"), "dia": ("offsets",)}.get(X.format, ("indices", "indptr"))
    return [getattr(X, name).copy() for name in ("data", *names)]


def assert_container_does_not_matter(name, given, X, y, rtol=1e-7):
    """All that learns and all that answers is told the same by a container and leaves it alone.

    A descent that has not arrived is on the way that sparse rows take, or dense ones.
    """
    model, before = MODELS[name], stored(given)
    y = targets(model, X, y)
    plain = sparse.csr_array(X) if name in DESCENTS and is_sparse(given) else X
    learns = [lambda model, X: model.fit(X, y, sample_weight=1.0 + np.arange(len(y)) % 2)]
    if hasattr(model, "partial_fit") and name not in ("lsqr", "ledoit-wolf"):
        learns.append(lambda model, X: model.partial_fit(X, y).partial_fit(X, y))
    if hasattr(model, "forget") and len(learns) > 1:
        learns.append(lambda model, X: learns[1](model, X).forget(X, y))

    for learn in learns:
        expected = learn(pickle.loads(pickle.dumps(model)), plain)
        fitted = learn(pickle.loads(pickle.dumps(model)), given)
        ours, theirs = answers(fitted, given), answers(expected, plain)
        assert_allclose(ours, theirs, rtol=rtol, atol=rtol * (1 + np.abs(theirs).max()))

    for now, then in zip(stored(given), before, strict=True):
        assert_array_equal(now, then)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("name", MODELS)
def test_containers_do_not_matter(name, container):
    X, y = rows(40, np.random.default_rng(1))
    given = CONTAINERS[container](X)
    if is_sparse(given) and name in NO_SPARSE:
        return

    rtol = 2e-4 if "float32" in container else 1e-7
    assert_container_does_not_matter(name, given, X, y, rtol)


def entries(X, rng, *, zeros, twice, sort):
    """Return rows, columns and values of the entries of a sparse array that is X."""
    i, j = np.indices(X.shape).reshape(2, -1) if zeros else np.nonzero(X)
    value = X[i, j]
    if twice:
        part = rng.integers(-2, 3, len(i)).astype(X.dtype)
        i, j, value = np.tile(i, 2), np.tile(j, 2), np.concatenate([part, value - part])
    order = np.lexsort([j, i]) if sort else rng.permutation(len(i))
    return i[order], j[order], value[order]


@pytest.mark.parametrize("name", sorted(MODELS.keys() - NO_SPARSE))
@settings(max_examples=15 * LONGER, **SETTINGS)
@given(data=st.data())
def test_however_sparse_rows_are_stored(name, data):
    """Any type of indices, in any order, places named twice, zeros stored, held by another."""
    flag = lambda: data.draw(st.booleans())  # noqa: E731
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    X, y = rows(data.draw(st.integers(12, 40)), rng)
    make = data.draw(st.sampled_from(SPARSE))
    dtype = data.draw(st.sampled_from([np.float64, np.int32, np.int8]))
    i, j, value = entries(X.astype(dtype), rng, zeros=flag(), twice=flag(), sort=flag())
    index = data.draw(st.sampled_from([np.int32, np.int64]))
    hold = data.draw(st.sampled_from([np.copy, read_only, memory_map]))

    given = make(X.shape, dtype=dtype)
    given.data = hold(value)
    if given.format == "coo":
        given.row, given.col = hold(i.astype(index)), hold(j.astype(index))
    else:
        major, minor = (i, j) if given.format == "csr" else (j, i)
        order = np.argsort(major, kind="stable")
        given.data, given.indices = hold(value[order]), hold(minor[order].astype(index))
        ends = np.searchsorted(major[order], np.arange(len(given.indptr)))
        given.indptr = hold(ends.astype(index))
    assert_array_equal(given.toarray(), X)

    assert_container_does_not_matter(name, given, X, y)


MISSING = {
    "nullable": frame("Int64"),
    "nullable Float64": frame("Float64"),
    "arrow": frame("double[pyarrow]"),
    "objects": lambda X: frame(object)(X).where(~np.isnan(X), None),
    "polars": lambda X: polars(pl.Float64)(X).fill_nan(None),
    "arrow table": lambda X: pa.Table.from_pandas(frame("Int64")(X)),
}


@pytest.mark.parametrize("container", MISSING)
@pytest.mark.parametrize("name", ["auto", "gaussian", "categorical", "histogram"])
def test_every_container_has_its_own_missing_value(name, container):
    X, y = rows(60, np.random.default_rng(2))
    X[np.random.default_rng(3).random(X.shape) < 0.2] = np.nan
    given = MISSING[container](X)

    expected, model = (pickle.loads(pickle.dumps(MODELS[name])) for _ in range(2))

    expected.fit(X, y)
    model.fit(given, y)

    assert_allclose(answers(model, given), answers(expected, X), rtol=1e-9)


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
