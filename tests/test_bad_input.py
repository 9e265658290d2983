"""What is wrong is refused: by name, quickly, with nothing changed."""

import math
import pickle
import re
import time
from functools import partial

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.fixes import parse_version, sp_version

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
    RidgeRegressionCV,
    SemiSupervisedEM,
)
from skml_lecture.diagnostics import bias_variance_decomposition

pytestmark = pytest.mark.brief

RNG = np.random.default_rng(0)
X = RNG.integers(1, 20, (30, 3)).astype(float)
LABELS = np.arange(30) % 3
TARGETS = X @ [1.0, 2.0, 3.0] + RNG.normal(size=30)

MODELS = {
    "ridge": RidgeRegression(),
    "ridge svd": RidgeRegression(solver="svd"),
    "ridge cv": RidgeRegressionCV(),
    "ridge 3 folds": RidgeRegressionCV(cv=3),
    "tied": GaussianGenerativeClassifier(),
    "full": GaussianGenerativeClassifier("full"),
    "spherical": GaussianGenerativeClassifier("spherical"),
    "gaussian": NaiveBayes("gaussian"),
    "poisson": NaiveBayes("poisson"),
    "logistic": LogisticRegressionGD(max_iter=5),
    "logistic adam": LogisticRegressionGD(max_iter=2, optimizer="adam", batch_size=7),
    "network": CascadedLogisticMLP((3,), max_iter=2, random_state=0),
    "semi-supervised": SemiSupervisedEM(GaussianGenerativeClassifier()),
}


def changed(value, at=(0, 0)):
    """Return X with one value changed."""
    return lambda: np.where(np.arange(90).reshape(30, 3) == at[0] * 3 + at[1], value, X)


BAD_X = {
    "none": lambda: None,
    "number": lambda: 3.0,
    "text": lambda: "rows",
    "object": object,
    "dict": dict,
    "set": lambda: {1, 2},
    "function": lambda: len,
    "generator": lambda: (row for row in X),
    "nothing": list,
    "no columns": lambda: [[]],
    "no rows": lambda: np.empty((0, 3)),
    "30 x 0": lambda: np.empty((30, 0)),
    "one dimension": lambda: X[:, 0],
    "three dimensions": lambda: X[:, :, np.newaxis],
    "ragged": lambda: [[1.0, 2.0, 3.0]] * 29 + [[1.0, 2.0]],
    "inf": changed(np.inf),
    "-inf": changed(-np.inf, (29, 2)),
    "both infinities": lambda: np.where(X > 9, np.inf, -np.inf),
    "inf of float32": lambda: changed(np.inf)().astype(np.float32),
    "inf in a frame": lambda: pd.DataFrame(changed(np.inf)()),
    "complex": lambda: X + 1j,
    "words": lambda: np.full((30, 3), "word"),
    "words in a frame": lambda: pd.DataFrame(np.full((30, 3), "word")),
    "bytes": lambda: np.full((30, 3), b"word"),
    "objects": lambda: np.full((30, 3), object()),
    "dicts": lambda: np.full((30, 3), {}),
    "lists": lambda: np.frompyfunc(lambda x: [x], 1, 1)(X),
    "dates": lambda: X.astype("datetime64[D]"),
    "durations": lambda: X.astype("timedelta64[s]"),
    "record": lambda: np.zeros(30, [("a", float), ("b", int)]),
    "sparse inf": lambda: sparse.csr_array(changed(np.inf)()),
    "sparse complex": lambda: sparse.csr_array(X + 1j),
}
BAD_X |= {
    "nan": changed(np.nan),
    "nan of float32": lambda: changed(np.nan)().astype(np.float32),
    "nan in a frame": lambda: pd.DataFrame(changed(np.nan)()),
    "missing of pandas": lambda: pd.DataFrame(changed(np.nan)()).astype("Int64"),
    "none in it": lambda: np.where(X < 3, None, X),
    "sparse nan": lambda: sparse.csr_array(changed(np.nan)()),
}
OTHER_FEATURES = {
    "one column less": lambda: X[:, :2],
    "one column more": lambda: np.hstack([X, X[:, :1]]),
    "a column less, sparse": lambda: sparse.csr_array(X[:, :2]),
    "a column less, frame": lambda: pd.DataFrame(X[:, :2]),
}
MISSING = {
    "nan",
    "nan of float32",
    "nan in a frame",
    "missing of pandas",
    "none in it",
    "sparse nan",
}

BAD_Y = {
    "none": lambda: None,
    "number": lambda: 1.0,
    "text": lambda: "yes",
    "dict": dict,
    "object": object,
    "too short": lambda: LABELS[:29],
    "too long": lambda: np.arange(31) % 3,
    "empty": list,
    "three dimensions": lambda: LABELS[:, np.newaxis, np.newaxis],
    "nan": lambda: np.where(np.arange(30) == 4, np.nan, LABELS),
    "inf": lambda: np.where(np.arange(30) == 4, np.inf, LABELS),
    "complex": lambda: LABELS + 1j,
    "sparse": lambda: sparse.csr_array(LABELS[:, np.newaxis]),
    "objects": lambda: np.full(30, object()),
    "dicts": lambda: np.full(30, {}),
    "ragged": lambda: [[1], [1, 2]] * 15,
}
BAD_TARGETS = BAD_Y | {"words": lambda: np.full(30, "word"), "bytes": lambda: np.full(30, b"word")}
BAD_LABELS = BAD_Y | {
    "continuous": lambda: TARGETS,
    "two kinds": lambda: np.array([0, "a", None] * 10, dtype=object),
}

BAD_CLASSES = {
    "empty": list,
    "text": lambda: "abc",
    "bytes": lambda: b"abc",
    "number": lambda: 3,
    "flag": lambda: True,
    "set": lambda: {0, 1, 2},
    "dict": lambda: {0: 1, 1: 1, 2: 1},
    "generator": lambda: (label for label in range(3)),
    "type": lambda: int,
    "object": object,
    "sparse": lambda: sparse.csr_array([[0, 1, 2]]),
    "a row": lambda: [[0, 1, 2]],
    "a column": lambda: [[0], [1], [2]],
    "ragged": lambda: [[0], [1, 2]],
    "nan": lambda: [np.nan, 0, 1, 2],
    "inf": lambda: [0, 1, 2, np.inf],
    "none": lambda: [0, 1, 2, None],
    "words and none": lambda: ["a", "b", None],
    "words and numbers": lambda: [0, 1, 2, "a"],
    "complex": lambda: [0, 1, 2, 1j],
    "dates": lambda: np.arange(3).astype("datetime64[D]"),
    "objects": lambda: [object(), object()],
    "others": lambda: [0, 1],
}
BAD_STARTS = {
    "text": "a",
    "words": [["a", "b", "c"]] * 3,
    "empty": [],
    "ragged": [[1, 2], [3]],
    "one value": 1.0,
    "transposed": np.ones((4, 3)),
    "three dimensions": np.ones((3, 3, 1, 2)),
    "nan": np.full((3, 3), np.nan),
    "inf": np.full((3, 3), np.inf),
    "none in it": [[None] * 3] * 3,
    "dict": {},
    "object": object(),
    "sparse": sparse.csr_array(np.eye(3)),
    "complex": np.ones((3, 3)) * 1j,
}

BAD_WEIGHTS = {
    "negative": lambda: np.where(np.arange(30) == 3, -1.0, 1.0),
    "nan": lambda: np.where(np.arange(30) == 3, np.nan, 1.0),
    "inf": lambda: np.where(np.arange(30) == 3, np.inf, 1.0),
    "too short": lambda: np.ones(29),
    "too long": lambda: np.ones(31),
    "two columns": lambda: np.ones((30, 2)),
    "one column": lambda: np.ones((30, 1)),
    "empty": list,
    "text": lambda: "balanced",
    "words": lambda: np.full(30, "heavy"),
    "dict": dict,
    "object": object,
    "complex": lambda: np.ones(30) + 1j,
    "all zero": lambda: np.zeros(30),
    "negative number": lambda: -1.0,
    "nan as a number": lambda: np.nan,
}

WRONG = {
    "text": "other",
    "empty text": "",
    "object": object(),
    "dict": {"a": 1},
    "list": [None],
    "nan": np.nan,
    "-inf": -np.inf,
    "-1": -1,
    "-0.5": -0.5,
    "complex": 1j,
    "array": np.array([[1.0, -2.0]]),
    "type": int,
    "bytes": b"auto",
    "set": {1},
}
RIGHT = {("schedule", "type"), ("scoring", "type")}  # any callable is taken
NAMES = {
    "alphas": "alpha",
    "hidden_layer_sizes": "hidden_layer_sizes",
    "random_state": "[Ss]eed|random_state|RandomState",
    "cv": "cv|cross-validation",
    "scoring": "scor",
    "class_weight": "class_weight|classes",
}


def has(model, method):
    """Whether a model has a method; leave-one-out has no folds to summarize."""
    left_out = isinstance(model, RidgeRegressionCV) and model.cv is None
    return hasattr(type(model), method) and not (left_out and method == "summarize")


def is_classifier(model):
    return has(model, "predict_proba")


def data_of(model):
    """Return rows and what a model learns of them."""
    return X, LABELS if is_classifier(model) else TARGETS


FITTED = {}


def fitted(name):
    """Return a fitted copy of a model."""
    if name not in FITTED:
        model = clone(MODELS[name])
        FITTED[name] = pickle.dumps(model.fit(*data_of(model)))
    return pickle.loads(FITTED[name])


def state(model):
    """Return what a model is, to compare."""
    return pickle.dumps(model)


def refused(model, call, names):
    """Check that a call raises what users can act on, at once, and changes nothing."""
    before, start = state(model), time.process_time()

    with pytest.raises((ValueError, TypeError)) as caught:
        call()

    assert time.process_time() - start < 1
    assert re.search(names, str(caught.value)), f"{caught.value} names none of {names}"
    assert state(model) == before


READS = [
    "predict",
    "predict_proba",
    "predict_log_proba",
    "decision_function",
    "predict_joint_log_proba",
    "score_samples",
    "transform",
]
LEARNS = ["fit", "partial_fit", "summarize", "forget"]
X_NAMES = (
    r"\bX\b|Column \d|[Aa]rray|features?\b|sample|dtype|convert|[Cc]omplex|[Ss]parse|column|"
    r"could not|float\(\)|DTypePromotion|finite|data"
)
Y_NAMES = r"\by\b|[Tt]arget|[Ll]abel|class|sample|[Cc]omplex|array|float\(\)|could not|convert"
WEIGHT_NAMES = r"sample_weight|inconsistent numbers of samples"


def accepts(name, kind):
    """Whether a model takes what others refuse: scikit-learn reads arrays of dates as numbers."""
    return kind in (MISSING if isinstance(MODELS[name], NaiveBayes) else {"dates", "durations"})


def x_cases():
    """Yield every wrong X for every method that takes one."""
    for name, model in MODELS.items():
        for kind in BAD_X:
            if not accepts(name, kind):
                for method in [*LEARNS, *READS, "score"]:
                    if has(model, method):
                        yield name, method, kind
        for kind in OTHER_FEATURES:
            for method in [*LEARNS[1:], *READS, "score"]:
                if has(model, method):
                    yield name, method, kind


@pytest.mark.parametrize(("name", "method", "kind"), list(x_cases()))
def test_wrong_rows(name, method, kind):
    model = fitted(name)
    bad = (BAD_X | OTHER_FEATURES)[kind]()
    y = data_of(model)[1]

    def call():
        if method in [*LEARNS, "score"]:
            return getattr(model, method)(bad, y)
        return getattr(model, method)(bad)

    refused(model, call, X_NAMES)


def y_cases():
    """Yield every wrong y for every method that learns."""
    for name, model in MODELS.items():
        for kind in BAD_LABELS if is_classifier(model) else BAD_TARGETS:
            for method in LEARNS:
                if has(model, method):
                    yield name, method, kind


def weight_cases():
    """Yield every wrong weight for every method that learns."""
    for name, model in MODELS.items():
        for kind in BAD_WEIGHTS:
            for method in LEARNS:
                vanish = kind == "all zero" and method != "fit"
                if has(model, method) and not vanish:  # such a chunk changes nothing
                    yield name, method, kind


@pytest.mark.parametrize(("name", "method", "kind"), list(y_cases()))
def test_wrong_targets(name, method, kind):
    model = fitted(name)
    y = (BAD_LABELS if is_classifier(model) else BAD_TARGETS)[kind]()

    refused(model, lambda: getattr(model, method)(X, y), Y_NAMES)


@pytest.mark.parametrize(("name", "method", "kind"), list(weight_cases()))
def test_wrong_weights(name, method, kind):
    model = fitted(name)
    weight = BAD_WEIGHTS[kind]()

    refused(
        model,
        lambda: getattr(model, method)(*data_of(model), sample_weight=weight),
        WEIGHT_NAMES,
    )


DESCENTS = ["logistic", "logistic adam", "network"]
ANNOUNCED = [n for n, m in MODELS.items() if has(m, "partial_fit") and is_classifier(m)]


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize("kind", BAD_CLASSES)
@pytest.mark.parametrize("name", ANNOUNCED)
def test_wrong_classes(name, kind, begun):
    model = fitted(name) if begun else clone(MODELS[name])
    classes = BAD_CLASSES[kind]()

    refused(model, lambda: model.partial_fit(X, LABELS, classes=classes), "classes")


@pytest.mark.parametrize("classes", [["inf", "nan", "-inf"], np.array(["a", "b"], dtype=object)])
@pytest.mark.parametrize("name", ANNOUNCED)
def test_words_are_classes_whatever_they_say(name, classes):
    y = np.asarray(classes)[np.arange(30) % len(classes)]

    model = clone(MODELS[name]).partial_fit(X, y, classes=classes)

    assert model.classes_.tolist() == sorted(classes)


@pytest.mark.parametrize("kind", BAD_STARTS)
@pytest.mark.parametrize("start", ["coef_init", "intercept_init"])
@pytest.mark.parametrize("name", ["logistic", "logistic adam"])
def test_wrong_starts(name, start, kind):
    model = fitted(name)

    refused(model, lambda: model.fit(X, LABELS, **{start: BAD_STARTS[kind]}), start)


@pytest.mark.parametrize("kind", BAD_X | OTHER_FEATURES)
@pytest.mark.parametrize("name", DESCENTS)
def test_wrong_rows_to_validate_on(name, kind):
    model = fitted(name)
    bad = (BAD_X | OTHER_FEATURES)[kind]()
    if kind in ("dates", "durations"):
        return

    names = rf"{X_NAMES}|X_val"
    refused(model, lambda: model.fit(X, LABELS, X_val=bad, y_val=LABELS), names)


@pytest.mark.parametrize("layer", [None, "last", 2, -4, 1.0, 0.5, np.nan, True, [0], 1j, object()])
def test_wrong_layers(layer):
    model = fitted("network")

    refused(model, lambda: model.transform(X, layer=layer), "layer")


@pytest.mark.parametrize(
    "f", [None, 3, "f", X, object(), lambda _: None, lambda _: "a", lambda _: [1, [2]], lambda X: X]
)
def test_wrong_functions(f):
    with pytest.raises((ValueError, TypeError), match=r"^f\b"):
        bias_variance_decomposition(RidgeRegression(), X, f, noise=1.0, n_repeats=2)


def parameter_cases():
    """Yield every parameter with every wrong value, for the first fit and the next chunk."""
    for name in {type(model): name for name, model in MODELS.items()}.values():
        for parameter in MODELS[name].get_params(deep=False):
            for kind in WRONG:
                if (parameter, kind) not in RIGHT:
                    yield name, parameter, kind


@pytest.mark.parametrize(("name", "parameter", "kind"), list(parameter_cases()))
def test_wrong_parameters(name, parameter, kind):
    model = clone(MODELS[name]).set_params(**{parameter: WRONG[kind]})
    names = NAMES.get(parameter, parameter)

    for method in ("fit", "partial_fit"):
        if hasattr(model, method):
            with pytest.raises((ValueError, TypeError)) as caught:
                getattr(model, method)(*data_of(model))
            assert re.search(names, str(caught.value)), f"{caught.value} does not name {names}"
            assert not [attribute for attribute in vars(model) if attribute.endswith("_")]


@pytest.mark.parametrize(
    "method", [*READS, "score", "sample", "merge", "refit", "discount", "forget"]
)
@pytest.mark.parametrize("name", MODELS)
def test_what_needs_a_fit_says_so(name, method):
    model = clone(MODELS[name])
    if not has(model, method):
        return
    arguments = {"sample": (), "refit": (), "score": data_of(model), "discount": (0.5,)}
    arguments |= {"merge": (fitted(name),), "forget": data_of(model)}

    with pytest.raises((NotFittedError, AttributeError), match="fit"):
        getattr(model, method)(*arguments.get(method, (X,)))


@pytest.mark.parametrize("move", ["swapped", "renamed", "left out", "added"])
@pytest.mark.parametrize("method", [*LEARNS[1:], *READS])
@pytest.mark.parametrize("name", MODELS)
def test_columns_that_moved_are_noticed(name, method, move):
    model = clone(MODELS[name])
    if not has(model, method):
        return
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model.fit(frame, data_of(model)[1])
    moved = {
        "swapped": frame[["b", "a", "c"]],
        "renamed": frame.rename(columns={"a": "z"}),
        "left out": frame[["a", "b"]],
        "added": frame.assign(d=1.0),
    }[move]
    arguments = (moved, data_of(model)[1]) if method in LEARNS else (moved,)

    refused(model, lambda: getattr(model, method)(*arguments), "feature names|features")


@pytest.mark.parametrize("other", [None, 3, "model", object(), dict, "another class", "unfitted"])
@pytest.mark.parametrize("name", [n for n, m in MODELS.items() if hasattr(type(m), "merge")])
def test_only_fitted_models_of_a_class_merge(name, other):
    model = fitted(name)
    if other == "another class":
        other = fitted("ridge" if is_classifier(model) else "tied")
    elif other == "unfitted":
        other = clone(MODELS[name])

    refused(model, lambda: model.merge(other), "merge|fit")


@pytest.mark.parametrize("factor", [None, "half", 0, -0.5, 1.5, np.nan, np.inf, [0.5], 1j, True])
@pytest.mark.parametrize("name", [n for n, m in MODELS.items() if hasattr(type(m), "discount")])
def test_only_a_share_discounts(name, factor):
    model = fitted(name)

    refused(model, lambda: model.discount(factor), "factor")


@pytest.mark.parametrize("statistic", [None, 3, "statistic", object(), {}, [1.0], X])
@pytest.mark.parametrize("name", [n for n, m in MODELS.items() if hasattr(type(m), "summarize")])
def test_only_statistics_are_fitted(name, statistic):
    model = fitted(name)

    refused(model, lambda: model.fit_statistics(statistic), "statistic|summarize")


@pytest.mark.parametrize(
    "options",
    [
        {"n_samples": 0},
        {"n_samples": -1},
        {"n_samples": 1.5},
        {"n_samples": "two"},
        {"n_samples": None},
        {"class_label": "no such"},
        {"class_label": 99},
        {"random_state": "seed"},
    ],
)
@pytest.mark.parametrize("name", [n for n, m in MODELS.items() if hasattr(type(m), "sample")])
def test_only_sensible_samples_are_drawn(name, options):
    model = fitted(name)

    refused(model, lambda: model.sample(**options), "n_samples|class_label|seed|random_state")


class Interrupting:
    """Weights that are met by Ctrl-C when they are read, after the rows were."""

    def __array__(self, dtype=None, copy=None):
        raise KeyboardInterrupt


@pytest.mark.parametrize("name", MODELS)
def test_an_interrupt_changes_nothing_either(name):
    model = fitted(name)
    before = state(model)

    with pytest.raises(KeyboardInterrupt):
        model.fit(X[:, :2], data_of(model)[1], sample_weight=Interrupting())

    assert model.n_features_in_ == 3
    assert state(model) == before


def unlooked(methods):
    """Yield what does not read as finite, for calls that learn or answer."""
    for name, model in MODELS.items():
        for kind in ("nan", "inf", "inf of float32", "sparse nan", "sparse inf"):
            for method in methods:
                if has(model, method) and not accepts(name, kind):
                    yield name, method, kind


@pytest.mark.parametrize(("name", "method", "kind"), list(unlooked(LEARNS[:3])))
def test_what_is_assumed_finite_and_is_not_teaches_nothing(name, method, kind):
    model = fitted(name)

    with sklearn.config_context(assume_finite=True):
        refused(model, lambda: getattr(model, method)(BAD_X[kind](), data_of(model)[1]), X_NAMES)


@pytest.mark.parametrize(("name", "method", "kind"), list(unlooked(READS)))
def test_what_is_assumed_finite_and_is_not_has_no_answer(name, method, kind):
    model = fitted(name)

    with sklearn.config_context(assume_finite=True):
        refused(model, lambda: getattr(model, method)(BAD_X[kind]()), X_NAMES)


@pytest.mark.parametrize("shape", [(30, 3), (6, 10), (200, 100)])
@pytest.mark.parametrize("solver", ["auto", "cholesky", "svd", "lsqr"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_no_solver_takes_what_is_not_finite_for_zero(value, solver, shape):
    rows = RNG.normal(size=shape)
    y = rows[:, 0].copy()
    rows[2, 1] = value

    for bad in (rows, sparse.csr_array(rows)):
        with (
            sklearn.config_context(assume_finite=True),
            pytest.raises(ValueError, match=r"X or y are too large|contains"),
        ):
            RidgeRegression(solver=solver).fit(bad, y)


class Elsewhere:
    """Rows of another library, in the memory of a device that NumPy cannot read."""

    shape, ndim, size, dtype = (30, 3), 2, 90, np.dtype(float)

    def __len__(self):
        return 30

    def __array_namespace__(self, api_version=None):
        return np

    def __array__(self, dtype=None, copy=None):
        raise TypeError("X is on another device: copy it to this one first.")


DISPATCHING = pytest.mark.skipif(
    sp_version < parse_version("1.14"), reason="scikit-learn dispatches from SciPy 1.14 on"
)
DISPATCHES = pytest.param(True, marks=DISPATCHING)


@pytest.mark.parametrize("dispatch", [False, DISPATCHES])
@pytest.mark.parametrize("name", MODELS)
def test_arrays_of_other_devices_say_so(name, dispatch):
    model = fitted(name)

    with sklearn.config_context(array_api_dispatch=dispatch):
        for method in [*LEARNS, *READS]:
            if has(model, method):
                y = (data_of(model)[1],) if method in LEARNS else ()
                refused(model, lambda: getattr(model, method)(Elsewhere(), *y), "another device")  # noqa: B023


class Foreign:
    """An array of a library that computes by itself."""

    def __init__(self, values):
        self.values = np.asarray(values)
        self.shape, self.ndim, self.size = self.values.shape, self.values.ndim, self.values.size
        self.dtype = "float of another library"

    def __len__(self):
        return len(self.values)

    def __array_namespace__(self, api_version=None):
        return math  # not NumPy


def of_torch(values):
    return pytest.importorskip("torch").asarray(values)


def of_dask(values):
    return da.from_array(values, chunks=10)


@DISPATCHING
@pytest.mark.parametrize("library", [Foreign, of_torch, of_dask])
@pytest.mark.parametrize("name", MODELS)
def test_arrays_that_another_library_computes_with_are_named(name, library):
    model = fitted(name)
    y = data_of(model)[1]
    rows, targets, weight = map(library, (X, y, np.ones(30)))
    names = "{} is a .*(Foreign|torch.Tensor|dask.array.*DistributedFit)"

    with sklearn.config_context(array_api_dispatch=True):
        for method in [*LEARNS, *READS, "score"]:
            if not has(model, method):
                continue
            call = getattr(model, method)
            learnt = (y,) if method in [*LEARNS, "score"] else ()
            refused(model, partial(call, rows, *learnt), names.format("X"))
            if method in LEARNS:
                refused(model, partial(call, X, targets), names.format("y"))
                weighted = partial(call, X, y, sample_weight=weight)
                refused(model, weighted, names.format("sample_weight"))


@pytest.mark.parametrize("library", [of_torch, of_dask])
@pytest.mark.parametrize("name", MODELS)
def test_arrays_of_other_libraries_are_read_where_nothing_else_is_asked(name, library):
    model = clone(MODELS[name])
    if "random_state" in model.get_params():
        model.set_params(random_state=0)
    y = data_of(model)[1]

    model.fit(library(X), library(y), sample_weight=library(np.ones(30)))

    expected = clone(model).fit(X, y, sample_weight=np.ones(30))
    np.testing.assert_array_equal(model.predict(library(X)), expected.predict(X))
