"""Moments of groups: parts add up to the whole, whatever the scatter that is kept."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skml_lecture.data import Data
from skml_lecture.statistics import Moments
from skml_lecture.statistics.group_sum import GroupSum

KINDS = ["full", "tied", "diag", "tied_diag"]


@pytest.fixture(params=[0.0, 1e8], ids=["centred", "far away"])
def data(request, rng):
    codes = rng.integers(0, 4, 2000)
    X = rng.normal(size=(2000, 5)) + 3 * rng.normal(size=(4, 5))[codes] + request.param
    return X, codes, rng.integers(0, 3, 2000).astype(float)


def reduced(scatter, kind):
    """Return what a kind of moments keeps of the scatter matrices (k, d, d)."""
    scatter = np.diagonal(scatter, axis1=1, axis2=2) if "diag" in kind else scatter
    return scatter.sum(axis=0) if "tied" in kind else scatter


def exact(X, codes, weight):
    """Return the means, minus the first row, and scatters of four classes in extended precision."""
    Z = X.astype(np.longdouble) - X[0]
    means = np.array(
        [np.average(Z[codes == c], axis=0, weights=weight[codes == c]) for c in range(4)]
    )
    R = (Z - means[codes]) * np.sqrt(weight)[:, np.newaxis]
    scatter = np.array([R[codes == c].T @ R[codes == c] for c in range(4)])
    return means.astype(float), scatter.astype(float)


@pytest.mark.parametrize("kind", KINDS)
def test_moments_are_those_of_the_definition(data, kind):
    X, codes, weight = data

    moments = Moments.from_samples(X, weight, groups=codes, n_groups=4, kind=kind)

    means, scatter = exact(X, codes, weight)
    expected = reduced(scatter, kind)
    assert_allclose(moments.weight, np.bincount(codes, weight))
    assert_allclose(moments.origin - X[0] + moments.offset, means, atol=1e-12)
    assert_allclose(moments.scatter, expected, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cuts", [[1, 2, 3], [7, 1000], [500, 500, 1999]])
def test_parts_add_up_to_the_whole(data, kind, cuts):
    X, codes, weight = data
    parts = [
        Moments.from_samples(X[rows], weight[rows], groups=codes[rows], n_groups=4, kind=kind)
        for rows in np.split(np.arange(len(X)), cuts)
    ]

    whole = sum(parts[1:], parts[0])

    expected = Moments.from_samples(X, weight, groups=codes, n_groups=4, kind=kind)
    assert_allclose(whole.weight, expected.weight)
    difference = (whole.origin - expected.origin) + (whole.offset - expected.offset)
    assert_allclose(difference, 0, atol=1e-12)
    assert_allclose(whole.scatter, expected.scatter, atol=1e-12 * np.abs(expected.scatter).max())


@pytest.mark.parametrize("kind", KINDS)
def test_classes_one_after_the_other_are_the_same(data, kind):
    X, codes, _ = data
    order = np.argsort(codes, kind="stable")

    moments = Moments.from_samples(X[order], groups=codes[order], n_groups=4, kind=kind)

    expected = Moments.from_samples(X, groups=codes, n_groups=4, kind=kind)
    assert_allclose(moments.scatter, expected.scatter, atol=1e-12 * np.abs(expected.scatter).max())


@pytest.mark.parametrize("kind", KINDS)
def test_class_without_rows_is_empty(data, kind):
    X, codes, _ = data

    moments = Moments.from_samples(X, groups=2 * codes, n_groups=8, kind=kind)

    expected = Moments.from_samples(X, groups=codes, n_groups=4, kind=kind)
    assert_allclose(moments.weight, expected.expanded(2 * np.arange(4), 8).weight)
    assert_allclose(moments.scatter, expected.expanded(2 * np.arange(4), 8).scatter)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_rows_are_summarised_as_dense_ones(rng, kind, weighted):
    X = sparse.random(300, 6, density=0.3, random_state=0, format="csr")
    X = sparse.csr_array(sparse.hstack([X, np.full((300, 1), 7.0)]))
    codes = rng.integers(0, 3, 300)
    weight = rng.integers(0, 3, 300).astype(float) if weighted else None

    moments = Moments.from_samples(X, weight, groups=codes, n_groups=3, kind=kind)

    expected = Moments.from_samples(X.toarray(), weight, groups=codes, n_groups=3, kind=kind)
    assert_allclose(moments.weight, expected.weight)
    assert_allclose(moments.mean, expected.mean)
    assert_allclose(moments.scatter, expected.scatter, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_wide_rows_and_many_classes_are_those_of_the_definition(rng, kind):
    X, codes = rng.normal(size=(300, 600)), rng.integers(0, 40, 300)

    moments = Moments.from_samples(X, groups=codes, n_groups=40, kind=kind)

    R = X - moments.mean[codes]
    scatter = np.array([R[codes == c].T @ R[codes == c] for c in range(40)])
    assert_allclose(moments.scatter, reduced(scatter, kind), atol=1e-10)


def test_poorer_scatters_do_not_tell_the_richer():
    moments = Moments.from_samples(np.eye(3), groups=np.array([0, 1, 1]), n_groups=2, kind="tied")

    with pytest.raises(ValueError, match="'tied' do not determine those of kind 'diag'"):
        moments.reduced("diag")


@pytest.mark.parametrize("kind", KINDS)
def test_a_group_without_rows_costs_the_pooled_moments_no_digit(rng, kind):
    X, codes = 1e8 + rng.normal(size=(500, 3)), rng.integers(1, 4, 500)

    pooled = Moments.from_samples(X, groups=codes, n_groups=4, kind=kind).pooled()

    expected = Moments.from_samples(X, kind=pooled.kind)
    assert_allclose(pooled.scatter, expected.scatter, rtol=1e-11, atol=1e-9)


@pytest.fixture(params=[False, True], ids=["narrow vectors", "wide vectors"])
def vectors(request, monkeypatch):
    """Processors with and without vectors of 512 bits."""
    has = "skml_lecture.statistics.products.has_wide_vectors"
    monkeypatch.setattr(has, lambda: request.param)


@pytest.mark.usefixtures("vectors")
@pytest.mark.parametrize("kind", ["full", "tied"])
@pytest.mark.parametrize("d", [1, 2, 4, 8, 20, 32, 40])
def test_products_are_symmetric(d, kind, rng):
    for n in (1, 5, 300, 5000):
        X, groups = rng.normal(size=(n, d)), rng.integers(0, 3, n)
        moments = Moments.from_samples(X, rng.random(n), groups=groups, n_groups=3, kind=kind)

        assert_array_equal(moments.second, moments.second.swapaxes(-1, -2))


@pytest.mark.usefixtures("vectors")
@pytest.mark.parametrize("kind", ["full", "tied"])
@pytest.mark.parametrize("d", [1, 2, 8, 32, 40, 600])
def test_sums_of_whole_numbers_are_exact(d, kind, rng):
    for n in (1, 5, 300, 5000 if d < 100 else 500):
        X, groups = rng.integers(-9, 10, (n, d)).astype(float), rng.integers(0, 3, n)
        weight = rng.integers(0, 4, n) ** 2.0 if n % 2 else None  # of exact roots

        moments = Moments.from_samples(X, weight, groups=groups, n_groups=3, kind=kind)
        whole = Moments.from_samples(X, weight)

        W = np.equal.outer(np.arange(3), groups) * (1.0 if weight is None else weight)
        expected = np.array([(X.T * w) @ X for w in W])
        seen, zero = moments.seen_from(np.zeros((3, d))), whole.seen_from(np.zeros(d))
        assert_array_equal(seen.first, W @ X)
        assert_array_equal(seen.second, expected if kind == "full" else expected.sum(axis=0))
        assert_array_equal(zero.first, W.sum(axis=0) @ X)
        assert_array_equal(zero.second, expected.sum(axis=0))


@pytest.mark.parametrize("n", [1, 600, 9_000])
@pytest.mark.parametrize("weighted", [False, True])
def test_rows_without_columns_have_moments(n, weighted):
    X, weight = np.zeros((n, 0), np.float32), np.ones(n) if weighted else None
    moments = Moments.from_samples(X, weight)

    assert moments.weight == n
    assert moments.scatter.shape == (0, 0)
    for kind in KINDS:
        groups = Moments.from_samples(X, weight, groups=np.zeros(n, int), n_groups=2, kind=kind)
        assert_array_equal(groups.weight, [n, 0])
        assert groups.scatter.size == 0


@pytest.mark.parametrize("kind", ["tied", "tied_diag"])
def test_what_groups_have_in_common_needs_groups(kind, rng):
    message = f"^kind='{kind}' is what groups have in common"
    with pytest.raises(ValueError, match=message):
        Moments.from_samples(rng.normal(size=(5, 2)), kind=kind)
    with pytest.raises(ValueError, match=message):
        Moments.empty(2, kind=kind)


@pytest.mark.parametrize("kind", ["shared", "", None, 1])
def test_a_kind_that_is_unknown_is_named(kind, rng):
    with pytest.raises(ValueError, match=r"^kind must be one of 'full', 'tied'"):
        Moments.from_samples(rng.normal(size=(5, 2)), kind=kind)


def assert_same(a, b):
    """Equal to 1e-11 of the spread."""
    assert a.kind == b.kind
    assert_allclose(a.weight, b.weight, rtol=1e-12)
    there = a.weight > 0
    scale = np.abs(b.variances_of_scatter()).max(initial=1e-300)
    assert_allclose(a.mean_minus(b)[there], 0, atol=1e-11 * np.sqrt(scale))
    assert_allclose(a.scatter, b.scatter, atol=1e-11 * scale)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_moments_of_two_kinds_add_to_what_both_determine(data, kind, other):
    X, codes, weight = data
    common = {("tied", "diag"): "tied_diag", ("diag", "tied"): "tied_diag"}.get(
        (kind, other), max(kind, other, key=["full", "tied", "diag", "tied_diag"].index)
    )

    def moments(rows, kind):
        return Moments.from_samples(X[rows], weight[rows], groups=codes[rows], kind=kind)

    total = moments(slice(900), kind) + moments(slice(900, None), other)

    assert_same(total, moments(slice(None), common))
    assert_same(total - moments(slice(900), kind), moments(slice(900, None), common))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("far", [0.0, 30.0, 1e6])
def test_first_rows_of_little_weight_and_far_away_cost_no_digit(rng, kind, far):
    for k in (1, 2, 5):  # as many groups as columns too
        codes = rng.integers(0, k, 3000)
        X, weight = rng.normal(size=(3000, 5)) + codes[:, np.newaxis], np.ones(3000)
        X[:300] += far
        weight[:300] = 1e-15

        moments = Moments.from_samples(X, weight, groups=codes, n_groups=k, kind=kind)

        rest = Moments.from_samples(X[300:], groups=codes[300:], n_groups=k, kind=kind)
        first = Moments.from_samples(X[:300], groups=codes[:300], n_groups=k, kind=kind)
        assert_same(moments, rest + 1e-15 * first)


@pytest.mark.parametrize("kind", KINDS)
def test_a_group_of_which_all_is_taken_away_is_as_one_that_never_was(rng, kind):
    for size in (1e-6, 1.0, 1e6):
        X, codes = 3 + rng.normal(size=(90, 3)), np.arange(90) % 3
        gone, new = codes == 1, size * rng.normal(size=(20, 3))

        def moments(X, codes):
            return Moments.from_samples(X, groups=codes, n_groups=3, kind=kind)

        left = moments(X, codes) - moments(X[gone], codes[gone])
        nothing = left - left

        for part in (left, nothing):
            assert_array_equal(part.offset[part.weight == 0], 0)
        assert_array_equal(nothing.scatter, 0)
        one = np.ones(20, int)
        again = nothing + moments(new, one)
        assert_same(again, moments(new, one))
        assert_same(again - moments(new[:5], one[:5]), moments(new[5:], one[5:]))


def test_a_group_without_values_in_a_column_is_filled_with_those_of_all(rng):
    for _ in range(20):
        k, d = rng.integers(2, 5), rng.integers(1, 5)
        X, codes = 1e3 + rng.normal(size=(60, d)), rng.integers(0, k, 60)
        absent = rng.random((k, d)) < 0.4
        absent[rng.integers(k)] = False
        X[absent[codes]] = np.nan
        weight = rng.integers(1, 4, 60).astype(float)
        data = Data.of(X, weight, codes)

        filled = Moments.from_data(data, n_groups=k, kind="diag", missing=True).filled()

        for c, j in np.ndindex(k, d):
            own, known = codes == c, ~np.isnan(X[:, j])
            rows = own & known if (own & known).any() else known
            x, w = X[rows, j] - 1e3, weight[rows]
            mean = np.average(x, weights=w)
            assert np.broadcast_to(filled.weight.reshape(k, -1), (k, d))[c, j] == w.sum()
            assert_allclose(filled.mean[c, j] - 1e3, mean, atol=1e-12)
            assert_allclose(filled.scatter[c, j], w @ (x - mean) ** 2, atol=1e-11)


@pytest.mark.parametrize("n_groups", [3, 30])
@pytest.mark.parametrize("weighted", [False, True])
def test_sums_of_more_sparse_values_than_are_counted_at_once(n_groups, weighted, rng):
    X, codes = rng.random((2400, 500)), rng.integers(0, n_groups, 2400)
    weight = rng.integers(1, 4, 2400).astype(float) if weighted else None

    sums = GroupSum(codes, n_groups, weight)(sparse.csr_array(X))

    rows = X if weight is None else weight[:, np.newaxis] * X
    assert_allclose(sums, np.eye(n_groups)[codes].T @ rows, rtol=1e-12)
