"""The histogram: a fixed grid that adds, and bins that all classes share."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_predict

from skml_lecture import NaiveBayes
from skml_lecture.distributions import Histogram


def skewed(rng, n):
    """Rows of numbers of many shapes, and two classes."""
    y = rng.integers(0, 2, n)
    X = np.column_stack(
        [
            rng.lognormal(0.7 * y, 1.5),
            np.where(rng.random(n) < 0.6 - 0.2 * y, 0.0, rng.exponential(100, n)),
            rng.standard_cauchy(n) + y,
            rng.integers(0, 20, n) ** 2 + y,
        ]
    )
    return X, y


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_cuts=st.integers(1, 6),
    scale=st.sampled_from([1e-150, 1, 1e150]),
)
def test_chunks_in_any_order_are_one_fit_to_the_last_bit(seed, n_cuts, scale):
    rng = np.random.default_rng(seed)
    X, y = skewed(rng, 200)
    X = X * scale
    order = rng.permutation(200)
    chunks = NaiveBayes("histogram")

    for rows in np.array_split(order, np.sort(rng.integers(0, 200, n_cuts))):
        if len(rows):
            chunks.partial_fit(X[rows], y[rows])

    fit = NaiveBayes("histogram").fit(X, y)
    assert_array_equal(chunks.predict_proba(X), fit.predict_proba(X))
    rest = order[50:]
    less = chunks.forget(X[order[:50]], y[order[:50]])
    assert_array_equal(
        less.predict_proba(X), NaiveBayes("histogram").fit(X[rest], y[rest]).predict_proba(X)
    )


def test_bins_hold_about_equal_masses(rng):
    X = rng.lognormal(0, 2, (5000, 1))

    model = NaiveBayes(Histogram(n_bins=8, smoothing=0)).fit(X, np.zeros(5000))

    parameters = model.families_[0].parameters
    assert_allclose(parameters["probability"][0], np.full((1, 8), 1 / 8), atol=0.01)
    assert parameters["edges"][0][0] <= X.min()
    assert X.max() <= parameters["edges"][0][-1] <= X.max() * (1 + 1 / 128)  # a cell is no wider


def test_a_heavy_value_has_a_bin_of_its_own(rng):
    X = np.where(rng.random((4000, 1)) < 0.5, 0.0, rng.exponential(5, (4000, 1)))

    model = NaiveBayes(Histogram(smoothing=0)).fit(X, np.zeros(4000))

    share = model.families_[0].parameters["probability"][0][0, 0]
    assert_allclose(share, np.mean(X == 0), atol=1e-12)


@pytest.mark.parametrize("sign", [1, -1])
def test_small_whole_numbers_have_cells_of_their_own(sign):
    X = sign * np.arange(1.0, 257.0)[:, np.newaxis]

    model = NaiveBayes(Histogram(n_bins=256, smoothing=0)).fit(X, np.arange(256))

    assert_array_equal(model.predict(X), np.arange(256))


def test_the_density_is_that_of_a_histogram(rng):
    X = rng.normal(10, 3, (3000, 1))
    model = NaiveBayes("histogram", smoothing=0).fit(X, np.zeros(3000))

    edges = model.families_[0].parameters["edges"][0]

    mass, _ = np.histogram(X, edges)
    inside = X[(X[:, 0] >= edges[0]) & (X[:, 0] < edges[-1])]
    density = (mass / 3000 / np.diff(edges))[np.searchsorted(edges, inside[:, 0], "right") - 1]
    assert_allclose(model.score_samples(inside), np.log(density), rtol=1e-10)
    grid = (edges[:-1] + edges[1:]) / 2
    assert_allclose(np.exp(model.score_samples(grid[:, np.newaxis])) @ np.diff(edges), 1.0)


def test_values_beyond_belong_to_the_outermost_bins(rng):
    X, y = skewed(rng, 300)
    model = NaiveBayes("histogram").fit(X, y)

    far = np.array([[1e300] * 4, [-1e300] * 4])

    assert_array_equal(
        model.predict_proba(far), model.predict_proba([X.max(axis=0), X.min(axis=0)])
    )


def test_it_is_calibrated_where_gaussian_tails_are_not(rng):
    X, y = skewed(rng, 2000)

    losses = [
        log_loss(y, cross_val_predict(NaiveBayes(name), X, y, cv=5, method="predict_proba"))
        for name in ("histogram", "gaussian")
    ]

    assert losses[0] < losses[1] - 0.05
    assert losses[0] < np.log(2)


def test_missing_values_say_nothing(rng):
    X, y = skewed(rng, 300)
    X[::3, 1] = np.nan
    model = NaiveBayes("histogram").fit(X, y)

    terms = model.feature_log_densities(np.full((1, 4), np.nan))

    assert_array_equal(terms, 0.0)
    assert_allclose(model.class_prior_, model.predict_proba(np.full((1, 4), np.nan))[0])


def test_the_statistic_is_small(rng):
    X = rng.lognormal(0, 1, (100_000, 1))

    statistic = NaiveBayes("histogram").summarize(X, rng.integers(0, 2, 100_000))

    (tally,) = statistic.values.summary.parts[0].columns
    assert len(tally.values) < 2500
    assert statistic.weight == 100_000


@pytest.mark.parametrize(
    ("family", "X", "error", "message"),
    [
        (Histogram(n_bins=0), np.eye(2), ValueError, "n_bins"),
        (Histogram(n_bins=2.5), np.eye(2), TypeError, "n_bins"),
        (Histogram(smoothing=-1), np.eye(2), ValueError, "smoothing"),
        (Histogram(), np.diag([np.inf, 1]), ValueError, "infinity"),
        (Histogram(), sparse.csr_array(np.eye(2)), TypeError, "the histogram distribution needs"),
        (Histogram(), np.array([["a"], ["b"]], dtype=object), ValueError, "takes numbers"),
    ],
)
def test_what_it_does_not_take_is_an_error(family, X, error, message):
    with pytest.raises(error, match=message):
        NaiveBayes(family).fit(X, [0, 1])


def test_bins_do_not_depend_on_the_rounding_of_weights(rng):
    """Of 40 rows and twenty bins: the middle of every other cell is at the end of a bin."""
    for _ in range(300):
        n, factor = 40, rng.uniform(0.1, 1)
        X, y = rng.poisson(8, size=(n, 1)) + 0.5, np.arange(n) % 2
        model = NaiveBayes("histogram").fit(X, y)

        chunks = NaiveBayes("histogram")
        for rows in np.array_split(rng.permutation(n), 3):
            if len(rows):
                chunks.partial_fit(X[rows], y[rows], sample_weight=np.full(len(rows), factor))

        weighted = NaiveBayes("histogram").fit(X, y, np.full(n, factor))
        shared = model.discount(factor).predict_joint_log_proba(X)
        for other in (weighted, chunks):
            assert_allclose(other.predict_joint_log_proba(X), shared, rtol=1e-9)


@pytest.mark.parametrize("size", [5e-324, 1e-310, 1e-300, 1e300, 1.797e308])
@pytest.mark.parametrize("signs", [[1.0], [-1.0], [-1.0, 0.0, 1.0]])
def test_numbers_of_any_size_have_a_finite_density(rng, size, signs):
    X = rng.choice([0.5, 1.0], (40, 1)) * size * rng.choice(signs, (40, 1))
    model = NaiveBayes("histogram").fit(X, np.arange(40) % 2)

    assert np.isfinite(model.predict_joint_log_proba(X)).all()
    assert np.isfinite(model.sample(20, random_state=0)[0]).all()
