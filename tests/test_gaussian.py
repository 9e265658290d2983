"""The Gaussian generative classifier against oracles and laws."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats
from scipy.special import expit, logsumexp, softmax
from sklearn.covariance import OAS, ledoit_wolf, shrunk_covariance
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler

from skml_lecture import GaussianGenerativeClassifier as Gaussian
from skml_lecture.distributions import MultivariateNormal
from skml_lecture.statistics import Moments

TYPES = ["tied", "full", "diag", "tied_diag", "spherical"]
TIED = ["tied", "tied_diag"]
SHRINKAGES = [None, 0.3, "oas", "auto"]
SINGULAR = pytest.mark.filterwarnings("ignore:A covariance is singular:UserWarning")


@pytest.fixture
def data(rng):
    """Three classes of unlike covariances and five features."""
    y = rng.choice(["a", "b", "c"], size=400, p=[0.5, 0.3, 0.2])
    mixing = rng.normal(size=(3, 5, 5)) / 2 + np.eye(5)
    codes = np.searchsorted(["a", "b", "c"], y)
    X = np.einsum("ij,ijk->ik", rng.normal(size=(400, 5)), mixing[codes])
    return X + rng.normal(size=(3, 5))[codes], y, rng.integers(0, 4, 400).astype(float)


def assert_same(model, other, X, rtol=1e-10):
    assert_array_equal(model.classes_, other.classes_)
    assert_allclose(model.class_prior_, other.class_prior_, rtol=rtol)
    assert_allclose(model.means_, other.means_, rtol=rtol, atol=rtol)
    assert_allclose(model.covariances_, other.covariances_, rtol=rtol, atol=rtol)
    assert_allclose(model.predict_proba(X), other.predict_proba(X), rtol=0, atol=rtol)


# Parity with scikit-learn


@pytest.fixture(params=[load_iris, load_wine, load_breast_cancer], ids=["iris", "wine", "cancer"])
def real(request):
    X, y = request.param(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.mark.parametrize("shrinkage", [None, 0.0, 0.3, 1.0, "auto"])
def test_tied_posterior_is_that_of_linear_discriminant_analysis(real, shrinkage):
    X, y = real
    if shrinkage != "auto":  # where a variance is one, its mean is: theirs shrinks by units
        X = X / np.sqrt(Gaussian("tied_diag").fit(X, y).covariances_)
    peer = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(X, y)

    model = Gaussian("tied", shrinkage=shrinkage).fit(X, y)

    assert_allclose(model.predict_proba(X), peer.predict_proba(X), rtol=0, atol=1e-8)
    assert_allclose(model.covariances_, peer.covariance_, atol=1e-12)


def test_full_posterior_is_that_of_quadratic_discriminant_analysis(real):
    X, y = real
    peer = QuadraticDiscriminantAnalysis(tol=1e-12, store_covariance=True).fit(X, y)
    counts = np.bincount(y)
    if np.allclose(peer.covariance_[0], np.cov(X[y == 0].T)):  # older releases divide by N - 1
        ratios = (counts - 1) / counts
        peer.scalings_ = [s * r for s, r in zip(peer.scalings_, ratios, strict=True)]
        peer.covariance_ = [c * r for c, r in zip(peer.covariance_, ratios, strict=True)]

    model = Gaussian("full").fit(X, y)

    assert_allclose(model.predict_proba(X), peer.predict_proba(X), rtol=0, atol=1e-8)
    assert_allclose(model.covariances_, peer.covariance_, atol=1e-12)


def test_diagonal_posterior_is_that_of_gaussian_naive_bayes(real):
    X, y = real
    peer = GaussianNB(var_smoothing=0).fit(X, y)

    model = Gaussian("diag").fit(X, y)

    assert_allclose(model.predict_proba(X), peer.predict_proba(X), rtol=0, atol=1e-8)


def test_priors_enter_the_bias_only(data):
    X, y, _ = data
    priors = np.array([0.2, 0.3, 0.5])
    model = Gaussian().fit(X, y)

    moved = Gaussian(priors=priors).fit(X, y)

    assert_allclose(moved.covariances_, model.covariances_)
    assert_allclose(moved.coef_, model.coef_)
    assert_allclose(moved.intercept_ - model.intercept_, np.log(priors / model.class_prior_))


# Covariances and shrinkage


def test_covariances_are_the_maximum_likelihood_ones(data):
    X, y, weight = data

    covariances = {kind: Gaussian(kind).fit(X, y, weight).covariances_ for kind in TYPES}

    own = np.array([np.cov(X[y == c].T, aweights=weight[y == c], ddof=0) for c in ("a", "b", "c")])
    fractions = np.array([weight[y == c].sum() for c in ("a", "b", "c")]) / weight.sum()
    pooled = np.einsum("c,cij->ij", fractions, own)
    variances = np.diagonal(own, axis1=1, axis2=2)
    assert_allclose(covariances["full"], own)
    assert_allclose(covariances["tied"], pooled)
    assert_allclose(covariances["diag"], variances)
    assert_allclose(covariances["tied_diag"], pooled.diagonal())
    assert_allclose(covariances["spherical"], variances.mean(axis=1))


@pytest.mark.parametrize("covariance_type", TYPES)
def test_no_other_parameters_are_more_likely(data, rng, covariance_type):
    X, y, _ = data
    model = Gaussian(covariance_type).fit(X, y)
    codes = np.searchsorted(model.classes_, y)
    d = X.shape[1]

    def log_likelihood(means, covariances):
        matrices = {1: lambda c: c * np.eye(d), 2: np.diag, 3: lambda c: c}
        own = covariances[np.newaxis] if covariance_type in TIED else covariances
        parts = [
            stats.multivariate_normal(means[c], matrices[own.ndim](own[c % len(own)])).logpdf(
                X[codes == c]
            )
            for c in range(3)
        ]
        return np.concatenate(parts).sum()

    at_the_fit = log_likelihood(model.means_, model.covariances_)

    for _ in range(5):
        shift = 0.05 * rng.normal(size=model.means_.shape)
        stretch = np.exp(0.05 * rng.normal(size=model.covariances_.shape))
        if model.covariances_.shape[-2:] == (d, d):
            stretch = np.exp(0.05 * rng.normal())
        assert log_likelihood(model.means_ + shift, model.covariances_) < at_the_fit
        assert log_likelihood(model.means_, model.covariances_ * stretch) < at_the_fit


@pytest.mark.parametrize("amount", [0.0, 0.4, 1.0])
def test_correlations_are_shrunk_as_by_shrunk_covariance(data, amount):
    X, y, _ = data
    plain = Gaussian("full").fit(X, y).covariances_

    covariances = Gaussian("full", shrinkage=amount).fit(X, y).covariances_

    for covariance, whole in zip(covariances, plain, strict=True):
        units = np.sqrt(np.outer(whole.diagonal(), whole.diagonal()))
        assert_allclose(covariance / units, shrunk_covariance(whole / units, amount), atol=1e-14)


def test_oas_is_that_of_scikit_learn_on_standardised_features(data):
    X, y, _ = data

    covariances = Gaussian("full", shrinkage="oas").fit(X, y).covariances_

    for covariance, c in zip(covariances, ("a", "b", "c"), strict=True):
        scaler = StandardScaler().fit(X[y == c])
        expected = OAS().fit(scaler.transform(X[y == c])).covariance_
        assert_allclose(covariance / np.outer(scaler.scale_, scaler.scale_), expected, atol=1e-13)


@pytest.mark.parametrize("shrinkage", [0.1, "oas", 1.0])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_units_do_not_change_what_is_shrunk(data, covariance_type, shrinkage):
    X, y, _ = data
    units = 10.0 ** np.arange(-4, 6, 2)
    if covariance_type == "spherical":
        units = 1e-4
    model = Gaussian(covariance_type, shrinkage=shrinkage).fit(X, y)

    scaled = Gaussian(covariance_type, shrinkage=shrinkage).fit(X * units, y)

    assert_allclose(scaled.predict_proba(X * units), model.predict_proba(X), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("covariance_type", "poorer"), [("full", "diag"), ("tied", "tied_diag")])
def test_all_the_way_is_naive_bayes(data, covariance_type, poorer):
    X, y, _ = data

    model = Gaussian(covariance_type, shrinkage=1.0).fit(X, y)

    naive = Gaussian(poorer).fit(X, y)
    assert_allclose(model.predict_proba(X), naive.predict_proba(X), rtol=0, atol=1e-12)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_factors_of_the_precisions_are_those_of_gaussian_mixtures(data, covariance_type):
    X, y, _ = data

    model = Gaussian(covariance_type).fit(X, y)

    factors = model.precisions_cholesky_
    if covariance_type in ("tied", "full"):
        precisions = factors @ np.swapaxes(factors, -1, -2)
        assert_allclose(precisions, np.linalg.inv(model.covariances_), rtol=1e-8, atol=1e-10)
        assert_array_equal(factors, np.triu(factors))
    else:
        assert_allclose(factors, 1 / np.sqrt(model.covariances_))


@SINGULAR
def test_factors_of_singular_covariances_are_triangular_too(data, rng):
    X, y, _ = data
    _, everything = dirty(X, rng)

    factors = Gaussian("full").fit(everything, y).precisions_cholesky_

    assert_array_equal(factors, np.triu(factors))
    assert np.all(np.diagonal(factors, axis1=1, axis2=2) > 0)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_ledoit_wolf_is_the_richer_estimate_reduced(data, covariance_type):
    X, y, _ = data
    own = Gaussian("full", shrinkage="auto").fit(X, y)

    model = Gaussian(covariance_type, shrinkage="auto").fit(X, y)

    pooled = np.einsum("c,cij->ij", own.class_prior_, own.covariances_)
    variances = np.diagonal(own.covariances_, axis1=1, axis2=2)
    expected = {
        "full": own.covariances_,
        "tied": pooled,
        "diag": variances,
        "tied_diag": pooled.diagonal(),
        "spherical": variances.mean(axis=1),
    }
    assert_allclose(model.covariances_, expected[covariance_type])


@pytest.mark.parametrize("seed", range(20))
def test_few_rows_are_shrunk_as_by_scikit_learn_and_no_further_than_all_the_way(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(24, 8)), np.repeat([0, 1], 12)

    model = Gaussian("full", shrinkage="auto").fit(X, y)

    for c, covariance in enumerate(model.covariances_):
        scaler = StandardScaler().fit(X[y == c])
        expected, _ = ledoit_wolf(scaler.transform(X[y == c]))
        units = np.outer(scaler.scale_, scaler.scale_)
        assert_allclose(covariance / units, expected, atol=1e-12)


@SINGULAR
@pytest.mark.parametrize("shrinkage", [None, 0.3])
@pytest.mark.parametrize("covariance_type", TYPES)
def test_the_unit_of_the_weights_does_not_matter(data, covariance_type, shrinkage):
    X, y, weight = data
    model = Gaussian(covariance_type, shrinkage=shrinkage).fit(X, y, weight)

    light = Gaussian(covariance_type, shrinkage=shrinkage).fit(X, y, weight * 2.0**-20)

    assert_same(light, model, X, rtol=1e-12)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_reg_covar_is_added_to_the_variances(data, covariance_type):
    X, y, _ = data
    plain = Gaussian(covariance_type).fit(X, y).covariances_

    covariances = Gaussian(covariance_type, reg_covar=0.5).fit(X, y).covariances_

    identity = np.eye(5) if covariance_type in {"tied", "full"} else 1.0
    assert_allclose(covariances, plain + 0.5 * identity)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_densities_of_moments_are_those_of_the_model(data, covariance_type):
    X, y, weight = data
    model = Gaussian(covariance_type).fit(X, y, weight)
    moments = Moments.from_samples(X, weight, groups=np.searchsorted(model.classes_, y))

    densities = MultivariateNormal.of(moments, covariance_type)

    expected = model.predict_joint_log_proba(X) - model.class_log_prior_
    assert_allclose(densities.log_density(X), expected, rtol=1e-12)
    numbers = np.concatenate([densities.means.ravel(), densities.covariances.ravel()])
    assert densities.n_parameters == len(np.unique(numbers.round(12)))  # a matrix is symmetric


# Densities, posteriors and draws


@pytest.mark.parametrize("covariance_type", TYPES)
def test_joint_is_prior_times_the_density_of_scipy(data, covariance_type):
    X, y, _ = data
    model = Gaussian(covariance_type).fit(X, y)

    log_joint = model.predict_joint_log_proba(X)

    covariances = model.covariances_
    if covariance_type in TIED:
        covariances = np.stack([covariances] * 3)
    if covariance_type in {"diag", "tied_diag"}:
        covariances = [np.diag(variances) for variances in covariances]
    for c in range(3):
        density = stats.multivariate_normal(model.means_[c], covariances[c])
        assert_allclose(log_joint[:, c], np.log(model.class_prior_[c]) + density.logpdf(X))
    assert_allclose(model.score_samples(X), logsumexp(log_joint, axis=1))


@pytest.mark.parametrize("covariance_type", TYPES)
def test_posterior_is_the_normalised_joint(data, covariance_type):
    X, y, _ = data
    model = Gaussian(covariance_type).fit(X, y)

    log_joint = model.predict_joint_log_proba(X)

    assert_allclose(model.predict_proba(X), softmax(log_joint, axis=1), atol=1e-12)


@pytest.mark.parametrize("covariance_type", TIED)
@pytest.mark.parametrize("labels", ["ab", "abc"])
def test_tied_posterior_is_the_softmax_of_linear_scores(data, covariance_type, labels):
    X, y, _ = data
    rows = np.isin(y, list(labels))
    model = Gaussian(covariance_type).fit(X[rows], y[rows])

    P = model.predict_proba(X)

    z = X @ model.coef_.T + model.intercept_
    expected = np.hstack([expit(-z), expit(z)]) if labels == "ab" else softmax(z, axis=1)
    assert model.coef_.shape == ((1, 5) if labels == "ab" else (3, 5))
    assert_allclose(P, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("covariance_type", TIED)
def test_tied_log_odds_are_linear(data, rng, covariance_type):
    X, y, _ = data
    model = Gaussian(covariance_type).fit(X, y)
    start, step = rng.normal(size=(2, 5))

    log_joint = model.predict_joint_log_proba(start + step * np.arange(-5, 6)[:, np.newaxis])

    log_odds = log_joint[:, 1:] - log_joint[:, [0]]
    assert_allclose(np.diff(log_odds, n=2, axis=0), 0, atol=1e-9)


def test_own_covariances_have_no_linear_scores(data):
    X, y, _ = data
    model = Gaussian("tied").fit(X, y)

    model.set_params(covariance_type="full").fit(X, y)

    assert not hasattr(model, "coef_")
    assert not hasattr(model, "intercept_")


@pytest.mark.parametrize("covariance_type", TYPES)
def test_draws_refit_to_the_parameters(data, covariance_type):
    X, y, _ = data
    model = Gaussian(covariance_type).fit(X, y)
    n = 100_000

    again = Gaussian(covariance_type).fit(*model.sample(n, random_state=0))

    spread = np.sqrt(np.max(model.covariances_))
    assert_allclose(again.class_prior_, model.class_prior_, atol=5 / np.sqrt(n))
    assert_allclose(again.means_, model.means_, atol=5 * spread / np.sqrt(n * 0.2))
    assert_allclose(
        again.covariances_, model.covariances_, atol=5 * spread**2 * np.sqrt(2 / (n * 0.2))
    )


def test_affine_maps_of_the_rows_change_no_posterior(data, rng):
    X, y, _ = data
    A, b = rng.normal(size=(5, 5)), rng.normal(size=5)

    for covariance_type in ("tied", "full"):
        plain = Gaussian(covariance_type).fit(X, y).predict_proba(X)
        mapped = Gaussian(covariance_type).fit(X @ A + b, y).predict_proba(X @ A + b)
        assert_allclose(mapped, plain, rtol=0, atol=1e-8)


@pytest.mark.parametrize("covariance_type", ["tied", "full", "diag", "tied_diag"])
def test_units_change_no_posterior(data, covariance_type):
    X, y, _ = data
    units = np.array([1e6, 1e-3, 1.0, 1e-9, 1e9])

    scaled = Gaussian(covariance_type).fit(X * units, y)

    plain = Gaussian(covariance_type).fit(X, y)
    assert_allclose(scaled.predict_proba(X * units), plain.predict_proba(X), rtol=0, atol=1e-10)
    assert_array_equal(scaled.rank_, plain.rank_)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_rows_far_from_the_origin_lose_only_their_own_digits(data, covariance_type):
    X, y, _ = data
    X = X.round(6)  # 1e7 keeps eight digits of the fraction

    far = Gaussian(covariance_type).fit(X + 1e7, y)

    near = Gaussian(covariance_type).fit(X, y)
    assert_allclose(far.covariances_, near.covariances_, atol=1e-7)
    assert_allclose(far.predict_proba(X + 1e7), near.predict_proba(X), rtol=0, atol=1e-6)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_rows_too_far_for_floats_still_have_a_posterior(data, covariance_type):
    X, y, _ = data
    model = Gaussian(covariance_type).fit(X, y)

    P = model.predict_proba(np.full((1, 5), 1e200))

    assert np.isfinite(P).all()


# Statistics that add


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.sampled_from([None, 0.3, "oas"]))
@pytest.mark.parametrize("covariance_type", TYPES)
@SINGULAR
def test_chunks_and_merged_parts_equal_one_fit(covariance_type, seed, n_cuts, shrinkage):
    rng = np.random.default_rng(seed)
    y = np.sort(rng.integers(0, 3, 60)) if seed % 2 else rng.integers(0, 3, 60)
    X, weight = rng.normal(size=(60, 3)) + y[:, np.newaxis] + 50, rng.integers(0, 3, 60)
    parts = np.split(np.arange(60), np.unique(rng.integers(1, 60, n_cuts)))
    parts = [rows for rows in parts if weight[rows].any()]
    model = Gaussian(covariance_type, shrinkage=shrinkage)

    chunks, merged = Gaussian(covariance_type, shrinkage=shrinkage), None
    for rows in parts:
        chunks.partial_fit(X[rows], y[rows], sample_weight=weight[rows])
        part = Gaussian(covariance_type, shrinkage=shrinkage).partial_fit(
            X[rows], y[rows], sample_weight=weight[rows]
        )
        merged = merged.merge(part) if merged else part

    model.fit(X, y, weight)
    assert_same(chunks, model, X)
    assert_same(merged, model, X)


@pytest.mark.parametrize("shrinkage", SHRINKAGES)
@pytest.mark.parametrize("covariance_type", TYPES)
def test_weight_is_repetition(data, covariance_type, shrinkage):
    X, y, weight = data
    model = Gaussian(covariance_type, shrinkage=shrinkage)

    weighted = model.fit(X, y, weight).predict_proba(X)

    repeats = weight.astype(int)
    repeated = model.fit(np.repeat(X, repeats, axis=0), np.repeat(y, repeats)).predict_proba(X)
    assert_allclose(weighted, repeated, rtol=0, atol=1e-10)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_many_blocks_of_rows_equal_small_chunks(rng, covariance_type):
    y = rng.integers(0, 3, 20_000)
    X = rng.normal(size=(20_000, 60)) + rng.normal(size=(3, 60))[y]

    model = Gaussian(covariance_type).fit(X, y)

    chunks = Gaussian(covariance_type)
    for rows in np.array_split(np.arange(20_000), 5):
        chunks.partial_fit(X[rows], y[rows])
    assert_same(chunks, model, X)


@pytest.mark.parametrize(
    ("richer", "poorer"),
    [("full", kind) for kind in TYPES]
    + [("tied", "tied_diag"), ("diag", "tied_diag"), ("diag", "spherical"), ("spherical", "diag")],
)
def test_refit_to_a_poorer_type(data, richer, poorer):
    X, y, weight = data
    model = Gaussian(richer).fit(X, y, weight)

    model.set_params(covariance_type=poorer).refit()

    assert_same(model, Gaussian(poorer).fit(X, y, weight), X)


@pytest.mark.parametrize(
    "changed",
    [{"priors": [0.2, 0.2, 0.6]}, {"shrinkage": 0.5}, {"shrinkage": "oas"}, {"reg_covar": 2}],
)
@pytest.mark.parametrize("covariance_type", TYPES)
def test_refit_reads_the_new_hyper_parameters(data, covariance_type, changed):
    X, y, weight = data
    model = Gaussian(covariance_type).fit(X, y, weight)

    model.set_params(**changed).refit()

    assert_same(model, Gaussian(covariance_type, **changed).fit(X, y, weight), X)


def test_ledoit_wolf_needs_all_rows(data):
    X, y, _ = data
    model = Gaussian(shrinkage="auto").fit(X, y)

    assert not hasattr(model, "partial_fit")
    with pytest.raises(ValueError, match="needs all rows at once"):
        model.refit()
    with pytest.raises(ValueError, match="needs all rows at once"):
        model.merge(Gaussian().fit(X, y))
    with pytest.raises(ValueError, match="needs all rows at once"):
        Gaussian().fit(X, y).set_params(shrinkage="auto").refit()
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        model.fit(sparse.csr_array(X), y)


@SINGULAR
def test_a_fit_by_ledoit_wolf_goes_on_under_another_shrinkage(data):
    X, y, _ = data
    model = Gaussian("full", shrinkage="auto").fit(X[:200], y[:200])

    model.set_params(shrinkage=0.2).partial_fit(X[200:], y[200:])

    assert_same(model, Gaussian("full", shrinkage=0.2).fit(X, y), X)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_late_class_is_learnt(data, covariance_type):
    X, y, _ = data
    model = Gaussian(covariance_type).partial_fit(X[y == "a"], y[y == "a"], classes=["a", "b", "c"])

    first = model.predict_proba(X)
    model.partial_fit(X[y != "a"], y[y != "a"])

    assert_array_equal(first, np.tile([1, 0, 0], (400, 1)))
    assert_same(model, Gaussian(covariance_type).fit(X, y), X)


# Singular covariances


def dirty(X, rng):
    """Return the rows with columns that add nothing: constant, repeated, one-hot, a sum."""
    block = np.eye(3)[rng.integers(0, 3, len(X))]
    useful = np.hstack([X, block[:, :2]])
    return useful, np.hstack(
        [
            useful,
            np.full((len(X), 2), [0.1, 0.0]),
            X[:, :2],
            block[:, 2:],
            X[:, :3].sum(axis=1, keepdims=True),
        ]
    )


@pytest.mark.parametrize("covariance_type", ["tied", "full"])
def test_columns_that_add_nothing_change_no_posterior(data, rng, covariance_type):
    X, y, _ = data
    useful, everything = dirty(X, rng)
    model = Gaussian(covariance_type)

    with pytest.warns(UserWarning, match="singular: rank 7 of 13 features") as record:
        P = model.fit(everything, y).predict_proba(everything)

    assert len(record) == 1
    assert np.all(model.rank_ == 7)
    assert_allclose(P, Gaussian(covariance_type).fit(useful, y).predict_proba(useful), atol=1e-8)


@pytest.mark.parametrize("covariance_type", ["tied", "full"])
@pytest.mark.parametrize("gap", [1e-3, 1e-6])
def test_nearly_collinear_column_keeps_its_rank(data, rng, covariance_type, gap):
    X, y, _ = data
    extra = rng.normal(size=(400, 1)) + (y == "b")[:, np.newaxis]

    model = Gaussian(covariance_type).fit(np.hstack([X, X[:, :1] + gap * extra]), y)

    P = model.predict_proba(np.hstack([X, X[:, :1] + gap * extra]))
    plain = Gaussian(covariance_type).fit(np.hstack([X, extra]), y)
    assert np.all(model.rank_ == 6)
    assert_allclose(P, plain.predict_proba(np.hstack([X, extra])), rtol=0, atol=1e-14 / gap**2)


def by_pseudo_inverse(X, y, X_test, covariance_type):
    """Return what a pseudo-inverse that ignores the null directions predicts."""
    classes, counts = np.unique(y, return_counts=True)
    means = np.array([X[y == c].mean(axis=0) for c in classes])
    own = np.array([np.cov(X[y == c].T, ddof=0) for c in classes])
    if covariance_type == "tied":
        own = np.stack([np.einsum("c,cij->ij", counts / len(y), own)] * len(classes))
    scores = []
    for mean, covariance, count in zip(means, own, counts, strict=True):
        values, vectors = np.linalg.eigh(covariance)
        kept = values > 1e-12 * values[-1]
        Z = (X_test - mean) @ (vectors[:, kept] / np.sqrt(values[kept]))
        scores.append(np.log(count) - (np.sum(Z**2, axis=1) + np.log(values[kept]).sum()) / 2)
    return classes[np.argmax(scores, axis=0)]


@SINGULAR
@pytest.mark.parametrize("covariance_type", ["tied", "full"])
@pytest.mark.parametrize("n_train", [50, 150, 900])
def test_singular_covariances_are_no_less_accurate_than_a_pseudo_inverse(covariance_type, n_train):
    X, y = load_digits(return_X_y=True)  # 64 features; some pixels are never inked
    order = np.random.default_rng(0).permutation(len(y))
    train, test = order[:n_train], order[900:]

    right = Gaussian(covariance_type).fit(X[train], y[train]).predict(X[test]) == y[test]

    peer = by_pseudo_inverse(X[train], y[train], X[test], covariance_type) == y[test]
    assert right.sum() >= peer.sum() - 1  # of 897: a row at the boundary may fall either way


@SINGULAR
@pytest.mark.parametrize("covariance_type", ["tied", "full"])
def test_training_rows_fewer_than_features_are_told_apart(rng, covariance_type):
    X, y = rng.normal(size=(30, 100)), np.arange(30) % 3

    model = Gaussian(covariance_type).fit(X, y)

    assert_array_equal(model.predict(X), y)
    assert np.isfinite(model.predict_joint_log_proba(X)).all()


@SINGULAR
@pytest.mark.parametrize("shrinkage", SHRINKAGES)
@pytest.mark.parametrize("covariance_type", TYPES)
def test_class_of_one_row_is_found_again(data, covariance_type, shrinkage):
    X, y, _ = data
    X, y = np.vstack([X, np.full(5, 30.0)]), np.append(y, "z")

    model = Gaussian(covariance_type, shrinkage=shrinkage).fit(X, y)

    assert model.predict(X[-1:]) == "z"
    assert np.isfinite(model.predict_joint_log_proba(X)).all()


@SINGULAR
@pytest.mark.parametrize("covariance_type", TYPES)
def test_constant_rows_leave_the_prior(covariance_type):
    X, y = np.full((9, 3), 0.1), np.arange(9) % 3

    model = Gaussian(covariance_type, priors=[0.2, 0.3, 0.5]).fit(X, y)

    assert_allclose(model.predict_proba(X), np.tile([0.2, 0.3, 0.5], (9, 1)), atol=1e-12)
    assert np.all(model.rank_ == 0)


def test_regularisation_restores_the_rank(data, rng):
    X, y, _ = data
    _, everything = dirty(X, rng)

    assert np.all(Gaussian("full", reg_covar=1e-3).fit(everything, y).rank_ == 13)
    varying = everything[:, everything.std(axis=0) > 1e-12]
    for shrinkage in (0.1, "oas"):
        assert np.all(Gaussian("full", shrinkage=shrinkage).fit(varying, y).rank_ == 11)


# Kinds of input


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("shrinkage", [None, 0.3, "oas"])
def test_sparse_rows_give_the_model_of_dense_ones(rng, covariance_type, shrinkage):
    X = sparse.random(500, 8, density=0.4, random_state=0, format="csc")
    y, weight = rng.integers(0, 3, 500), rng.integers(0, 3, 500)

    model = Gaussian(covariance_type, shrinkage=shrinkage).fit(X, y, weight)

    dense = Gaussian(covariance_type, shrinkage=shrinkage).fit(X.toarray(), y, weight)
    assert_same(model, dense, X.toarray())
    assert_allclose(model.predict_proba(X), dense.predict_proba(X.toarray()), atol=1e-10)
    assert_allclose(model.score_samples(X), dense.score_samples(X.toarray()))


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("spread", [1e-6, 1e-3, 1.0, 1e3])
def test_sparse_rows_far_from_zero_in_spreads_keep_their_digits(rng, covariance_type, spread):
    y = np.arange(90) % 3
    X = rng.normal(size=(90, 4)) * spread + 1 + spread * y[:, np.newaxis]
    X[:, :2] *= rng.random((90, 2)) < 0.5
    model = Gaussian(covariance_type).fit(X, y)

    log_joint = model.predict_joint_log_proba(sparse.csr_array(X))

    assert_allclose(log_joint, model.predict_joint_log_proba(X), rtol=1e-10)


@pytest.mark.parametrize("covariance_type", TYPES)
def test_single_precision_rows_are_summed_in_double(data, covariance_type):
    X, y, _ = data
    X = X.astype(np.float32)

    model = Gaussian(covariance_type).fit(X, y)

    assert_same(model, Gaussian(covariance_type).fit(X.astype(float), y), X, rtol=1e-12)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_give_the_model_of_arrays(data, frame):
    X, y, _ = data
    table = frame(dict(zip("vwxyz", X.T, strict=True)))

    model = Gaussian().fit(table, y)

    assert_allclose(model.predict_proba(table), Gaussian().fit(X, y).predict_proba(X))


def test_renamed_or_reordered_columns_are_refused(data):
    X, y, _ = data
    table = pd.DataFrame(X, columns=list("vwxyz"))
    model = Gaussian().fit(table, y)

    for other in (table[["w", "v", "x", "y", "z"]], table.rename(columns={"v": "u"})):
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(other)
        with pytest.raises(ValueError, match="feature names should match"):
            model.partial_fit(other, y)
    with pytest.raises(ValueError, match="same feature names"):
        model.merge(Gaussian().fit(other, y))


# Bad input


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"covariance_type": "shared"}, "covariance_type must be one of 'tied', 'full', 'diag'"),
        ({"shrinkage": -0.1}, r"shrinkage must be None, a number in \[0, 1\]"),
        ({"shrinkage": 1.5}, "shrinkage"),
        ({"shrinkage": np.nan}, "shrinkage"),
        ({"shrinkage": "ledoit"}, "'oas' or 'auto', got 'ledoit'"),
        ({"reg_covar": -1.0}, "reg_covar must be a number >= 0, got -1"),
        ({"reg_covar": np.inf}, "reg_covar"),
        ({"priors": [0.5, 0.5]}, "one entry per class"),
        ({"priors": [0.5, 0.4, 0.2]}, "sum to 1"),
        ({"priors": [1.2, -0.1, -0.1]}, "non-negative"),
    ],
)
def test_bad_parameters_are_refused(data, parameters, message):
    X, y, _ = data

    with pytest.raises(ValueError, match=message):
        Gaussian(**parameters).fit(X, y)


def spoilt(X, value):
    X = X.copy()
    X[7, 3] = value
    return X


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize(
    ("value", "message"), [(np.nan, "X contains NaN"), (np.inf, "infinity"), (1e200, "overflow")]
)
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_rows_that_are_not_finite_leave_the_model_as_it_was(
    data, covariance_type, value, message, kind
):
    X, y, _ = data
    model = Gaussian(covariance_type).fit(X, y)
    before = vars(model).copy()

    for method in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            method(kind(spoilt(X, value)), y)

    assert all(vars(model)[name] is kept for name, kept in before.items())


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_rows_of_no_weight_must_be_finite_too(data, value, kind):
    X, y, weight = data
    weight = np.where(np.arange(len(y)) == 7, 0.0, weight)

    with pytest.raises(ValueError, match="Input X contains"):
        Gaussian().fit(kind(spoilt(X, value)), y, weight)


@pytest.mark.parametrize("covariance_type", TYPES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_rows_to_predict_must_be_finite(data, covariance_type, value):
    X, y, _ = data
    model = Gaussian(covariance_type).fit(X, y)

    for method in (model.predict, model.predict_proba, model.predict_joint_log_proba):
        with pytest.raises(ValueError, match="Input X contains"):
            method(spoilt(X, value))


def test_failed_calls_leave_the_model_as_it_was(data):
    X, y, _ = data
    model = Gaussian("tied").fit(X, y)
    P = model.predict_proba(X)

    with pytest.raises(ValueError, match="do not determine"):
        model.set_params(covariance_type="full").refit()
    model.set_params(covariance_type="tied")
    with pytest.raises(ValueError, match="do not determine"):
        Gaussian("full").fit(X, y).merge(model)
    with pytest.raises(TypeError, match="merge needs another"):
        model.merge(GaussianNB().fit(X, y))

    assert_array_equal(model.predict_proba(X), P)


@pytest.mark.filterwarnings("ignore:A covariance is singular")
@pytest.mark.parametrize("covariance_type", ["tied", "full"])
@pytest.mark.parametrize("size", [1.0, 30.0, 100.0])
@pytest.mark.parametrize("seed", range(10))
def test_the_rank_of_what_is_left_is_that_of_a_fit_on_it(covariance_type, size, seed):
    rng = np.random.default_rng(seed)
    X, y, kept = rng.normal(size=(40, 4)), np.arange(40) % 2, 6 if seed % 2 else 20
    X[:kept, 1] = 2 * X[:kept, 0]
    X[kept:] *= size
    model = Gaussian(covariance_type).fit(X, y)

    model.forget(X[kept:], y[kept:])

    rest = Gaussian(covariance_type).fit(X[:kept], y[:kept])
    assert_array_equal(model.rank_, rest.rank_)
    assert_allclose(model.predict_joint_log_proba(X), rest.predict_joint_log_proba(X), rtol=1e-5)


@pytest.mark.parametrize("poorer", ["full", "tied", "diag", "tied_diag", "spherical"])
@pytest.mark.parametrize("first", [{"covariance_type": "full"}, {"shrinkage": "auto"}])
def test_what_is_kept_of_a_richer_type_goes_on_as_a_poorer_one(rng, first, poorer):
    X, y = rng.normal(size=(60, 3)), np.arange(60) % 3
    model = Gaussian(**first).fit(X[:40], y[:40])
    model.set_params(covariance_type=poorer, shrinkage=None)

    model.partial_fit(X[40:], y[40:]).forget(X[:10], y[:10])

    expected = Gaussian(poorer).fit(X[10:], y[10:])
    assert_allclose(model.predict_proba(X), expected.predict_proba(X), rtol=1e-9)
    assert_allclose(model.covariances_, expected.covariances_, rtol=1e-9, atol=1e-12)
