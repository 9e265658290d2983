"""The laws of what closed-form classifiers know: parts, differences, discounts, and the whole."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_selector
from sklearn.datasets import load_wine
from sklearn.ensemble import BaggingClassifier

from skml_lecture import GaussianGenerativeClassifier, NaiveBayes
from skml_lecture.statistics import ColumnSums, ColumnTallies, Moments, Tally

TYPES = ["tied", "full", "diag", "tied_diag", "spherical"]
SINGULAR = pytest.mark.filterwarnings("ignore:A covariance is singular:UserWarning")


def table(rng, n):
    """Return rows of every kind of column, and their classes."""
    y = np.array(["a", "b", "c"])[rng.integers(0, 3, n)]
    shift = (y == "b") * 1.0
    missing = rng.random((n, 2)) < 0.1
    return pd.DataFrame(
        {
            "size": np.where(missing[:, 0], np.nan, rng.normal(shift)),
            "color": np.where(missing[:, 1], None, np.array([*"rgb"])[rng.integers(0, 3, n)]),
            "flag": rng.integers(0, 2, n),
            "count": rng.poisson(2 + shift),
            "words": rng.poisson(3, n),
            "level": rng.integers(0, 4, n),
        }
    ), y


def numbers(rng, n):
    """Return rows of numbers, and their classes."""
    y = np.array(["a", "b", "c"])[rng.integers(0, 3, n)]
    return rng.normal(size=(n, 4)) + (y == "b")[:, np.newaxis], y


MIXED = NaiveBayes(
    {"poisson": ["count"], "multinomial": ["words"], "categorical": ["level"], "auto": [0, 1, 2]}
)
MODELS = [
    *[(GaussianGenerativeClassifier(kind), numbers) for kind in TYPES],
    (GaussianGenerativeClassifier("full", shrinkage="oas"), numbers),
    (NaiveBayes(), numbers),
    (NaiveBayes(), table),
    (MIXED, table),
]
each_model = pytest.mark.parametrize(("model", "draw"), MODELS, ids=lambda m: str(m)[:45])


def rows_of(X, rows):
    return X.iloc[rows] if isinstance(X, pd.DataFrame) else X[rows]


def assert_same(model, other, X, atol=1e-9):
    assert_array_equal(model.classes_, other.classes_)
    assert_allclose(model.class_count_, other.class_count_, rtol=1e-10)
    assert_allclose(model.predict_proba(X), other.predict_proba(X), rtol=0, atol=atol)


@SINGULAR
@each_model
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(40, 120), part=st.floats(0.05, 0.6))
def test_a_fit_minus_rows_is_the_fit_of_the_rest(model, draw, seed, n, part):
    rng = np.random.default_rng(seed)
    X, y = draw(rng, n)
    weight = rng.integers(1, 4, n) * 0.25
    gone = rng.random(n) < part
    gone[0], gone[-1] = True, False
    gone, rest = np.flatnonzero(gone), np.flatnonzero(~gone)
    if np.unique(y[rest], return_counts=True)[1].min() < 8:
        return  # a variance of one value is no digit of what was there

    less = clone(model).fit(X, y, weight)
    less.forget(rows_of(X, gone), y[gone], weight[gone])

    fit = clone(model).fit(rows_of(X, rest), y[rest], weight[rest])
    assert_same(less, fit, X)


@SINGULAR
@each_model
def test_a_window_over_a_long_stream_is_the_fit_of_its_rows(model, draw, rng):
    X, y = draw(rng, 500)
    width, step = 100, 10
    stream = clone(model).fit(rows_of(X, slice(width)), y[:width])

    for start in range(0, 400, step):
        new, old = slice(start + width, start + width + step), slice(start, start + step)
        stream.partial_fit(rows_of(X, new), y[new]).forget(rows_of(X, old), y[old])

    last = slice(400, 500)
    assert_same(stream, clone(model).fit(rows_of(X, last), y[last]), X, atol=1e-8)


def test_ten_thousand_steps_of_a_window_lose_no_digits(rng):
    X = 1e4 + rng.normal(size=(10_050, 2)).cumsum(axis=0)
    steps = [Moments.from_samples(X[i : i + 1], kind="diag") for i in range(10_050)]
    window = sum(steps[1:50], steps[0])

    for new, old in zip(steps[50:], steps, strict=False):
        window = window + new - old

    rest = Moments.from_samples(X[-50:], kind="diag")
    assert_allclose(window.mean, rest.mean, rtol=1e-8)
    assert_allclose(window.scatter, rest.scatter, rtol=1e-8)


@pytest.mark.parametrize(
    "model", [GaussianGenerativeClassifier("full"), NaiveBayes("gaussian")], ids=["full", "naive"]
)
def test_a_difference_that_lost_its_digits_is_refused(model, rng):
    X, y = rng.normal(size=(40, 2)), np.arange(40) % 2
    X[:4] *= 1e9
    model.fit(X, y)
    before = pickle.dumps(model)

    with pytest.raises(ValueError, match="half of the digits"):
        model.forget(X[:4], y[:4])

    assert pickle.dumps(model) == before


@each_model
def test_a_discount_multiplies_the_weights_so_far(model, draw, rng):
    X, y = draw(rng, 90)
    first, second = slice(45), slice(45, None)

    stream = clone(model).fit(rows_of(X, first), y[first]).discount(0.5)
    stream.partial_fit(rows_of(X, second), y[second])

    weight = np.where(np.arange(90) < 45, 0.5, 1.0)
    assert_same(stream, clone(model).fit(X, y, weight), X)


@each_model
def test_statistics_travel_as_small_pickles(model, draw, rng):
    X, y = draw(rng, 6000)

    parts = [
        pickle.dumps(clone(model).summarize(rows_of(X, rows), y[rows]))
        for rows in np.array_split(np.arange(6000), 3)
    ]

    assert max(map(len, parts)) < 6000
    whole = clone(model).fit_statistics(sum(map(pickle.loads, parts)))
    assert_same(whole, clone(model).fit(X, y), X)


@each_model
def test_a_part_warns_of_nothing(model, draw, rng):
    X, y = draw(rng, 60)
    order = np.argsort(y, kind="stable")
    chunks = clone(model)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for rows in np.array_split(order, 20):
            chunks.partial_fit(rows_of(X, rows), y[rows])
            chunks.predict_proba(X)

    assert_same(chunks, clone(model).fit(X, y), X)


def test_chunks_of_a_regular_table_warn_of_no_singular_covariance(rng):
    X, y = load_wine(return_X_y=True)
    model = GaussianGenerativeClassifier("full")

    for rows in np.array_split(rng.permutation(178), 18):
        model.partial_fit(X[rows], y[rows])

    assert_same(model, GaussianGenerativeClassifier("full").fit(X, y), X)


def test_singular_covariances_of_the_whole_are_warned_of(rng):
    X, y = np.repeat(rng.normal(size=(30, 1)), 2, axis=1), np.arange(30) % 2
    model = GaussianGenerativeClassifier("tied").partial_fit(X, y)

    assert model.rank_ == 1
    with pytest.warns(UserWarning, match="singular: rank 1 of 2"):
        model.refit()
    with pytest.warns(UserWarning, match="singular: rank 1 of 2"):
        model.fit_statistics(model.statistics_)


@pytest.mark.parametrize("swap", [False, True])
def test_words_in_one_chunk_and_numbers_in_another_are_labels(swap):
    words = np.array([["w"], ["v"], ["w"], [None]], dtype=object)
    whole_numbers = np.array([[1], [2], [1], [3]], dtype=object)
    y = [0, 1, 0, 1]
    chunks = (whole_numbers, words) if swap else (words, whole_numbers)

    model = NaiveBayes().partial_fit(chunks[0], y).partial_fit(chunks[1], y)

    fit = NaiveBayes().fit(np.vstack(chunks), y + y)
    assert model.distributions_ == fit.distributions_ == ["categorical"]
    assert_same(model, fit, np.vstack(chunks))


def test_numbers_among_objects_are_numbers():
    flags, reals = np.array([[0], [1], [1], [0]], dtype=object), np.array([[1.5], [2], [1], [3]])
    y = [0, 1, 0, 1]

    model = NaiveBayes().partial_fit(flags, y)
    assert model.distributions_ == ["bernoulli"]
    model.partial_fit(reals.astype(object), y).partial_fit(flags.astype(float), y)

    fit = NaiveBayes().fit(np.vstack([flags, reals, flags]).astype(float), y * 3)
    assert model.distributions_ == fit.distributions_ == ["gaussian"]
    assert_same(model, fit, reals)
    assert_same(model.forget(reals, y), NaiveBayes().fit(np.vstack([flags, flags]), y * 2), flags)


@pytest.mark.parametrize("swap", [False, True])
def test_a_column_without_values_in_one_part_takes_the_family_of_the_other(swap):
    families = {
        "categorical": make_column_selector(dtype_exclude=np.number),
        "gaussian": make_column_selector(dtype_include=np.number),
    }
    full = pd.DataFrame({"text": ["a", "b", "a", "b"], "x": [1.0, 2.0, 3.0, 4.0]})
    empty = pd.DataFrame({"text": [np.nan] * 4, "x": [1.0, 2.0, 3.0, 5.0]})
    first, second = (empty, full) if swap else (full, empty)
    y = [0, 1, 0, 1]

    model = NaiveBayes(families).fit(first, y).merge(NaiveBayes(families).fit(second, y))

    whole = NaiveBayes({"categorical": ["text"], "gaussian": ["x"]})
    assert_same(model, whole.fit(pd.concat([first, second]), y + y), full)
    assert model.distributions_ == ["categorical", "gaussian"]


@pytest.mark.parametrize(
    "model", [NaiveBayes("gaussian"), NaiveBayes(), GaussianGenerativeClassifier("tied_diag")]
)
def test_bagging_may_miss_a_class(model, rng):
    X, y = rng.normal(size=(60, 3)), np.r_[np.zeros(57), 1, 1, 2]

    bagged = BaggingClassifier(model, n_estimators=20, random_state=0).fit(X, y)

    assert min(len(member.classes_) for member in bagged.estimators_) < 3


@pytest.mark.parametrize("model", [NaiveBayes(), GaussianGenerativeClassifier("tied")])
def test_priors_may_be_named(model, rng):
    X, y = numbers(rng, 60)
    priors = {"c": 0.5, "a": 0.2, "b": 0.3}
    model = clone(model).set_params(priors=priors)

    for label in ("b", "a", "c"):
        model.partial_fit(X[y == label], y[y == label])

    assert_allclose(model.class_prior_, [0.2, 0.3, 0.5])
    assert_same(model, clone(model).fit(X, y), X)
    assert_same(model, clone(model).set_params(priors=[0.2, 0.3, 0.5]).fit(X, y), X)


@pytest.mark.parametrize(
    ("priors", "message"),
    [
        ({"a": 0.5, "b": 0.5}, r"one entry for each of the classes \['a', 'b', 'c'\]"),
        ({"a": 0.2, "b": 0.3, "c": 0.4, "d": 0.1}, "one entry for each of the classes"),
        ({"a": 0.2, "b": 0.3, "c": 0.4}, "sum to 1"),
        ({"a": 0.2, "b": 1.3, "c": -0.5}, "non-negative"),
        ({"a": 0.2, "b": 0.3, "c": "half"}, "must be numbers"),
    ],
)
def test_named_priors_are_checked(priors, message, rng):
    with pytest.raises(ValueError, match=message):
        NaiveBayes(priors=priors).fit(*numbers(rng, 60))


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (GaussianGenerativeClassifier("tied"), {"covariance_type": "full", "reg_covar": -1.0}),
        (GaussianGenerativeClassifier("full"), {"covariance_type": "tied", "shrinkage": "auto"}),
        (GaussianGenerativeClassifier("full", shrinkage="auto"), {"shrinkage": None}),
        (NaiveBayes(), {"distributions": "poisson", "smoothing": -1, "var_floor": "high"}),
        (NaiveBayes("categorical"), {"distributions": "bernoulli", "priors": [2.0]}),
    ],
)
def test_a_fitted_model_is_what_it_was_fitted_as(model, changes, rng):
    X, y = numbers(rng, 60)
    X = X.round()
    model = clone(model).fit(X, y)

    def seen():
        return model.predict_proba(X), model.score_samples(X), model.sample(5, random_state=0)[0]

    before, tags = seen(), model.__sklearn_tags__()
    model.set_params(**changes)

    for ours, theirs in zip(seen(), before, strict=True):
        assert_array_equal(ours, theirs)
    assert model.__sklearn_tags__() == tags


def test_a_distribution_that_its_owner_changes_changes_no_fitted_model(rng):
    from skml_lecture.distributions import Bernoulli

    X, y = rng.integers(0, 2, (40, 3)), np.arange(40) % 2
    model = NaiveBayes(Bernoulli(handle_unknown="ignore")).fit(X, y)
    P = model.predict_proba(2 * X)

    model.set_params(distributions__handle_unknown="error")

    assert_array_equal(model.predict_proba(2 * X), P)


def test_tallies_without_values_are_the_identity_and_count_nothing():
    part = ColumnTallies((Tally(["blue", "red"], np.array([[1.0, 0.0], [2.0, 3.0]])),), 2)
    empty = ColumnTallies.empty(n_classes=2, n_columns=1)

    assert [column.counts.shape for column in (empty + empty).columns] == [(2, 0)]
    for whole in (empty + part, part + empty):
        assert list(whole.columns[0].values) == ["blue", "red"]
        assert_array_equal(whole.columns[0].counts, part.columns[0].counts)


def test_a_column_of_which_all_weight_is_taken_away_has_no_sum():
    parts = [ColumnSums(np.ones((2, 1)), np.array([[x], [-x]])) for x in (0.1, 0.2, 0.3)]
    whole = parts[0] + parts[1] + parts[2]

    rest = whole - parts[0] - parts[1]

    assert_allclose(rest.sums, parts[2].sums, rtol=1e-14)
    assert (rest.sums != parts[2].sums).any()  # by rounding, which would be left
    assert_array_equal((rest - parts[2]).sums, np.zeros((2, 1)))
