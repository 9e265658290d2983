"""Exported models, run by onnxruntime, answer as ours do."""

import subprocess
import sys

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
)
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skml_lecture import (
    CascadedLogisticMLP,
    GaussianGenerativeClassifier,
    LogisticRegressionGD,
    NaiveBayes,
    RidgeRegression,
    RidgeRegressionCV,
    SemiSupervisedEM,
)
from skml_lecture.descent import activations
from skml_lecture.distributions import Histogram
from skml_lecture.onnx import register, to_onnx

pytestmark = [pytest.mark.brief, pytest.mark.filterwarnings("ignore:A covariance is singular")]
TOLERANCES = {np.float64: 1e-9, np.float32: 2e-5}
TABLES = [load_iris, load_breast_cancer, load_wine, load_digits]
FLOAT, STRING, INT64, DOUBLE = 1, 8, 7, 11  # of onnx.TensorProto


def run(model, X):
    """Return the outputs of an exported model."""
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, feeds(model, X))


def feeds(model, X):
    """Return the inputs by name: an array as it is, a frame by columns, "" for missing words."""
    inputs = model.graph.input
    if not hasattr(X, "columns"):
        return {inputs[0].name: np.asarray(X)}
    columns = {}
    for column, expected in zip(X.columns, inputs, strict=True):
        values, kind = np.asarray(X[column]), expected.type.tensor_type.elem_type
        if kind == STRING:
            words = ["" if v is None or v != v else str(v) for v in values]
            values = np.array(words, dtype=object)
        elif kind in (FLOAT, DOUBLE):
            values = values.astype(np.float32 if kind == FLOAT else np.float64)
        columns[expected.name] = values[:, np.newaxis]
    return columns


def assert_same_answers(model, X, atol=1e-9):
    labels, probabilities = run(to_onnx(model, X), X)

    assert_array_equal(labels, model.predict(X))
    assert_allclose(probabilities, model.predict_proba(X), rtol=0, atol=atol)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("n_targets", [None, 1, 3])
@pytest.mark.parametrize(
    "estimator",
    [
        RidgeRegression(),
        RidgeRegression(0, solver="svd"),
        RidgeRegression(fit_intercept=False),
        RidgeRegression(solver="lsqr"),
        RidgeRegressionCV(cv=3),
    ],
    ids=str,
)
def test_regressions_predict_the_same(estimator, n_targets, dtype):
    X, y = load_diabetes(return_X_y=True)
    X = X.astype(dtype)
    Y = y if n_targets is None else y[:, np.newaxis] + np.arange(n_targets) * X[:, :1]
    estimator.fit(X, Y)

    (predictions,) = run(to_onnx(estimator, X), X)

    expected = estimator.predict(X)
    assert_allclose(
        predictions.reshape(expected.shape), expected, rtol=TOLERANCES[dtype], atol=1e-9
    )


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("load", TABLES)
@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegressionGD(max_iter=30),
        LogisticRegressionGD(max_iter=30, fit_intercept=False, loss="squared_error"),
        *map(GaussianGenerativeClassifier, ["tied", "full", "diag", "tied_diag", "spherical"]),
        GaussianGenerativeClassifier("full", shrinkage=0.2, reg_covar=1e-3),
        NaiveBayes(),
        NaiveBayes("categorical"),
        NaiveBayes("poisson"),
        NaiveBayes("multinomial", smoothing=0),
        NaiveBayes("histogram"),
        NaiveBayes("histogram", smoothing=0),
    ],
    ids=str,
)
def test_classifiers_answer_the_same(estimator, load, dtype):
    X, y = load(return_X_y=True)
    X = X.astype(dtype)

    assert_same_answers(estimator.fit(X, y), X, TOLERANCES[dtype])


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("load", [load_iris, load_breast_cancer])
@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu", "leaky_relu", "identity"])
@pytest.mark.parametrize("hidden", [(), (7,), (8, 5)])
def test_networks_answer_the_same(hidden, activation, load, dtype):
    X, y = load(return_X_y=True)
    X = (X / X.max()).astype(dtype)
    model = CascadedLogisticMLP(hidden, activation=activation, max_iter=5, random_state=0)

    assert_same_answers(model.fit(X, y), X, TOLERANCES[dtype])


def test_an_activation_for_each_layer_and_labels_by_themselves():
    X, y = load_iris(return_X_y=True)
    Y = np.column_stack([y > 0, y > 1]).astype(int)
    model = CascadedLogisticMLP((6, 4), activation=("tanh", "relu"), max_iter=5, random_state=0)

    assert_same_answers(model.fit(X, Y), X)


@pytest.mark.parametrize(
    "classes",
    [np.array(["no", "maybe", "yes"]), np.array([10, 20, 30]), np.array([-1.0, 2.0, 7.0])],
    ids=["words", "whole", "floats"],
)
def test_labels_of_any_kind_come_back(classes):
    X, y = load_iris(return_X_y=True)

    assert_same_answers(NaiveBayes().fit(X, classes[y]), X)
    assert_same_answers(LogisticRegressionGD().fit(X, classes[y]), X)


def mixed(n, rng):
    """Return a frame of numbers, words, flags and codes, some missing, and its classes."""
    y = rng.integers(0, 3, n)
    frame = pd.DataFrame(
        {
            "number": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n) + y),
            "word": rng.choice(np.array(["red", "green", "blue", None], dtype=object), n),
            "flag": rng.random(n) < 0.2 + 0.2 * y,
            "code": rng.integers(0, 6, n) + y,
            "half": rng.choice([0.5, 1.5, np.nan], n),
            "count": rng.poisson(1 + y),
        }
    )
    return frame, y


@pytest.mark.parametrize("smoothing", [0, 1.0])
@pytest.mark.parametrize(
    "distributions",
    [
        "auto",
        {
            "gaussian": ["number"],
            "categorical": ["word", "code", "half"],
            "bernoulli": ["flag"],
            "poisson": ["count"],
        },
    ],
)
def test_mixed_frames_with_missing_and_new_values(distributions, smoothing, rng):
    X, y = mixed(300, rng)
    model = NaiveBayes(distributions, smoothing=smoothing).fit(X, y)
    later, _ = mixed(200, rng)
    later.loc[:9, "word"] = "never seen"
    later.loc[20:29, "code"] = 777
    later.loc[40:49, "half"] = 3.25

    assert_same_answers(model, later)


@pytest.mark.parametrize(
    "model",
    [GaussianGenerativeClassifier(), GaussianGenerativeClassifier("full"), NaiveBayes("gaussian")],
    ids=str,
)
def test_rows_without_labels_helped_to_find_what_is_exported(model):
    X, y = load_iris(return_X_y=True)
    model = SemiSupervisedEM(model).fit(X, np.where(np.arange(len(y)) % 3, -1, y))
    piped = make_pipeline(StandardScaler(), SemiSupervisedEM(model.estimator))

    assert_same_answers(model, X)
    assert_same_answers(piped.fit(X, np.where(np.arange(len(y)) % 3, -1, y)), X)


def test_pipelines_with_steps_of_scikit_learn(rng):
    X, y = mixed(200, rng)
    words = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["word"]), (StandardScaler(), ["count"])
    )
    X = X[["word", "count"]].fillna("").astype({"count": np.float32})  # as one-hot columns are
    iris, species = load_iris(return_X_y=True)

    assert_same_answers(make_pipeline(words, LogisticRegressionGD()).fit(X, y), X, atol=2e-5)
    assert_same_answers(
        make_pipeline(StandardScaler(), PCA(3), NaiveBayes()).fit(iris, species),
        iris,
    )
    nested = make_pipeline(StandardScaler(), make_pipeline(CascadedLogisticMLP(max_iter=3)))
    assert_same_answers(nested.fit(iris, species), iris)


def test_skl2onnx_converts_what_is_registered():
    import skl2onnx

    X, y = load_iris(return_X_y=True)
    model = GaussianGenerativeClassifier().fit(X, y)
    register()

    onnx = skl2onnx.to_onnx(model, X, options={id(model): {"zipmap": False}})

    assert_array_equal(run(onnx, X)[0], model.predict(X))


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("smoothing", [0, 1.0])
@pytest.mark.parametrize("n_bins", [1, 2, 10, 1000])
def test_histograms_of_missing_and_of_distant_values(n_bins, smoothing, dtype, rng):
    y = rng.integers(0, 3, 300)
    X = np.column_stack([rng.lognormal(y), rng.poisson(1 + y), np.zeros(300), y / 3 - 1e8])
    X[rng.random(X.shape) < 0.1] = np.nan
    X = X.astype(dtype)
    model = NaiveBayes(Histogram(smoothing, n_bins=n_bins)).fit(X, y)
    ends = np.concatenate(model.families_[0].parameters["edges"]).astype(dtype)
    later = rng.choice(np.r_[ends, -ends, np.nan, 0, 1e30, -1e30], (400, 4)).astype(dtype)
    nearby = np.nextafter(later, dtype(np.inf)), np.nextafter(later, dtype(-np.inf))

    for rows in (X, later, *nearby):
        assert_same_answers(model, rows, TOLERANCES[dtype])


def test_histograms_of_frames(rng):
    X, y = mixed(300, rng)
    families = {"histogram": ["number", "count", "half"], "categorical": ["word", "code"]}
    model = NaiveBayes(families | {"bernoulli": ["flag"]}).fit(X, y)

    assert_same_answers(model, mixed(200, rng)[0])


NETWORK = CascadedLogisticMLP((4,), max_iter=2, random_state=0)
HIDDEN = {
    "step": make_pipeline(NETWORK, LogisticRegressionGD()),
    "last of the first": make_pipeline(make_pipeline(StandardScaler(), NETWORK), NaiveBayes()),
    "before another's": make_pipeline(make_pipeline(NETWORK), LogisticRegression()),
    "union": make_pipeline(make_union(NETWORK), LogisticRegression()),
    "union of pipelines": make_pipeline(
        make_union(StandardScaler(), make_pipeline(StandardScaler(), NETWORK)), RidgeRegression()
    ),
    "union at the end": make_union(StandardScaler(), NETWORK),
    "columns": make_pipeline(make_column_transformer((NETWORK, [0, 1])), LogisticRegression()),
    "the other columns": make_pipeline(
        make_column_transformer((StandardScaler(), [0, 1]), remainder=NETWORK), NaiveBayes()
    ),
}


@pytest.mark.parametrize("place", HIDDEN)
def test_hidden_features_are_refused_wherever_they_are(place):
    import skl2onnx

    X, y = load_iris(return_X_y=True)
    model = clone(HIDDEN[place]).fit(X, y)
    register()

    for convert in (to_onnx, skl2onnx.to_onnx):
        with pytest.raises(ValueError, match="hidden features"):
            convert(model, X)


@pytest.mark.parametrize(
    "model",
    [
        RidgeRegression(),
        RidgeRegressionCV(),
        LogisticRegressionGD(),
        GaussianGenerativeClassifier(),
        CascadedLogisticMLP(),
        NaiveBayes(),
        SemiSupervisedEM(NaiveBayes()),
        make_pipeline(StandardScaler(), NaiveBayes()),
        make_pipeline(make_pipeline(StandardScaler(), RidgeRegression())),
    ],
    ids=lambda model: repr(model).replace("\n", ""),
)
def test_what_is_not_fitted_says_so(model):
    X = load_iris().data

    with pytest.raises(NotFittedError, match="not fitted yet"):
        to_onnx(model, X)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("load", [load_iris, load_breast_cancer])
@pytest.mark.parametrize(
    "model",
    [
        LogisticRegressionGD(max_iter=30),
        GaussianGenerativeClassifier("full"),
        NETWORK,
        GaussianGenerativeClassifier("spherical"),
        NaiveBayes("histogram"),
        SemiSupervisedEM(GaussianGenerativeClassifier("diag")),
    ],
    ids=str,
)
def test_calibration_is_of_the_scores(model, load, dtype):
    X, y = load(return_X_y=True)
    X = X.astype(dtype)
    model = make_pipeline(StandardScaler(), CalibratedClassifierCV(model, cv=3)).fit(X, y)

    assert_same_answers(model, X, TOLERANCES[dtype])


@pytest.mark.parametrize(
    "model",
    [
        CalibratedClassifierCV(NaiveBayes(), method="isotonic"),
        make_pipeline(CalibratedClassifierCV(NaiveBayes(), method="isotonic")),
        CalibratedClassifierCV(make_pipeline(StandardScaler(), NaiveBayes())),
        CalibratedClassifierCV(NaiveBayes("poisson")),
    ],
    ids=["isotonic", "isotonic in a pipeline", "of a pipeline", "of counts"],
)
def test_calibrations_that_would_come_out_others_are_refused(model):
    X, y = load_iris(return_X_y=True)

    with pytest.raises(ValueError, match=r"CalibratedClassifierCV|Calibrating"):
        to_onnx(model.fit(X, y), X)


def test_two_classes_have_the_sigmoid_of_the_log_odds():
    X, y = load_breast_cancer(return_X_y=True)

    for model in (LogisticRegressionGD(), GaussianGenerativeClassifier("full"), NaiveBayes()):
        _, probabilities = run(to_onnx(model.fit(X, y), X), X)
        assert_allclose(probabilities, model.predict_proba(X), atol=1e-9)


def test_what_has_no_onnx_form_is_named():
    from skml_lecture.distributions import Gaussian

    class Wide(Gaussian):
        """A distribution of one's own."""

    X, y = load_iris(return_X_y=True)
    hidden = make_pipeline(CascadedLogisticMLP(max_iter=2), LogisticRegressionGD())

    with pytest.raises(ValueError, match=r"The distribution Wide\(\) has no ONNX form"):
        to_onnx(NaiveBayes(Wide()).fit(X, y), X)
    with pytest.raises(ValueError, match="hidden features"):
        to_onnx(hidden.fit(X, y), X)
    with pytest.raises(TypeError, match="X is sparse"):
        to_onnx(LogisticRegressionGD().fit(X, y), sparse.csr_array(X))
    with pytest.raises(ValueError, match=r"rows and columns, got shape \(4,\)"):
        to_onnx(LogisticRegressionGD().fit(X, y), X[0])


def test_a_missing_skl2onnx_is_named():
    code = (
        "import sys; sys.modules['skl2onnx'] = None\n"
        "try:\n    import skml_lecture.onnx\n"
        "except ImportError as error:\n    assert 'skml-lecture[onnx]' in str(error)\n"
        "else:\n    raise AssertionError"
    )

    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_network_is_exported_as_it_was_fitted():
    X, y = load_iris(return_X_y=True)
    model = CascadedLogisticMLP((4,), activation="tanh", max_iter=5, random_state=0).fit(X, y)

    model.set_params(activation=["relu", "identity"], hidden_layer_sizes=(3, 3))

    assert_same_answers(model, X)


def test_an_activation_that_borrows_a_name_is_refused():
    class Tanh(activations.Tanh):
        def value(self, z, out=None):
            return np.multiply(super().value(z), 0.1, out=out)

        def derivative(self, a):
            return 0.1 - 10 * a * a

    X, y = load_iris(return_X_y=True)
    model = CascadedLogisticMLP((4,), activation=Tanh(), max_iter=5, random_state=0).fit(X, y)

    with pytest.raises(ValueError, match="no ONNX form"):
        to_onnx(model, X)
