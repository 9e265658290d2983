"""Rows without labels: expectation-maximisation by weighted statistics."""

import dask
import dask.array as da
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.utils import get_tags

from skml_lecture import GaussianGenerativeClassifier, NaiveBayes, RidgeRegression, SemiSupervisedEM
from skml_lecture.distributed import DistributedFit

TYPES = ["tied", "full", "diag", "tied_diag", "spherical"]


@pytest.fixture
def data(rng):
    """The lecture's two Gaussians: 10 rows with and 300 without a label."""
    y = np.r_[np.arange(10) % 2, (rng.random(300) < 0.3) * 1]
    X = rng.normal(size=(310, 2)) + np.where(y == 1, 2, -2)[:, np.newaxis] * [1, 0]
    return X, y, np.where(np.arange(310) < 10, y, -1)


def hand_written(X, y, n_steps):
    """The lecture's steps with a shared covariance, by SciPy's densities."""
    R = np.array([y == 0, y == 1], dtype=float).T
    known = y >= 0
    rows = R[known], X[known]
    for _ in range(n_steps + 1):
        R_now, X_now = rows
        N = R_now.sum(axis=0)
        means = R_now.T @ X_now / N[:, np.newaxis]
        Z = [
            (X_now - mean) * np.sqrt(r)[:, np.newaxis]
            for mean, r in zip(means, R_now.T, strict=True)
        ]
        cov = sum(z.T @ z for z in Z) / N.sum()
        joint = [
            p * stats.multivariate_normal(m, cov).pdf(X)
            for p, m in zip(N / N.sum(), means, strict=True)
        ]
        P = np.array(joint).T
        likelihood = np.log(P[known, y[known]]).sum() + np.log(P[~known].sum(axis=1)).sum()
        R[~known] = (P / P.sum(axis=1, keepdims=True))[~known]
        rows = R, X
    return N / N.sum(), means, cov, likelihood / len(X)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n_steps", [1, 2, 7])
def test_steps_are_the_lectures(data, n_steps):
    X, _, y = data

    model = SemiSupervisedEM(GaussianGenerativeClassifier("tied"), max_iter=n_steps, tol=0)
    model.fit(X, y)

    priors, means, covariance, likelihood = hand_written(X, y, n_steps)
    assert_allclose(model.estimator_.class_prior_, priors)
    assert_allclose(model.estimator_.means_, means)
    assert_allclose(model.estimator_.covariances_, covariance, atol=1e-12)
    assert_allclose(model.log_likelihood_curve_[-1], likelihood)
    assert model.n_iter_ == n_steps


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "estimator",
    [
        *map(GaussianGenerativeClassifier, TYPES),
        GaussianGenerativeClassifier("full", shrinkage=0.3),
        NaiveBayes("gaussian"),
        NaiveBayes("gaussian", priors=[0.9, 0.1]),
    ],
)
def test_the_likelihood_never_falls(data, estimator):
    X, _, y = data

    model = SemiSupervisedEM(estimator, tol=0, max_iter=30).fit(X, y)

    assert np.all(np.diff(model.log_likelihood_curve_) >= 0)
    assert len(model.log_likelihood_curve_) > 2


@pytest.mark.parametrize("estimator", [GaussianGenerativeClassifier("full"), NaiveBayes()])
def test_without_unlabeled_rows_it_is_a_fit(data, estimator, rng):
    X, y, _ = data
    weight = rng.uniform(0, 2, len(y))

    model = SemiSupervisedEM(estimator).fit(X, y, weight)

    fit = clone(estimator).fit(X, y, weight)
    assert_array_equal(model.predict_proba(X), fit.predict_proba(X))
    assert_array_equal(model.score_samples(X), fit.score_samples(X))
    assert_array_equal(model.transduction_, y)
    assert model.n_iter_ == 1


def test_unlabeled_rows_of_no_weight_are_absent(data):
    X, y, hidden = data

    model = SemiSupervisedEM(GaussianGenerativeClassifier(), unlabeled_weight=0).fit(X, hidden)

    fit = GaussianGenerativeClassifier().fit(X[:10], y[:10])
    assert_allclose(model.predict_proba(X), fit.predict_proba(X))


def test_they_help_where_the_model_holds(rng):
    labeled, unlabeled = [], []
    for _ in range(20):
        y = rng.integers(0, 2, 2000)
        X = rng.normal(size=(2000, 5)) + y[:, np.newaxis]
        hidden = np.where(np.arange(2000) < 20, y, -1)
        hidden[:2], y[:2] = [0, 1], [0, 1]
        few = GaussianGenerativeClassifier("tied").fit(X[:20], y[:20])
        labeled.append(few.score(X[1000:], y[1000:]))
        model = SemiSupervisedEM(GaussianGenerativeClassifier("tied")).fit(X[:1000], hidden[:1000])
        unlabeled.append(model.score(X[1000:], y[1000:]))

    assert np.mean(unlabeled) > np.mean(labeled) + 0.03


def test_mixed_tables_with_missing_values(rng):
    y = rng.integers(0, 2, 400)
    X = pd.DataFrame(
        {
            "size": np.where(rng.random(400) < 0.2, np.nan, rng.normal(2 * y)),
            "color": np.where(rng.random(400) < 0.8, y, 1 - y).astype(str),
        }
    )
    X.loc[rng.random(400) < 0.2, "color"] = None
    names = np.array(["no", "yes"])[y].astype(object)
    hidden = names.copy()
    hidden[30:] = None

    model = SemiSupervisedEM(NaiveBayes()).fit(X, hidden)

    assert model.estimator_.distributions_ == ["gaussian", "categorical"]
    assert_array_equal(model.feature_names_in_, ["size", "color"])
    assert set(model.transduction_) == {"no", "yes"}
    assert (model.transduction_ == names).mean() > 0.7


def test_nan_among_numbers_is_no_label_and_the_error_says_what_is():
    model, X = SemiSupervisedEM(NaiveBayes("gaussian")), np.arange(6.0)[:, np.newaxis]

    with pytest.raises(ValueError, match=r"y contains NaN.*-1"):
        model.fit(X, [0.0, 1, np.nan, 0, 1, np.nan])


@pytest.mark.parametrize("mark", [None, np.nan, float("nan"), pd.NA, -1])
def test_labels_are_marked_as_scikit_learn_marks_them(data, mark):
    X, y, hidden = data
    names = np.array(["a", "b"])[y].astype(object)
    names[hidden == -1] = mark

    model = SemiSupervisedEM(GaussianGenerativeClassifier()).fit(X, names)

    numbers = SemiSupervisedEM(GaussianGenerativeClassifier()).fit(X, hidden)
    assert_array_equal(model.classes_, ["a", "b"])
    assert_array_equal(model.predict_proba(X), numbers.predict_proba(X))


def test_sparse_rows_and_a_search(rng):
    y = rng.integers(0, 2, 200)
    X = sparse.csr_array(rng.poisson(1.0 + y[:, np.newaxis], (200, 6)) * 1.0)
    hidden = np.where(np.arange(200) % 4, y, -1)
    model = SemiSupervisedEM(NaiveBayes("multinomial"))

    search = GridSearchCV(model, {"estimator__smoothing": [0.1, 1.0]}, cv=2).fit(X, hidden)

    assert search.best_estimator_.predict(X).shape == (200,)


def test_weights_are_repetitions(data, rng):
    X, _, y = data
    weight = rng.integers(0, 3, len(y))
    weight[:2] = 1

    model = SemiSupervisedEM(GaussianGenerativeClassifier()).fit(X, y, weight)

    repeated = SemiSupervisedEM(GaussianGenerativeClassifier())
    repeated.fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert_allclose(model.predict_proba(X), repeated.predict_proba(X), atol=1e-10)
    assert_allclose(model.log_likelihood_curve_, repeated.log_likelihood_curve_)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"estimator": RidgeRegression()}, TypeError, "estimator must be a generative classifier"),
        ({"estimator": NaiveBayes}, TypeError, "estimator must be a generative classifier"),
        ({"max_iter": 0}, ValueError, "max_iter"),
        ({"tol": -1.0}, ValueError, "tol"),
        ({"unlabeled_weight": -1.0}, ValueError, "unlabeled_weight"),
        ({"unlabeled_weight": np.inf}, ValueError, "unlabeled_weight must be finite"),
        (
            {"estimator": GaussianGenerativeClassifier(shrinkage="auto")},
            ValueError,
            "needs all rows at once",
        ),
    ],
)
def test_bad_parameters_leave_the_model_as_it_was(data, change, error, message):
    X, _, y = data
    model = SemiSupervisedEM(GaussianGenerativeClassifier()).fit(X, y)
    P = model.predict_proba(X)

    with pytest.raises(error, match=message):
        model.set_params(**change).fit(X, y)

    assert_array_equal(model.predict_proba(X), P)


def test_no_label_at_all_is_an_error(data):
    with pytest.raises(ValueError, match="No row has a label"):
        SemiSupervisedEM(NaiveBayes()).fit(data[0], np.full(310, -1))


def test_too_few_steps_are_told(data):
    X, _, y = data
    with pytest.warns(ConvergenceWarning, match="max_iter=1 steps"):
        SemiSupervisedEM(GaussianGenerativeClassifier(), max_iter=1).fit(X, y)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "score_samples", "sample"])
def test_an_unfitted_model_says_so(data, method):
    arguments = () if method == "sample" else (data[0],)
    with pytest.raises(NotFittedError):
        getattr(SemiSupervisedEM(NaiveBayes()), method)(*arguments)


def test_draws_are_the_models(data):
    X, _, y = data
    model = SemiSupervisedEM(GaussianGenerativeClassifier()).fit(X, y)

    rows, labels = model.sample(4, class_label=1, random_state=0)

    assert_array_equal(rows, model.estimator_.sample(4, class_label=1, random_state=0)[0])
    assert_array_equal(labels, [1] * 4)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("kind", [float, object])
def test_parts_of_the_rows_are_the_whole(data, rng, kind, weighted):
    """A part may lack labels, rows without one, or weight."""
    X, _, y = data
    y = np.where(np.arange(310) < 30, rng.integers(0, 2, 310), -1).astype(kind)
    if kind is object:
        y = np.array([{0: "a", 1: "b", -1: None}[label] for label in y], dtype=object)
    weight = rng.uniform(0.5, 2, 310) if weighted else None
    model = SemiSupervisedEM(GaussianGenerativeClassifier(), unlabeled_weight=0.3)
    chunks = (20, 100, 190)
    rows = [da.from_array(X, (chunks, 2)), da.from_array(y, (chunks,))]
    parts = {"sample_weight": da.from_array(weight, (chunks,))} if weighted else {}

    with dask.config.set(scheduler="synchronous"):
        fitted = DistributedFit(model).fit(*rows, **parts).estimator_

    whole = clone(model).fit(X, y, weight)
    assert_allclose(fitted.log_likelihood_curve_, whole.log_likelihood_curve_)
    assert_allclose(fitted.predict_proba(X), whole.predict_proba(X))


def test_the_likelihood_weighs_rows_as_they_are_weighed(data, rng):
    X, _, y = data
    weight = rng.uniform(0.5, 2, 310)

    model = SemiSupervisedEM(GaussianGenerativeClassifier(), unlabeled_weight=0.3)
    model.fit(X, y, weight)

    z, known = model.predict_joint_log_proba(X), y >= 0
    weight = np.where(known, weight, 0.3 * weight)
    likelihood = np.where(known, z[np.arange(310), y], np.logaddexp(*z.T))
    assert_allclose(model.log_likelihood_curve_[-1], np.average(likelihood, weights=weight))


def test_steps_end_where_nothing_moves_any_more():
    """Posteriors of 0 and 1 to the last bit: the second step repeats the first."""
    X = np.array([[-101.0], [-99.0], [99.0], [101.0]] * 2)
    y = [0, 0, 1, 1, -1, -1, -1, -1]

    model = SemiSupervisedEM(GaussianGenerativeClassifier(), tol=0).fit(X, y)

    assert model.n_iter_ == 1
    assert len(model.log_likelihood_curve_) == 2
    assert model.log_likelihood_curve_[0] == model.log_likelihood_curve_[1]


def test_one_label_is_enough():
    model = SemiSupervisedEM(NaiveBayes("categorical")).fit(
        [["a"], ["b"], ["b"]], ["x", None, None]
    )

    assert model.transduction_.tolist() == ["x"] * 3


def test_what_a_class_can_not_have_weighs_nothing_where_it_is_not():
    """A row without a label, or weight, may be impossible in the first class."""
    X = [["a"], ["a"], ["b"], ["b"], ["b"], ["a"], ["b"]]
    y = np.array([0, 0, 1, 1, -1, -1, 0])
    weight = [1, 1, 1, 1, 1, 1, 0]

    model = SemiSupervisedEM(NaiveBayes("categorical", smoothing=0)).fit(X, y, weight)

    assert_allclose(model.log_likelihood_curve_, np.log(0.5))
    assert model.transduction_.tolist() == [0, 0, 1, 1, 1, 0, 0]


@pytest.mark.parametrize("label", [0, -1])
def test_an_impossible_row_without_weight_is_not_there(label):
    X = [["a", "u"], ["a", "u"], ["b", "v"], ["b", "v"], ["b", "v"], ["a", "v"]]
    y, weight = [0, 0, 1, 1, -1, label], [1, 1, 1, 1, 1, 0]

    model = SemiSupervisedEM(NaiveBayes("categorical", smoothing=0)).fit(X, y, weight)

    without = clone(model).fit(X[:-1], y[:-1])
    assert_allclose(model.log_likelihood_curve_, without.log_likelihood_curve_)


@pytest.mark.parametrize("inner", [GaussianGenerativeClassifier(), NaiveBayes("multinomial")])
def test_tags_are_those_of_the_model_inside(inner):
    assert get_tags(SemiSupervisedEM(inner)).input_tags == get_tags(inner).input_tags
    assert not get_tags(SemiSupervisedEM(RidgeRegression())).input_tags.sparse


def test_one_row_is_drawn_unless_more_are_asked_for(data):
    model = SemiSupervisedEM(GaussianGenerativeClassifier()).fit(data[0], data[2])

    assert model.sample()[0].shape == (1, 2)
