"""The laws of Moments: parts = whole, weight = repetition, at any offset."""

import tracemalloc
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skml_lecture.data import Data
from skml_lecture.statistics import Moments, RegressionMoments, Triangle


def exact_scatter(X, weight, targets=None):
    """The definition, in extended precision."""
    Z = np.asarray(X if targets is None else np.hstack([X, targets]), dtype=np.longdouble)
    w = np.asarray(weight, dtype=np.longdouble)
    Z = Z - Z[w.argmax()]
    for _ in range(2):  # the first mean is rounded
        Z = Z - w @ Z / w.sum()
    return (Z.T * w) @ Z


def assert_same(a, b):
    """Equal to 1e-12 of the spread of the columns."""
    spread = np.sqrt(np.maximum(a.scatter.diagonal(), 1e-300))
    assert a.weight == pytest.approx(b.weight, rel=1e-14)
    assert_allclose(
        a.scatter / np.outer(spread, spread),
        b.scatter / np.outer(spread, spread),
        atol=1e-12,
        rtol=0,
    )
    assert_allclose(a.mean_minus(b) / spread * np.sqrt(a.weight), 0, atol=1e-12)


def dyadic(rng, shape):
    """Normal numbers on a grid of 2**-20, so that adding 1e8 is exact."""
    return np.round(rng.normal(size=shape) * 2**20) / 2**20


@pytest.mark.parametrize("offset", [0.0, 1e8])
@pytest.mark.parametrize("as_array", [np.asarray, np.asfortranarray, sparse.csr_array])
def test_scatter_is_the_definition_at_any_offset(rng, offset, as_array):
    X = offset + dyadic(rng, (5000, 4))
    targets = offset + dyadic(rng, (5000, 2))
    weight = rng.uniform(0, 2, 5000)

    moments = RegressionMoments.from_data(Data.of(as_array(X), weight, targets))

    expected = exact_scatter(X, weight, targets).astype(float)
    expected[4, 5] = expected[5, 4] = np.nan  # of one target and the other: not kept
    scale = np.sqrt(np.outer(expected.diagonal(), expected.diagonal()))
    assert_allclose(moments.scatter / scale, expected / scale, atol=1e-12, rtol=0)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("as_array", [np.asarray, sparse.csr_array])
def test_the_triangle_is_a_factor_of_the_scatter_at_any_offset(rng, as_array, weighted):
    for offset in (0.0, 1e8, 1e12):
        X, Y = offset + dyadic(rng, (900, 4)), offset + dyadic(rng, (900, 2))
        weight = rng.uniform(0.1, 2, 900) if weighted else np.ones(900)
        if weighted:  # rows that are not there may lie anywhere
            X[:300], weight[:300] = 0.0, 0.0

        triangle = Triangle.from_data(Data.of(as_array(X), weight if weighted else None, Y))

        expected = exact_scatter(X, weight, Y).astype(float)
        R = np.hstack([triangle.R, triangle.q])[1:, 1:]
        scatter = R.T @ R
        scatter[[4, 5], [4, 5]] += triangle.rest
        scatter[4, 5] = scatter[5, 4] = expected[4, 5]  # of one target and the other: not kept
        scale = np.sqrt(np.outer(expected.diagonal(), expected.diagonal()))
        assert_allclose(scatter / scale, expected / scale, atol=1e-13, rtol=0)


@pytest.mark.parametrize("kind", ["full", "diag"])
@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_the_whole_less_a_part_is_the_rest(rng, offset, kind):
    X, weight = offset + dyadic(rng, (200, 3)), rng.uniform(1, 2, 200)
    moments = partial(Moments.from_samples, kind=kind)

    rest = moments(X, weight) - moments(X[:80], weight[:80])

    expected = moments(X[80:], weight[80:])
    assert rest.weight == pytest.approx(expected.weight, rel=1e-12)
    assert_allclose(rest.scatter, expected.scatter, rtol=1e-11, atol=1e-11)
    assert_allclose(rest.mean_minus(expected), 0, atol=1e-12)


@pytest.mark.parametrize("kind", ["full", "diag"])
def test_a_rest_of_fewer_than_half_of_the_digits_is_refused(rng, kind):
    moments = partial(Moments.from_samples, kind=kind)
    large, rest = moments(rng.normal(size=(50, 2))), rng.normal(size=(50, 2))

    left = large + moments(1e-2 * rest) - large
    assert_allclose(left.scatter, moments(1e-2 * rest).scatter, atol=1e-13)
    with pytest.raises(ValueError, match="fewer than half of the digits"):
        large + moments(1e-6 * rest) - large


def test_wide_rows_follow_the_definition(rng):
    X, weight = 1e8 + dyadic(rng, (1500, 600)), rng.uniform(0, 2, 1500)
    few = [0, 1, 300, 599]

    moments = Moments.from_samples(X, weight)

    expected = exact_scatter(X[:, few], weight).astype(float)
    scale = np.sqrt(np.outer(expected.diagonal(), expected.diagonal()))
    assert_allclose(moments.scatter[np.ix_(few, few)] / scale, expected / scale, atol=1e-12)
    assert_allclose(moments.scatter, moments.scatter.T, rtol=0)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 60),
    cuts=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    offset=st.sampled_from([0.0, 1e8]),
)
def test_parts_make_the_whole_in_any_grouping(seed, n, cuts, offset):
    rng = np.random.default_rng(seed)
    X, weight = offset + dyadic(rng, (n, 3)), rng.integers(0, 4, n).astype(float)
    a, b = sorted(int(n * c) for c in cuts)

    p, q, r = (Moments.from_samples(X[s], weight[s]) for s in np.split(np.arange(n), [a, b]))

    assert_same((p + q) + r, p + (q + r))
    assert_same(p + q + r, Moments.from_samples(X, weight))


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 20 rows."""
    monkeypatch.setattr("skml_lecture.data.data._BLOCK_ELEMENTS", 1)
    monkeypatch.setattr("skml_lecture.statistics.sums._ROWS", 20)


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_many_blocks_equal_one_block(rng, offset, request):
    X = offset + dyadic(rng, (3000, 5))
    whole = Moments.from_samples(X)

    request.getfixturevalue("small_blocks")

    assert_same(Moments.from_samples(X), whole)


@pytest.mark.usefixtures("small_blocks")
def test_drifting_rows_lose_nothing(rng):
    X = np.sort(1e6 * rng.normal(size=(2000, 1)), axis=0) + dyadic(rng, (2000, 3))

    moments = Moments.from_samples(X)

    assert_allclose(moments.scatter, exact_scatter(X, np.ones(2000)).astype(float), rtol=1e-12)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("rows", "far", "heavy"),
    [
        (slice(25), 1e6, 1e-15),
        (slice(25), 1e150, 1e-300),
        (slice(25), 1e160, 1e-300),
        (slice(500, 501), 0.0, 1e60),
        (slice(3, 4), 30.0, 1e7),
    ],
)
def test_weights_may_be_of_very_different_size(rng, rows, far, heavy):
    X, weight = dyadic(rng, (1000, 3)), np.ones(1000)
    X[rows] += far
    weight[rows] = heavy

    moments = Moments.from_samples(X, weight)

    expected = exact_scatter(X, weight)
    scale = np.sqrt(np.outer(expected.diagonal(), expected.diagonal()))
    assert_allclose(moments.scatter / scale, expected / scale, atol=1e-12, rtol=0)


@pytest.mark.parametrize("x_far", [0.0, 30.0, 1e6])
@pytest.mark.parametrize("y_far", [0.0, 30.0, 1e6])
def test_first_rows_of_little_weight_cost_regression_no_digit(rng, x_far, y_far):
    X, Y, weight = dyadic(rng, (1000, 3)), dyadic(rng, (1000, 2)), np.ones(1000)
    X[:200] += x_far
    Y[:200] += y_far
    weight[:200] = 1e-15

    moments = RegressionMoments.from_data(Data.of(X, weight, Y))

    expected = exact_scatter(X, weight, Y).astype(float)
    expected[3, 4] = expected[4, 3] = np.nan  # of one target and the other: not kept
    scale = np.sqrt(np.outer(expected.diagonal(), expected.diagonal()))
    assert_allclose(moments.scatter / scale, expected / scale, atol=1e-12, rtol=0)


def test_what_is_left_of_regression_moments_is_the_rest_or_nothing(rng):
    for _ in range(20):
        weight = rng.uniform(0.01, 0.02, 9) if rng.random() < 0.5 else None
        rows = (Data.of(rng.normal(5, 1, (9, 3)), weight, rng.normal(5, 1, (9, 2))) for _ in "ab")
        part, other = map(RegressionMoments.from_data, rows)

        rest, nothing = (part + other) - part, part - part

        assert_allclose(rest.scatter, other.scatter, rtol=1e-10, atol=1e-10)

        assert nothing.weight == 0
        assert_array_equal(nothing.cross, 0)
        assert_allclose((nothing + other).cross, other.cross, rtol=1e-13, atol=1e-13)


def test_weight_is_repetition_and_zero_is_absence(rng):
    X, weight = rng.normal(size=(40, 3)), rng.integers(0, 4, 40)

    weighted = Moments.from_samples(X, weight.astype(float))

    assert_same(weighted, Moments.from_samples(np.repeat(X, weight, axis=0)))
    assert_same(weighted, Moments.from_samples(X[weight > 0], weight[weight > 0].astype(float)))


def test_empty_is_the_identity(rng):
    moments = Moments.from_samples(rng.normal(size=(5, 3)))

    for total in (moments + Moments.empty(3), Moments.empty(3) + moments):
        assert_same(total, moments)
    assert Moments.from_samples(np.empty((0, 3))).weight == 0


def test_sparse_equals_dense(rng):
    X = sparse.random(3000, 20, density=0.1, format="csr", random_state=0)
    weight = rng.uniform(0, 2, 3000)

    assert_same(Moments.from_samples(X, weight), Moments.from_samples(X.toarray(), weight))


@pytest.mark.parametrize("n_zeros", [1, 300, 700])
def test_sparse_columns_with_few_zeros_keep_their_digits(rng, n_zeros):
    X = 1e8 + dyadic(rng, (1000, 3))
    X[:n_zeros] = 0
    weight = rng.uniform(1, 2, 1000)
    weight[: n_zeros // 2 + 1] = 0

    assert_same(Moments.from_samples(sparse.csr_array(X), weight), Moments.from_samples(X, weight))


def test_chosen_rows_are_those_rows(rng):
    X, Y, rows = rng.normal(size=(50, 3)), rng.normal(size=(50, 2)), rng.integers(0, 50, 30)

    chosen = RegressionMoments.from_data(Data.of(X, targets=Y).pick(rows))

    expected = RegressionMoments.from_data(Data.of(X[rows], targets=Y[rows]))
    assert_same(chosen.x, expected.x)
    assert_allclose(chosen.mean, expected.mean, atol=1e-12)
    assert_allclose(chosen.cross, expected.cross, atol=1e-12)


def test_single_precision_rows_are_summed_in_double(rng):
    X = rng.normal(size=(10_000, 3)).astype(np.float32)

    assert_same(Moments.from_samples(X), Moments.from_samples(X.astype(np.float64)))


def test_covariance_is_that_of_numpy(rng):
    X, weight = rng.normal(size=(30, 4)), rng.integers(1, 4, 30)

    moments = Moments.from_samples(X, weight.astype(float))

    assert_allclose(moments.covariance, np.cov(X.T, fweights=weight, bias=True))
    assert_allclose(moments.mean, np.average(X, axis=0, weights=weight))


def test_memory_does_not_grow_with_the_rows(rng):
    X = rng.normal(size=(400_000, 20))

    tracemalloc.start()
    Moments.from_samples(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 64e6 < X.nbytes + 1


def test_other_widths_do_not_add():
    with pytest.raises(ValueError, match="3 and of 4 features do not add"):
        Moments.empty(3) + Moments.empty(4)


def test_what_is_left_has_half_of_its_digits_or_no_variance_at_all(rng):
    for _ in range(300):
        n = rng.integers(2, 8)
        x, weight = rng.normal(size=(n, 1)), rng.random(n)
        whole, part = (Moments.from_samples(x[:m], weight[:m], kind="diag") for m in (n, n - 1))

        try:
            rest = whole - part
        except ValueError:
            continue

        assert rest.scatter == 0
        assert_allclose(rest.mean, x[-1], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["full", "diag"])
def test_what_is_left_of_whole_numbers_is_exact_though_it_does_not_vary(rng, kind):
    for _ in range(50):
        n, left = rng.integers(2, 30), rng.choice([1, 2, 4])
        X = rng.integers(-9, 10, (n, 3)).astype(float)
        X[:left] = X[0]
        moments = partial(Moments.from_samples, kind=kind)

        rest = moments(np.vstack([X, X[:left]])) - moments(X)

        assert rest.weight == left
        assert_array_equal(rest.mean, X[0])
        assert_array_equal(rest.scatter, 0)


@pytest.mark.parametrize("kind", [Moments, RegressionMoments, Triangle])
def test_no_times_a_statistic_is_that_of_no_rows(rng, kind):
    for _ in range(20):
        rows = (Data.of(rng.normal(5, 1, (9, 3)), None, rng.normal(5, 1, (9, 2))) for _ in "ab")
        part, rest = map(kind.from_data, rows)

        for total in (0 * part + rest, rest + part * 0.0, rest - 0 * part):
            assert total.weight == rest.weight
            assert_allclose(total.mean, rest.mean, rtol=1e-14)
