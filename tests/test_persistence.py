"""Fitted models survive every tool that people save them with."""

import copy
import pickle
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import cloudpickle
import joblib
import numpy as np
import pytest
import skops.io
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
    RidgeRegressionCV,
    SemiSupervisedEM,
)
from skml_lecture.statistics import Summary

pytestmark = pytest.mark.brief

X, Y = load_iris(return_X_y=True)
MODELS = [
    RidgeRegression(),
    RidgeRegression([0.1, 1.0]),
    RidgeRegression(solver="svd"),
    RidgeRegression(solver="lsqr"),
    RidgeRegressionCV(),
    RidgeRegressionCV(cv=3, scoring="r2"),
    *(
        GaussianGenerativeClassifier(kind)
        for kind in ("tied", "full", "diag", "tied_diag", "spherical")
    ),
    GaussianGenerativeClassifier("full", shrinkage="auto"),
    GaussianGenerativeClassifier(shrinkage="oas"),
    *map(NaiveBayes, ("auto", "gaussian", "categorical", "poisson", "multinomial")),
    NaiveBayes("histogram"),
    SemiSupervisedEM(GaussianGenerativeClassifier("full")),
    LogisticRegressionGD(),
    LogisticRegressionGD(batch_size=10, optimizer="adam", max_iter=3, warm_start=True),
    LogisticRegressionGD(preconditioner="whiten", early_stopping=True, random_state=0),
    CascadedLogisticMLP((5,), max_iter=3, random_state=0),
    CascadedLogisticMLP((5, 4), max_iter=3, random_state=0, activation="relu", warm_start=True),
    CascadedLogisticMLP((), max_iter=3, random_state=0, early_stopping=True),
]


def fitted(model):
    """Return a fitted clone; a penalty for each target is fitted to two."""
    if np.ndim(getattr(model, "alpha", 1.0)):
        return clone(model).fit(X, np.column_stack([Y, X[:, 0]]))
    return clone(model).fit(X, Y)


def by_pickle(model, _):
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        model = pickle.loads(pickle.dumps(model, protocol=protocol))
    return model


def by_joblib(model, path):
    joblib.dump(model, path / "model", compress=3)
    return joblib.load(path / "model")


def by_memory_map(model, path):
    joblib.dump(model, path / "model")
    return joblib.load(path / "model", mmap_mode="r")


def by_cloudpickle(model, _):
    return pickle.loads(cloudpickle.dumps(model))


def by_skops(model, path):
    skops.io.dump(model, path / "model")
    types = skops.io.get_untrusted_types(file=path / "model")
    assert all(name.startswith("skml_lecture.") for name in types)
    return skops.io.load(path / "model", trusted=types)


TRIPS = [by_pickle, by_joblib, by_memory_map, by_cloudpickle, by_skops]


def answers(model):
    """Return what a model says of some rows."""
    methods = ("predict", "predict_proba", "decision_function", "score_samples", "transform")
    return {name: getattr(model, name)(X) for name in methods if hasattr(model, name)}


@pytest.mark.parametrize("trip", TRIPS)
@pytest.mark.parametrize("model", MODELS, ids=lambda m: repr(m).replace("\n", ""))
def test_a_round_trip_changes_no_answer(model, trip, tmp_path):
    model = fitted(model)

    loaded = trip(model, tmp_path)

    for name, answer in answers(model).items():
        assert_array_equal(answers(loaded)[name], answer)
    assert loaded.get_params().keys() == model.get_params().keys()


@pytest.mark.parametrize("trip", TRIPS)
@pytest.mark.parametrize(
    "model",
    [
        RidgeRegression(),
        RidgeRegression(solver="svd"),
        GaussianGenerativeClassifier("full"),
        NaiveBayes(),
        NaiveBayes("categorical"),
    ],
    ids=str,
)
def test_statistics_go_on_after_a_round_trip(model, trip, tmp_path):
    model = clone(model).partial_fit(X[::2], Y[::2])

    loaded = trip(model, tmp_path)

    expected = answers(model.partial_fit(X[1::2], Y[1::2]).refit())
    for name, answer in answers(loaded.partial_fit(X[1::2], Y[1::2]).refit()).items():
        assert_array_equal(answer, expected[name])
    other = clone(model).fit(X, Y)
    assert_array_equal(loaded.merge(other).predict(X), model.merge(other).predict(X))
    loaded, model = (
        it.discount(0.5).forget(X[::4], Y[::4], sample_weight=np.full(38, 0.5))
        for it in (loaded, model)
    )
    for name, answer in answers(loaded).items():
        assert_array_equal(answer, answers(model)[name])


@pytest.mark.parametrize("trip", TRIPS)
@pytest.mark.parametrize(
    "model",
    [
        LogisticRegressionGD(max_iter=3, warm_start=True),
        LogisticRegressionGD(optimizer="adam", batch_size=10, max_iter=3, warm_start=True),
        CascadedLogisticMLP((5,), max_iter=3, random_state=0, warm_start=True),
    ],
    ids=str,
)
def test_a_descent_goes_on_after_a_round_trip(model, trip, tmp_path):
    model = clone(model).set_params(random_state=0).fit(X, Y)

    loaded = trip(model, tmp_path)

    expected = answers(model.fit(X, Y).partial_fit(X, Y))
    for name, answer in answers(loaded.fit(X, Y).partial_fit(X, Y)).items():
        assert_array_equal(answer, expected[name])


def test_a_pipeline_is_saved_whole(tmp_path):
    model = make_pipeline(StandardScaler(), LogisticRegressionGD()).fit(X, Y)

    for trip in (by_pickle, by_joblib, by_memory_map, by_cloudpickle):
        assert_array_equal(trip(model, tmp_path).predict_proba(X), model.predict_proba(X))


def test_another_process_reads_what_was_saved(tmp_path):
    models = [fitted(model) for model in MODELS]
    (tmp_path / "models").write_bytes(pickle.dumps((models, X, [m.predict(X) for m in models])))
    code = (
        "import pickle, sys, numpy as np\n"
        "models, X, expected = pickle.loads(open(sys.argv[1], 'rb').read())\n"
        "assert all(np.array_equal(m.predict(X), p) for m, p in zip(models, expected))"
    )

    subprocess.run([sys.executable, "-c", code, tmp_path / "models"], check=True)


def size(model):
    return len(pickle.dumps(model))


def test_a_fitted_model_is_about_as_large_as_its_parameters():
    digits, labels = load_digits(return_X_y=True)
    gradient = LogisticRegressionGD(optimizer="gd", max_iter=900, tol=0).fit(digits, labels)
    network = CascadedLogisticMLP((64,), max_iter=20).fit(digits, labels)

    curve = 9 * len(gradient.loss_curve_)  # a pickled float is nine bytes
    assert size(gradient) < 2 * gradient.coef_.nbytes + curve + 2000
    parameters = sum(
        W.nbytes + b.nbytes for W, b in zip(network.coefs_, network.intercepts_, strict=True)
    )
    assert size(network) < 2 * parameters + 9 * len(network.loss_curve_) + 2000


def types_of(model):
    return skops.io.get_untrusted_types(data=skops.io.dumps(model))


def test_what_a_fit_keeps_of_its_rows_are_arrays(rng):
    """Of two columns so near that the Gram matrix, which is kept, does not tell them apart."""
    x = rng.normal(size=(40, 1))
    near, y = np.hstack([x, x + 1e-7 * rng.normal(size=(40, 1))]), rng.normal(size=40)
    model = RidgeRegression(1e-22).fit(near, y)
    loaded = pickle.loads(pickle.dumps(model))

    assert model.solver_ == "svd"
    assert types_of(model) == types_of(RidgeRegression().fit(x, y))
    std = model.predict(near, return_std=True)[1]
    assert np.isfinite(std).all()
    assert_array_equal(loaded.predict(near, return_std=True)[1], std)


@pytest.mark.parametrize("trip", [*TRIPS, lambda model, _: copy.deepcopy(model)])
def test_a_fit_to_few_rows_of_many_columns_is_saved_without_them(trip, tmp_path, rng):
    wide, y = rng.normal(size=(6, 40)), rng.normal(size=6)
    model = RidgeRegression().fit(wide, y)

    loaded = trip(model, tmp_path)

    assert type(vars(loaded)["_summary"]) is Summary
    assert_array_equal(loaded.predict(wide), model.predict(wide))
    assert_array_equal(loaded.moments_.scatter, model.moments_.scatter)
    assert_array_equal(loaded.refit().coef_, model.refit().coef_)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: repr(m).replace("\n", ""))
def test_fitted_state_is_made_of_public_classes(model):
    types = types_of(fitted(model))

    assert not [name for name in types if any(part[0] == "_" for part in name.split("."))]


DOCS = Path(__file__).parents[1] / "docs"
GOING_ON = [  # of what a descent keeps, every kind
    LogisticRegressionGD(preconditioner=None, optimizer="gd", schedule="inv_sqrt", max_iter=2),
    LogisticRegressionGD(preconditioner="scale", batch_size=10, optimizer="momentum", max_iter=2),
    LogisticRegressionGD(preconditioner="whiten", optimizer="adagrad", max_iter=2),
    LogisticRegressionGD(loss="squared_error", optimizer="rmsprop", max_iter=2),
    CascadedLogisticMLP((3,), early_stopping=True, dropout=0.1, max_iter=2, random_state=0),
    CascadedLogisticMLP((3,), optimizer="gd", batch_size=None, max_iter=2, random_state=0),
    CascadedLogisticMLP((3, 3, 3), activation=("tanh", "leaky_relu", "identity"), max_iter=2),
]


def test_every_class_of_a_file_is_documented_or_named_by_the_page_on_saving():
    """Those of the page are what is found without a page of its own: no more, and no less."""
    models = [fitted(model) for model in MODELS]
    for model in GOING_ON:
        models.append(clone(model).set_params(warm_start=True).fit(X, Y))
        if not model.early_stopping:
            models.append(clone(model).partial_fit(X, Y))
    models += [
        NaiveBayes("bernoulli").fit(X > 2, Y),
        NaiveBayes({"gaussian": [0]}).fit(X[:, :1], Y),
    ]
    api = re.findall(r"^   ([\w.]+)$", (DOCS / "api.rst").read_text(), re.MULTILINE)
    page = (DOCS / "recipes" / "save_and_load.rst").read_text()
    documented = {getattr(import_module(m), n) for m, _, n in map(parted, api)}

    found = {parted(name) for model in models for name in types_of(model)}

    without_page = {
        f"{m}.{n}" for m, _, n in found if getattr(import_module(m), n) not in documented
    }
    assert without_page == set(re.findall(r"``(skml_lecture\.[\w.]+\.[A-Z]\w+)``", page))


def parted(name):
    """Return the module of a name, a dot, and what it is called there."""
    return f"skml_lecture.{name.removeprefix('skml_lecture.')}".rpartition(".")
