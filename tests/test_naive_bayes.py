import doctest
import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from options import Exponential
from scipy import sparse, stats
from scipy.special import logsumexp
from sklearn.base import clone
from sklearn.compose import make_column_selector
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, GaussianNB, MultinomialNB

from skml_lecture import NaiveBayes
from skml_lecture.distributions import Bernoulli, Gaussian, Multinomial, Poisson


@pytest.fixture
def mixed(rng):
    """Rows of every kind of column, in three classes, one value in ten missing."""
    n = 240
    y = rng.choice(["ant", "bee", "cat"], n, p=[0.5, 0.3, 0.2])
    code = np.unique(y, return_inverse=True)[1]
    frame = pd.DataFrame(
        {
            "real": rng.normal(code, 1.0),
            "flag": (rng.random(n) < (1 + code) / 5) * 1.0,
            "label": np.array(["x", "y", "z"], dtype=object)[rng.integers(0, 1 + code)],
            "count": rng.poisson(2.0 + code) * 1.0,
            "word": rng.poisson(1.0 + code) * 1.0,
            "other": rng.poisson(2.0, n) * 1.0,
        }
    )
    gone = rng.random(frame.shape) < 0.1
    frame = frame.mask(gone, np.nan)
    frame.loc[0] = [0.5, 1.0, "z", 1.0, 0.0, 2.0]
    return frame, y, rng.integers(1, 4, n)


FAMILIES = {
    "gaussian": ["real"],
    "bernoulli": ["flag"],
    "categorical": "label",
    "poisson": [3],
    "multinomial": slice("word", None),
}


def joint(model, X):
    return model.predict_joint_log_proba(X)


# Parity with scikit-learn


@pytest.mark.parametrize("j", range(4))
def test_gaussian_is_gaussian_nb(j):
    X, y = load_iris(return_X_y=True)
    X = X[:, [j]]  # where the largest variance is the column's own
    weight = np.arange(len(X)) % 3 + 1.0

    ours = NaiveBayes("gaussian", var_floor=1e-12).fit(X, y, weight)

    theirs = GaussianNB(var_smoothing=1e-15).fit(X, y, weight)
    assert_allclose(joint(ours, X), theirs.predict_joint_log_proba(X), rtol=1e-8)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-8)


def test_gaussian_is_gaussian_nb_on_many_columns(rng):
    y = rng.integers(0, 4, 3000)
    X = rng.normal(size=(3000, 30)) + rng.normal(size=(4, 30))[y]

    ours = NaiveBayes("gaussian", var_floor=0).fit(X, y)

    theirs = GaussianNB(var_smoothing=0).fit(X, y)
    assert_allclose(joint(ours, X), theirs.predict_joint_log_proba(X), rtol=1e-8)
    assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("alpha", [0.3, 1.0])
@pytest.mark.parametrize(
    ("family", "peer", "high"),
    [
        ("bernoulli", BernoulliNB, 2),
        ("categorical", CategoricalNB, 5),
        ("multinomial", MultinomialNB, 5),
    ],
)
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32, np.float64])
def test_discrete_families_are_scikit_learns(family, peer, high, alpha, dtype, rng):
    X, y = rng.integers(0, high, (200, 6)).astype(dtype), rng.integers(0, 3, 200)
    weight = rng.random(200)

    ours = NaiveBayes(family, smoothing=alpha).fit(X, y, weight)

    theirs = peer(alpha=alpha).fit(X, y, weight)
    assert_allclose(joint(ours, X), theirs.predict_joint_log_proba(X), rtol=1e-8)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-8)


@pytest.mark.parametrize("family", ["gaussian", "poisson", "multinomial", "auto"])
def test_sparse_is_dense(family):
    X, y = load_digits(return_X_y=True)
    X = np.where(np.arange(64) % 5 == 0, X > 8, X)

    dense = NaiveBayes(family).fit(X, y)
    stored = NaiveBayes(family).fit(sparse.csc_matrix(X), y)

    assert_allclose(joint(stored, sparse.csr_array(X)), joint(dense, X), rtol=1e-9)
    assert_allclose(
        stored.feature_log_densities(sparse.csr_array(X[:9])), dense.feature_log_densities(X[:9])
    )


# Laws


@pytest.mark.parametrize("distributions", ["auto", FAMILIES], ids=["auto", "named"])
@pytest.mark.parametrize("smoothing", [0.0, 1.0])
def test_chunks_and_merged_parts_equal_one_fit(distributions, smoothing, mixed, rng):
    X, y, weight = mixed
    if distributions == "auto":  # a column that turns out not to be binary in the last chunk
        X = X.assign(late=np.where(np.arange(len(X)) < 200, X["flag"], X["real"]))
    order = rng.permutation(len(X))
    model = NaiveBayes(distributions, smoothing=smoothing)
    whole = clone(model).fit(X, y, weight)
    edges = [0, *np.sort(rng.choice(np.arange(1, len(X)), 4, replace=False)), len(X)]
    chunks = [order[a:b] for a, b in pairwise(edges)]

    chunked, merged = clone(model), None
    for rows in chunks:
        part = X.iloc[rows], y[rows], weight[rows]
        chunked.partial_fit(*part[:2], sample_weight=part[2])
        one = clone(model).fit(*part)
        merged = one if merged is None else merged.merge(one)

    for other in (chunked, merged):
        assert other.distributions_ == whole.distributions_
        assert_allclose(joint(other, X), joint(whole, X), rtol=1e-10)
        assert_allclose(other.predict_proba(X), whole.predict_proba(X), atol=1e-10)


@pytest.mark.parametrize("center", [0.0, 1e4, 1e8])
def test_chunks_equal_one_fit_at_any_mean(center, rng):
    y = rng.integers(0, 3, 300)
    X = rng.normal(size=(300, 4)) + y[:, np.newaxis] + center
    whole = NaiveBayes("gaussian").fit(X, y)

    chunked = NaiveBayes("gaussian")
    for rows in (slice(200, 300), slice(0, 7), slice(7, 200)):
        chunked.partial_fit(X[rows], y[rows])

    assert_allclose(joint(chunked, X), joint(whole, X), rtol=1e-10)
    near = NaiveBayes("gaussian").fit(X - center, y)
    assert_allclose(whole.predict_proba(X), near.predict_proba(X - center), atol=1e-10)


def test_a_part_may_lack_a_class(mixed):
    X, y, _ = mixed
    first = y == "bee"

    merged = NaiveBayes(FAMILIES).fit(X[first], y[first])
    merged.merge(NaiveBayes(FAMILIES).fit(X[~first], y[~first]))

    whole = NaiveBayes(FAMILIES).fit(X, y)
    assert_allclose(joint(merged, X), joint(whole, X), rtol=1e-10)


def test_announced_classes_without_rows_change_nothing(mixed):
    X, y, _ = mixed
    whole = NaiveBayes(FAMILIES).fit(X, y)

    wider = NaiveBayes(FAMILIES).partial_fit(X, y, classes=["ant", "asp", "bee", "cat"])

    assert_allclose(wider.predict_proba(X)[:, [0, 2, 3]], whole.predict_proba(X), rtol=1e-10)
    assert_array_equal(wider.predict_proba(X)[:, 1], 0.0)


@pytest.mark.parametrize("distributions", ["auto", FAMILIES], ids=["auto", "named"])
def test_weights_are_repetitions(distributions, mixed):
    X, y, weight = mixed
    rows = np.repeat(np.arange(len(X)), weight)

    weighted = NaiveBayes(distributions).fit(X, y, weight)
    repeated = NaiveBayes(distributions).fit(X.iloc[rows], y[rows])

    assert_allclose(joint(weighted, X), joint(repeated, X), rtol=1e-10)


def test_the_log_density_is_the_sum_over_the_classes(mixed):
    X, y, _ = mixed

    model = NaiveBayes(FAMILIES).fit(X, y)

    assert_allclose(model.score_samples(X), logsumexp(joint(model, X), axis=1), rtol=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 1.0])
def test_contributions_add_up_to_the_joint(smoothing, mixed):
    X, y, _ = mixed
    model = NaiveBayes(FAMILIES, smoothing=smoothing).fit(X, y)

    terms = model.feature_log_densities(X)

    assert terms.shape == (len(X), 3, 6)
    assert_allclose(model.feature_log_odds(X), terms, rtol=0)
    total = np.log(model.class_prior_) + terms.sum(axis=2)
    assert_allclose(total, joint(model, X), rtol=1e-10)


def test_densities_are_scipys(mixed):
    X, y, _ = mixed
    own = X[y == "bee"]
    model = NaiveBayes(FAMILIES, smoothing=0).fit(X, y)

    terms = model.feature_log_densities(X)[:, 1]

    real, flag, count = own["real"].dropna(), own["flag"].dropna(), own["count"].dropna()
    oracles = {
        0: stats.norm.logpdf(X["real"], real.mean(), real.std(ddof=0)),
        1: stats.bernoulli.logpmf(X["flag"], flag.mean()),
        3: stats.poisson.logpmf(X["count"], count.mean()),
    }
    for j, oracle in oracles.items():
        assert_allclose(terms[:, j], np.nan_to_num(oracle), rtol=1e-9)


def test_draws_refit_to_the_model(mixed):
    X, y, _ = mixed
    model = NaiveBayes(FAMILIES).fit(X, y)

    rows, labels = model.sample(60_000, random_state=0)

    frame = pd.DataFrame(rows, columns=X.columns).infer_objects()
    again = NaiveBayes(FAMILIES).fit(frame, labels)
    assert_allclose(again.class_prior_, model.class_prior_, atol=0.01)
    # the difference of the scores is of the size of the error of 6000 draws
    assert_allclose(again.predict_proba(X), model.predict_proba(X), atol=0.05)


@pytest.mark.parametrize(
    "parameters",
    [{"smoothing": 0.2}, {"priors": [0.2, 0.2, 0.6]}, {"var_floor": 0.9}],
    ids=str,
)
def test_refit_is_fit_with_other_parameters(parameters, mixed):
    X, y, _ = mixed
    model = NaiveBayes(FAMILIES).fit(X, y)

    model.set_params(**parameters).refit()

    assert_allclose(joint(model, X), joint(NaiveBayes(FAMILIES, **parameters).fit(X, y), X))


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.from_pandas, pd.DataFrame.to_numpy])
def test_every_container_gives_the_same_model(kind, mixed):
    X, y, _ = mixed
    X = X.astype({"label": object}).where(X.notna(), None)
    numbers = X.columns.drop("label")
    X[numbers] = X[numbers].astype(float)
    data = kind(X.to_numpy(), columns=X.columns) if kind is pd.DataFrame else None
    if kind is pl.from_pandas:
        data = pl.DataFrame({name: X[name].tolist() for name in X.columns}, nan_to_null=True)
    elif kind is pd.DataFrame.to_numpy:
        data = X.to_numpy()

    model = NaiveBayes().fit(data, y)

    whole = NaiveBayes().fit(X, y)
    assert model.distributions_ == whole.distributions_
    assert_allclose(model.predict_proba(data), whole.predict_proba(X), rtol=1e-12)


# Families and columns


def test_auto_reads_the_family_off_the_column(mixed):
    X, y, _ = mixed

    model = NaiveBayes().fit(X.assign(nothing=np.nan, grade=pd.Categorical(X["count"])), y)

    assert model.distributions_ == [
        "gaussian",
        "bernoulli",
        "categorical",
        "gaussian",
        "gaussian",
        "gaussian",
        None,
        "categorical",
    ]


def test_auto_on_flags_is_bernoulli(rng):
    X, y = rng.integers(0, 2, (50, 4)).astype(bool), rng.integers(0, 2, 50)

    assert_allclose(joint(NaiveBayes().fit(X, y), X), joint(NaiveBayes("bernoulli").fit(X, y), X))


def test_a_number_that_auto_took_for_a_flag_is_ignored_elsewhere():
    model = NaiveBayes().fit([[0, 0.5], [1, 1.5], [1, 2.5], [0, 3.5]], [0, 0, 1, 1])

    assert_allclose(model.predict_proba([[7, 1.0]]), model.predict_proba([[np.nan, 1.0]]))


@pytest.mark.parametrize(
    "distributions",
    [
        {"gaussian": make_column_selector("real|count|word|other"), "auto": ["flag", "label"]},
        {"gaussian": [True, False, False, True, True, True], "auto": slice("flag", "label")},
        ["gaussian", "bernoulli", "categorical", "gaussian", "gaussian", "gaussian"],
        {Gaussian(): [0, 3, 4, -1], Bernoulli(): "flag", "categorical": [2]},
    ],
)
def test_columns_are_named_in_many_ways(distributions, mixed):
    X, y, _ = mixed

    model = NaiveBayes(distributions).fit(X, y)

    assert_allclose(joint(model, X), joint(NaiveBayes().fit(X, y), X), rtol=1e-12)


def test_an_object_has_its_own_smoothing(mixed):
    X, y, _ = mixed

    model = NaiveBayes({Poisson(smoothing=0): "count", "auto": [0, 1, 2, 4, 5]}).fit(X, y)

    rate = next(
        f.parameters["rate"] for f in model.families_ if isinstance(f.distribution, Poisson)
    )
    assert_allclose(rate[:, 0], X["count"].groupby(y).mean())


def test_objects_clone_pickle_and_are_searched(mixed):
    X, y, _ = mixed
    X = X[["real", "count"]].fillna(1.0)
    models = {"distributions": [Exponential(), Gaussian(), ["gaussian", "poisson"]]}

    search = GridSearchCV(NaiveBayes(), models, cv=3).fit(X.abs(), y)

    copy = pickle.loads(pickle.dumps(search.best_estimator_))
    assert_array_equal(copy.predict_proba(X.abs()), search.predict_proba(X.abs()))


def test_a_family_of_ones_own_beside_others(mixed):
    X, y, weight = mixed
    distributions = {Exponential(): ["count", "word"], "auto": [0, 1, 2], "poisson": [5]}

    model = NaiveBayes(distributions).fit(X, y, weight)

    own = X.loc[y == "cat", "count"]
    known = own.notna()
    rate = (weight[y == "cat"][known].sum() + 1) / ((own * weight[y == "cat"]).sum() + 1)
    gone = X["count"].isna()
    terms = model.feature_log_densities(X)[:, 2, 3]
    assert_allclose(terms[~gone], stats.expon.logpdf(X["count"][~gone], scale=1 / rate))
    assert not terms[gone].any()


# Missing, unseen, impossible


def test_a_row_without_values_gets_the_prior(mixed):
    X, y, _ = mixed
    model = NaiveBayes(FAMILIES).fit(X, y)
    row = X.iloc[[0]].copy()
    row[:] = np.nan

    assert_allclose(model.predict_proba(row)[0], model.class_prior_)
    assert_allclose(model.score_samples(row), 0.0, atol=1e-12)


def test_missing_values_are_summed_out(mixed):
    X, y, _ = mixed
    names = ["flag", "label"]
    model = NaiveBayes().fit(X[names], y)
    label = X["label"].dropna().unique()

    row = pd.DataFrame({"flag": [1.0], "label": [None]})
    rows = pd.DataFrame({"flag": 1.0, "label": label})

    density = logsumexp(model.score_samples(rows))
    assert_allclose(model.score_samples(row), density, rtol=1e-12)


def test_a_class_that_never_shows_a_column_takes_what_all_show():
    X = np.array([[0.0, np.nan], [1.0, np.nan], [0.0, 3.0], [4.0, 5.0]])
    y = np.array([0, 0, 1, 1])

    model = NaiveBayes("gaussian").fit(X, y)

    mean = model.families_[0].parameters["mean"]
    assert_allclose(mean[:, 1], [4.0, 4.0])


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA])
def test_a_category_never_seen_says_nothing(missing):
    X = pd.DataFrame({"label": ["x", "x", "y", "y", "y", missing]})
    y = [0, 0, 0, 1, 1, 1]
    model = NaiveBayes(smoothing=0.5).fit(X, y)

    terms = model.feature_log_densities(pd.DataFrame({"label": ["new", missing]}))

    assert_array_equal(terms, 0.0)


def test_a_category_never_seen_says_nothing_without_smoothing():
    model = NaiveBayes("categorical", smoothing=0).fit([["x"], ["y"], ["y"]], [0, 0, 1])

    assert_allclose(model.predict_proba([["new"]])[0], model.class_prior_)
    assert_allclose(model.predict_proba([["x"]])[0], [1, 0])


@pytest.mark.parametrize("family", ["bernoulli", "categorical", "poisson", "multinomial"])
def test_a_row_that_no_class_can_show_gets_the_prior(family):
    model = NaiveBayes(family, smoothing=0).fit([[0, 1], [0, 1], [1, 0]], [0, 0, 1])

    assert_array_equal(joint(model, [[1, 1]]), -np.inf)
    assert_allclose(model.predict_proba([[1, 1]])[0], model.class_prior_)
    assert_allclose(model.decision_function([[1, 1]]), np.log(0.5))
    assert_array_equal(model.score_samples([[1, 1]]), -np.inf)


def test_scales_far_apart_stand_side_by_side(rng):
    X, y = load_iris(return_X_y=True)
    model = NaiveBayes("gaussian").fit(X, y)

    scaled = NaiveBayes("gaussian").fit(X * [1e6, 1, 1e-3, 1e-9], y)

    assert_allclose(scaled.predict_proba(X * [1e6, 1, 1e-3, 1e-9]), model.predict_proba(X))


# Bad input


@pytest.mark.parametrize(
    ("distributions", "error", "message"),
    [
        ("normal", ValueError, "distributions must be one of 'auto', 'gaussian'.*'normal'"),
        ({"normal": [0, 1]}, ValueError, "distributions must be one of"),
        ({"gaussian": [0]}, ValueError, r"Columns \[1\] have no distribution"),
        ({"gaussian": [0, 1], "poisson": 1}, ValueError, r"Columns \[1\] have more than one"),
        ({"gaussian": [0, 1, 2]}, ValueError, "There is no column 2: X has 2 columns"),
        ({"gaussian": ["a", "b"]}, ValueError, "no column names"),
        (["gaussian"], ValueError, "one name for each of the 2 columns, got 1"),
        (3, TypeError, "distributions must be a name, a Distribution, a list"),
        ("bernoulli", ValueError, "takes the values 0 and 1, got -1.0"),
        (Multinomial(), ValueError, "Negative values in data"),
        ({"poisson": 1, "gaussian": 0}, ValueError, "Negative values in data"),
    ],
)
def test_bad_distributions_are_errors(distributions, error, message):
    X, y = [[0.0, -1.0], [2.0, 3.0]], [0, 1]

    with pytest.raises(error, match=message):
        NaiveBayes(distributions).fit(X, y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"smoothing": -1}, "smoothing"),
        ({"smoothing": -1, "distributions": "gaussian"}, "smoothing"),
        ({"distributions": Bernoulli(handle_unknown="ignored")}, "handle_unknown must be one of"),
        ({"var_floor": -1}, "var_floor"),
        ({"smoothing": np.nan}, "smoothing must be a number, got nan"),
        ({"var_floor": np.nan}, "var_floor must be a number, got nan"),
        ({"priors": [0.5, 0.6]}, "sum to 1"),
        ({"priors": [1.5, -0.5]}, "non-negative"),
        ({"priors": [1.0]}, "one entry per class"),
    ],
)
def test_bad_parameters_are_errors(parameters, message):
    model = NaiveBayes({"bernoulli": 0, "gaussian": 1}).set_params(**parameters)

    with pytest.raises(ValueError, match=message):
        model.fit([[0, 1.5], [1, 2]], [0, 1])


@pytest.mark.parametrize("change", ["rename", "reorder"])
@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_other_columns_than_at_fit_are_errors(change, kind):
    columns = {"a": [0.5, 1.5], "b": ["x", "y"]}
    model = NaiveBayes().fit(kind(columns), [0, 1])
    if change == "rename":
        columns["c"] = columns.pop("b")
    else:
        columns = dict(reversed(columns.items()))

    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(kind(columns))


@pytest.mark.parametrize(
    ("model", "X", "message"),
    [
        (NaiveBayes("bernoulli"), [[0.5, 0.0]], "values 0 and 1"),
        (NaiveBayes("poisson"), [[-1.0, 0.0]], "Negative values"),
        (NaiveBayes("gaussian"), [[np.inf, 0.0]], "infinity"),
        (NaiveBayes(), [[-np.inf, 0.0]], "infinity"),
        (NaiveBayes("multinomial"), [[np.inf, 0.0]], "infinity"),
        (NaiveBayes("categorical"), [[np.inf, 0.0]], "infinity"),
        (NaiveBayes(Bernoulli(handle_unknown="ignore")), [[np.inf, 0.0]], "infinity"),
        (NaiveBayes("gaussian"), [["x", "y"]], "takes numbers, but column 0 holds labels"),
        (NaiveBayes(), [[1, "y"]], "bernoulli distribution takes numbers, but column 1"),
    ],
)
def test_bad_values_at_prediction_are_errors(model, X, message):
    model.fit([[0, 1], [1, 0], [1, 1]], [0, 1, 1])

    for method in (model.predict_proba, model.feature_log_densities):
        with pytest.raises(ValueError, match=message):
            method(X)


@pytest.mark.parametrize("as_rows", [np.asarray, sparse.csr_array])
def test_rows_of_no_weight_must_be_finite_or_missing_too(as_rows):
    X = np.array([[0.5, np.inf], [2.5, np.nan], [1.0, 2.0], [3.0, 4.0]])
    y, weight, model = [0, 0, 0, 1], [0, 0, 1, 1], NaiveBayes("gaussian")

    with pytest.raises(ValueError, match="infinity"):
        model.fit(as_rows(X), y, weight)
    model.fit(as_rows(X[1:]), y[1:], weight[1:])


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([["x", 0.5]], "Column 0 of those under 'auto' holds numbers"),
        ([[np.inf, 0.5]], "infinity"),
    ],
)
def test_a_failed_chunk_leaves_the_model_as_it_was(X, message):
    model = NaiveBayes().fit([[0.5, 1.5], [2.5, 3.5]], [0, 1])
    before = joint(model, [[1.0, 2.0]])

    with pytest.raises(ValueError, match=message):
        model.partial_fit(X, [1])

    assert_array_equal(joint(model, [[1.0, 2.0]]), before)


def test_models_of_different_distributions_do_not_merge():
    X, y = [[0, 1], [1, 0]], [0, 1]
    model = NaiveBayes("bernoulli").fit(X, y)

    with pytest.raises(ValueError, match="same distribution for every column"):
        model.merge(NaiveBayes("gaussian").fit(X, y))


@pytest.mark.parametrize("distributions", ["auto", "gaussian", "poisson"])
def test_huge_values_give_finite_posteriors(distributions, rng):
    X, y = rng.random((20, 2)), rng.integers(0, 2, 20)
    model = NaiveBayes(distributions).fit(X, y)

    assert np.isfinite(model.predict_proba([[1e200, 0.5], [1e30, 1e300]])).all()


def test_labels_in_sparse_rows_are_an_error():
    with pytest.raises(TypeError, match="Sparse X was passed, but the categorical"):
        NaiveBayes("categorical").fit(sparse.csr_array(np.eye(3)), [0, 1, 1])


@pytest.mark.parametrize("page", ["naive_bayes", "extending_distribution"])
def test_the_guide_says_what_happens(page):
    path = Path(__file__).parents[1] / "docs" / "guide" / f"{page}.rst"

    result = doctest.testfile(str(path), module_relative=False)

    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize("family", ["poisson", "multinomial", "bernoulli"])
def test_missing_values_of_sparse_rows_are_those_of_dense_ones(family, rng):
    X = rng.integers(0, 2, size=(40, 5)) * 1.0
    X[rng.random(X.shape) < 0.2] = np.nan
    model = NaiveBayes(family).fit(X, np.arange(40) % 2)

    density = model.score_samples(X)
    assert np.isfinite(density).all()
    assert_allclose(model.score_samples(sparse.csr_array(X)), density, rtol=1e-12)
    assert_allclose(
        NaiveBayes(family).fit(sparse.csr_array(X), np.arange(40) % 2).score_samples(X), density
    )


@pytest.mark.parametrize("family", ["poisson", "bernoulli", "gaussian", "multinomial"])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
def test_a_class_without_any_value_of_a_column_has_no_weight_there(family, container, rng):
    for _ in range(100):
        n = rng.integers(4, 40)
        y, weight = np.arange(n) % 2, rng.random(n)
        X = rng.integers(0, 2, (n, 1)).astype(float)
        X[y == 0] = np.nan

        statistic = NaiveBayes(family).summarize(container(X), y, weight)

        assert_array_equal(statistic.values.summary.weight[:, 0] > 0, [False, True])


@pytest.mark.parametrize(
    "values",
    [
        [*"abcdef"],
        [0, 1, 2, *"abcdef"],
        [-2.5, 0.5, 7.0, *"abcdef"],
        [5, 2**60, 2**60 + 1, 2**60 + 2],
        [0, 3, 4096],
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [object, None])
def test_every_value_of_a_column_has_its_share_of_each_class(values, kind, rng):
    if kind is None and isinstance(values[-1], str):
        values = [str(value) for value in values]
    picks, y = rng.integers(0, len(values), (300, 2)), rng.integers(0, 2, 300)
    model = NaiveBayes("categorical", smoothing=0.5)

    model.fit(np.array(values, kind)[picks], y)

    rows = np.tile(np.arange(len(values)), (2, 1)).T
    terms = model.feature_log_densities(np.array(values, kind)[rows])
    for c in (0, 1):
        counts = np.stack(
            [np.bincount(column, minlength=len(values)) for column in picks[y == c].T]
        )
        shares = (counts + 0.5) / (np.sum(y == c) + 0.5 * len(values))
        assert_allclose(terms[:, c], np.log(shares.T), rtol=1e-12)


@pytest.mark.parametrize("labels", [["a"], [*"abc"]])
def test_rows_without_any_label_say_nothing(labels):
    X = np.array([[label, "z"] for label in labels * 4], object)
    model = NaiveBayes("categorical").fit(X, np.arange(len(X)) % 2)

    rows = np.array([[None, None], [None, "z"], ["a", None]], object)
    for n in (1, 2, 3):
        terms = np.swapaxes(model.feature_log_densities(rows[:n]), 1, 2)

        assert_array_equal(terms[pd.isna(rows[:n])], 0)
