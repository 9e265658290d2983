"""Class moments: parts add up to the whole, whatever the scatter that is kept."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import sparse

from skml_lecture.statistics import ClassMoments

KINDS = ["full", "tied", "diag", "tied_diag"]


@pytest.fixture(params=[0.0, 1e8], ids=["centred", "far away"])
def data(request, rng):
    codes = rng.integers(0, 4, 2000)
    X = rng.normal(size=(2000, 5)) + 3 * rng.normal(size=(4, 5))[codes] + request.param
    return X, codes, rng.integers(0, 3, 2000).astype(float)


def exact(X, codes, weight):
    """Return the means, minus the first row, and scatters of four classes in extended precision."""
    Z = X.astype(np.longdouble) - X[0]
    means = np.array(
        [np.average(Z[codes == c], axis=0, weights=weight[codes == c]) for c in range(4)]
    )
    R = (Z - means[codes]) * np.sqrt(weight)[:, np.newaxis]
    scatter = np.array([R[codes == c].T @ R[codes == c] for c in range(4)])
    return means.astype(float), ClassMoments(None, None, None, scatter.astype(float), "full")


@pytest.mark.parametrize("kind", KINDS)
def test_moments_are_those_of_the_definition(data, kind):
    X, codes, weight = data

    moments = ClassMoments.from_samples(X, codes, 4, weight, kind=kind)

    means, scatter = exact(X, codes, weight)
    expected = scatter.reduced(kind).scatter
    assert_allclose(moments.weight, np.bincount(codes, weight))
    assert_allclose(moments.origin - X[0] + moments.offset, means, atol=1e-12)
    assert_allclose(moments.scatter, expected, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cuts", [[1, 2, 3], [7, 1000], [500, 500, 1999]])
def test_parts_add_up_to_the_whole(data, kind, cuts):
    X, codes, weight = data
    parts = [
        ClassMoments.from_samples(X[rows], codes[rows], 4, weight[rows], kind=kind)
        for rows in np.split(np.arange(len(X)), cuts)
    ]

    whole = sum(parts[1:], parts[0])

    expected = ClassMoments.from_samples(X, codes, 4, weight, kind=kind)
    assert_allclose(whole.weight, expected.weight)
    difference = (whole.origin - expected.origin) + (whole.offset - expected.offset)
    assert_allclose(difference, 0, atol=1e-12)
    assert_allclose(whole.scatter, expected.scatter, atol=1e-12 * np.abs(expected.scatter).max())


@pytest.mark.parametrize("kind", KINDS)
def test_classes_one_after_the_other_are_the_same(data, kind):
    X, codes, _ = data
    order = np.argsort(codes, kind="stable")

    moments = ClassMoments.from_samples(X[order], codes[order], 4, kind=kind)

    expected = ClassMoments.from_samples(X, codes, 4, kind=kind)
    assert_allclose(moments.scatter, expected.scatter, atol=1e-12 * np.abs(expected.scatter).max())


@pytest.mark.parametrize("kind", KINDS)
def test_class_without_rows_is_empty(data, kind):
    X, codes, _ = data

    moments = ClassMoments.from_samples(X, 2 * codes, 8, kind=kind)

    expected = ClassMoments.from_samples(X, codes, 4, kind=kind)
    assert_allclose(moments.weight, expected.expanded(2 * np.arange(4), 8).weight)
    assert_allclose(moments.scatter, expected.expanded(2 * np.arange(4), 8).scatter)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("weighted", [False, True])
def test_sparse_rows_are_summarised_as_dense_ones(rng, kind, weighted):
    X = sparse.random(300, 6, density=0.3, random_state=0, format="csr")
    X = sparse.csr_array(sparse.hstack([X, np.full((300, 1), 7.0)]))
    codes = rng.integers(0, 3, 300)
    weight = rng.integers(0, 3, 300).astype(float) if weighted else None

    moments = ClassMoments.from_samples(X, codes, 3, weight, kind=kind)

    expected = ClassMoments.from_samples(X.toarray(), codes, 3, weight, kind=kind)
    assert_allclose(moments.weight, expected.weight)
    assert_allclose(moments.mean, expected.mean)
    assert_allclose(moments.scatter, expected.scatter, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_wide_rows_and_many_classes_are_those_of_the_definition(rng, kind):
    X, codes = rng.normal(size=(300, 600)), rng.integers(0, 40, 300)

    moments = ClassMoments.from_samples(X, codes, 40, kind=kind)

    R = X - moments.mean[codes]
    scatter = np.array([R[codes == c].T @ R[codes == c] for c in range(40)])
    expected = ClassMoments(None, None, None, scatter, "full").reduced(kind)
    assert_allclose(moments.scatter, expected.scatter, atol=1e-10)


def test_poorer_scatters_do_not_tell_the_richer():
    moments = ClassMoments.from_samples(np.eye(3), np.array([0, 1, 1]), 2, kind="tied")

    with pytest.raises(ValueError, match="'tied' do not determine those of kind 'diag'"):
        moments.reduced("diag")
