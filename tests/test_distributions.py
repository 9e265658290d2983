from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse, stats
from sklearn.naive_bayes import CategoricalNB, MultinomialNB

from skml_lecture.data.table import Table
from skml_lecture.distributions import (
    Automatic,
    Bernoulli,
    Categorical,
    Distribution,
    Gaussian,
    Histogram,
    Multinomial,
    Poisson,
)
from skml_lecture.statistics import ColumnSums, Tally

N_CLASSES = 3


class Exponential(Distribution):
    """Waiting times: a family of the tests' own."""

    def parameters(self, statistic):
        return {"rate": statistic.weight / statistic.sums[0]}

    def log_density(self, X, rate):
        return np.log(rate) - rate * X

    def sample(self, random_state, rate):
        return random_state.exponential(1 / rate)


FAMILIES = [
    Gaussian(),
    Bernoulli(),
    Categorical(),
    Poisson(),
    Multinomial(),
    Histogram(),
    Exponential(),
    Automatic(),
]
UNSMOOTHED = [
    Gaussian(),
    *(family(smoothing=0) for family in (Bernoulli, Categorical, Poisson, Multinomial, Histogram)),
]
SHARED = {"values", "edges"}  # parameters that all classes have in common
DRAWN = {  # rows that each family takes
    Gaussian: lambda rng, shape: rng.normal(3, 2, shape),
    Bernoulli: lambda rng, shape: rng.integers(0, 2, shape) * 1.0,
    Categorical: lambda rng, shape: rng.integers(0, 4, shape) * 1.0,
    Poisson: lambda rng, shape: rng.poisson(2, shape) * 1.0,
    Multinomial: lambda rng, shape: rng.poisson(2, shape) * 1.0,
    Histogram: lambda rng, shape: rng.normal(3, 2, shape),
    Exponential: lambda rng, shape: rng.exponential(2, shape),
    Automatic: lambda rng, shape: rng.integers(0, 2, shape) + rng.normal(size=shape[1]).round(),
}


def draw(family, rng, shape=(90, 4), missing=0.1):
    X = DRAWN[type(family)](rng, shape)
    X[rng.random(shape) < missing] = np.nan
    return X, rng.integers(0, N_CLASSES, shape[0]), rng.integers(1, 4, shape[0]) * 0.5


def tables(family, statistic):
    """Return what the parameters are, as arrays."""
    found = []
    for member, _, part in family.resolve(statistic):
        parameters = member.parameters(part.filled())
        parameters.pop("remainder", None)  # below the last digit of a mean
        values = list(parameters.values())
        if isinstance(member, Categorical | Histogram):
            values = [np.concatenate(parameters["probability"], axis=1)]
        found += values
    return found


def each_family(function):
    return pytest.mark.parametrize(
        "family", FAMILIES, ids=lambda family: type(family).__name__.lower()
    )(function)


@each_family
def test_parts_added_are_the_whole(family, rng):
    X, codes, weight = draw(family, rng)
    edges = [0, 1, 20, 21, 60, 90]
    parts = [
        family.summarize(Table(X[a:b]), codes[a:b], N_CLASSES, weight[a:b])
        for a, b in pairwise(edges)
    ]

    whole = tables(family, family.summarize(Table(X), codes, N_CLASSES, weight))
    left = tables(family, parts[0] + parts[1] + parts[2] + parts[3] + parts[4])
    right = tables(family, parts[0] + (parts[1] + (parts[2] + (parts[3] + parts[4]))))

    for table, one, other in zip(whole, left, right, strict=True):
        assert_allclose(one, table, rtol=1e-12)
        assert_allclose(other, table, rtol=1e-12)


@each_family
@pytest.mark.parametrize("factor", [0.25, 3.0])
def test_a_factor_multiplies_the_weights(family, factor, rng):
    X, codes, weight = draw(family, rng)

    scaled = family.summarize(Table(X), codes, N_CLASSES, weight) * factor

    expected = family.summarize(Table(X), codes, N_CLASSES, weight * factor)
    for ours, theirs in zip(tables(family, scaled), tables(family, expected), strict=True):
        assert_allclose(ours, theirs, rtol=1e-12)
    assert_allclose(scaled.weight, expected.weight)


@each_family
def test_the_whole_less_a_part_is_the_rest(family, rng):
    for _ in range(5):
        X, codes, weight = draw(family, rng)
        gone = (rng.random(90) < 0.3) | (codes == 1)  # of one class nothing is left
        whole, part, rest = (
            family.summarize(Table(X[rows]), codes[rows], N_CLASSES, weight[rows])
            for rows in (slice(None), gone, ~gone)
        )

        left = whole - part

        for ours, theirs in zip(tables(family, left), tables(family, rest), strict=True):
            assert_allclose(ours, theirs, rtol=1e-9)
        for ours, theirs in zip(tables(family, left + part), tables(family, whole), strict=True):
            assert_allclose(ours, theirs, rtol=1e-9)


def test_tallies_add_value_by_value_whichever_each_has(rng):
    for _ in range(50):
        parts = [
            Tally(sorted(rng.permutation([*"abcd"])[:m].tolist()), rng.integers(1, 9, (2, m)) * 1.0)
            for m in rng.integers(1, 5, 2)
        ]

        total = parts[0] + parts[1]

        assert total.values == sorted({*parts[0].values, *parts[1].values})
        for value, counts in zip(total.values, total.counts.T, strict=True):
            of_parts = [p.counts[:, p.values.index(value)] for p in parts if value in p.values]
            assert_array_equal(counts, np.sum(of_parts, axis=0))


def test_of_sums_the_rest_is_left_and_of_nothing_no_rounding(rng):
    for _ in range(50):
        a, b = (ColumnSums(rng.random((2, 3)), 1e16 * rng.random((1, 2, 3))) for _ in range(2))

        assert_allclose((a + b - a).sums, b.sums, rtol=1e-12, atol=100)
        assert_array_equal((a + b - a - b).sums, 0)


@each_family
def test_weights_are_repetitions(family, rng):
    X, codes, weight = draw(family, rng)
    times = (weight * 2).astype(int)
    rows = np.repeat(np.arange(len(X)), times)

    weighted = family.summarize(Table(X), codes, N_CLASSES, times * 1.0)
    repeated = family.summarize(Table(X[rows]), codes[rows], N_CLASSES)

    for ours, theirs in zip(tables(family, weighted), tables(family, repeated), strict=True):
        assert_allclose(ours, theirs, rtol=1e-12)


@each_family
def test_a_class_without_rows_is_the_identity(family, rng):
    X, codes, weight = draw(family, rng)
    statistic = family.summarize(Table(X), codes, N_CLASSES, weight)
    positions = np.array([0, 2, 4])

    spread = statistic.expanded(positions, 5)

    assert_array_equal(spread.weight[positions], statistic.weight)
    assert not spread.weight[[1, 3]].any()
    for ours, theirs in zip(
        tables(family, spread + spread), tables(family, statistic + statistic), strict=True
    ):
        assert_allclose(ours[positions[: len(theirs)]], theirs, rtol=1e-12)


@each_family
def test_score_is_the_sum_of_the_contributions(family, rng):
    X, codes, weight = draw(family, rng)
    statistic = family.summarize(Table(X), codes, N_CLASSES, weight)
    for member, columns, part in family.resolve(statistic):
        parameters = member.parameters(part.filled())

        score = member.scorer(member.table(parameters), {})(X[:, columns])
        terms = member.contributions(X[:, columns], member.table(parameters), {})

        assert_allclose(score, terms.sum(axis=2), rtol=1e-10, atol=1e-12)


@each_family
def test_the_density_of_a_class_is_what_it_contributes(family, rng):
    X, codes, weight = draw(family, rng, missing=0)
    statistic = family.summarize(Table(X), codes, N_CLASSES, weight)
    for member, columns, part in family.resolve(statistic):
        parameters = member.parameters(part.filled())
        terms = member.contributions(X[:, columns], member.table(parameters), {})

        for c in range(N_CLASSES):
            own = {name: value[c] for name, value in parameters.items() if name not in SHARED}
            if isinstance(member, Categorical | Histogram):
                own["probability"] = [chances[c] for chances in parameters["probability"]]
            shared = {name: value for name, value in parameters.items() if name in SHARED}

            density = member.log_density(X[:, columns], **own, **shared)

            assert_allclose(terms[:, c], density, rtol=1e-12)


@pytest.mark.parametrize("factor", [2.0**-20, 2.0**20])
@pytest.mark.parametrize("family", UNSMOOTHED, ids=lambda family: type(family).__name__.lower())
def test_the_unit_of_the_weights_does_not_matter_without_smoothing(family, factor, rng):
    X, codes, weight = draw(family, rng)
    X[codes == 1] = 0  # as of a class without any count

    one, other = (
        tables(family, family.summarize(Table(X), codes, N_CLASSES, weight * unit))
        for unit in (1.0, factor)
    )

    for ours, theirs in zip(one, other, strict=True):
        assert_array_equal(ours, theirs)


@each_family
def test_missing_values_say_nothing(family, rng):
    X, codes, weight = draw(family, rng, missing=0)
    statistic = family.summarize(Table(X), codes, N_CLASSES, weight)
    for member, columns, part in family.resolve(statistic):
        parameters = member.parameters(part.filled())
        gone = np.full((1, len(columns)), np.nan)

        assert_array_equal(member.contributions(gone, member.table(parameters), {}), 0.0)
        assert_allclose(member.scorer(member.table(parameters), {})(gone), 0.0, atol=1e-12)


@each_family
def test_draws_come_back_as_parameters(family):
    rng = np.random.RandomState(0)
    X, codes, weight = draw(family, np.random.default_rng(1), missing=0)
    statistic = family.summarize(Table(X), codes, N_CLASSES, weight)
    many = np.repeat(np.arange(N_CLASSES), 40_000)
    for member, _, part in family.resolve(statistic):
        parameters = member.parameters(part.filled())

        drawn = np.stack(member.draw(parameters, many, rng), axis=1).astype(float)

        again = member.summarize(Table(drawn), many, N_CLASSES)
        for ours, theirs in zip(tables(member, again), tables(member, part), strict=True):
            assert_allclose(ours, theirs, rtol=0.05, atol=0.04)


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("family", [f for f in FAMILIES if f.accepts_sparse])
def test_sparse_rows_are_dense_rows(family, missing, rng):
    X, codes, weight = draw(family, rng, missing=missing)
    X *= rng.random(X.shape) < 0.5
    X[:, 0] = DRAWN[type(family)](rng, (len(X), 1))[:, 0] + (0 if family.positive_only else 1)
    if isinstance(family, Bernoulli):
        X[:, 0] = 1.0
    S = sparse.csr_array(X)

    dense = family.summarize(Table(X), codes, N_CLASSES, weight)
    stored = family.summarize(Table(S), codes, N_CLASSES, weight)

    for ours, theirs in zip(tables(family, stored), tables(family, dense), strict=True):
        assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)
    for member, columns, part in family.resolve(dense):
        score = member.scorer(member.table(member.parameters(part.filled())), {})
        assert_allclose(score(S[:, columns]), score(X[:, columns]), rtol=1e-10, atol=1e-12)


def test_gaussian_is_scipys_norm(rng):
    X, mean, variance = rng.normal(size=(3, 10, 4))
    variance = variance**2

    log_density = Gaussian().log_density(X, mean, variance)

    assert_allclose(log_density, stats.norm.logpdf(X, mean, np.sqrt(variance)), rtol=1e-12)


@pytest.mark.parametrize("width", [1e-6, 1.0])
def test_gaussian_scores_keep_their_digits_beside_a_narrow_class(width, rng):
    mean, deviation = rng.normal(size=(2, 3)), np.array([[width], [1.0]]) * np.ones(3)
    X = rng.normal(size=(50, 3)) * width + mean[0]

    table = Gaussian().table({"mean": mean, "variance": deviation**2})
    score = Gaussian().scorer(table, {})(X)

    oracle = stats.norm.logpdf(X[:, np.newaxis], mean, deviation).sum(axis=2)
    assert_allclose(score, oracle, rtol=1e-9)


def test_bernoulli_is_scipys(rng):
    X, p = rng.integers(0, 2, (10, 4)), rng.random((10, 4))

    assert_allclose(
        Bernoulli().log_density(X, probability=p), stats.bernoulli.logpmf(X, p), rtol=1e-12
    )


def test_poisson_is_scipys(rng):
    X, rate = rng.poisson(3, (10, 4)), rng.random((10, 4)) * 5

    assert_allclose(Poisson().log_density(X, rate=rate), stats.poisson.logpmf(X, rate), rtol=1e-12)


def test_multinomial_is_scipys_up_to_the_coefficient(rng):
    X = rng.poisson(3, (10, 4))
    p = rng.dirichlet(np.ones(4))

    terms = Multinomial().log_density(X, probability=p, length=np.ones(4))

    ours = terms.sum(axis=1)
    scipys = [stats.multinomial.logpmf(x, x.sum(), p) for x in X]
    coefficients = [
        stats.multinomial.logpmf(x, x.sum(), np.full(4, 0.25)) + x.sum() * np.log(4) for x in X
    ]
    assert_allclose(ours, np.subtract(scipys, coefficients), rtol=1e-10)


def test_the_rates_of_a_class_are_its_means_without_smoothing(rng):
    X, codes, weight = draw(Poisson(), rng, missing=0)

    statistic = Poisson().summarize(Table(X), codes, N_CLASSES, weight)

    rate = Poisson(smoothing=0).parameters(statistic)["rate"]
    for c in range(N_CLASSES):
        own = codes == c
        assert_allclose(rate[c], np.average(X[own], axis=0, weights=weight[own]))


def test_moments_keep_their_digits_at_a_large_mean(rng):
    X, codes = rng.normal(size=(400, 2)), rng.integers(0, 2, 400)
    shifted = X + 1e8  # rounds X to 1e-8
    parts = [
        Gaussian().summarize(Table(shifted[a : a + 50]), codes[a : a + 50], 2)
        for a in range(0, 400, 50)
    ]

    whole = sum(parts[1:], parts[0])

    exact = [(shifted[codes == c] - 1e8).var(axis=0) for c in range(2)]
    assert_allclose(whole.scatter / whole.weight, exact, rtol=1e-12)


def test_classes_far_apart_keep_the_digits_of_their_spread(rng):
    spread, codes = rng.normal(size=(400, 2)), rng.integers(0, 2, 400)
    X = spread + 1e6 * codes[:, np.newaxis]

    moments = Gaussian().summarize(Table(X), codes, 2)

    exact = [(X[codes == c] - 1e6 * c).var(axis=0) for c in range(2)]
    assert_allclose(moments.scatter / moments.weight, exact, rtol=1e-12)


def test_many_classes_are_counted_the_same_way(rng):
    X, codes = rng.normal(size=(500, 3)), np.arange(500) % 100

    moments = Gaussian().summarize(Table(X), codes, 100)

    assert_allclose(moments.mean[7], X[codes == 7].mean(axis=0))


def test_a_constant_column_says_nothing():
    X, codes = np.full((6, 1), 0.1), np.array([0, 0, 0, 0, 1, 1])
    family = Gaussian()

    parameters = family.parameters(family.summarize(Table(X), codes, 2))

    assert_array_equal(parameters["variance"], 1.0)
    assert_allclose(parameters["mean"], 0.1)


@pytest.mark.parametrize(
    ("var_floor", "least"), [(1e-4, 1e-4), (0, np.finfo(float).eps ** 2)]
)  # or what floating point can tell apart
def test_the_floor_of_a_variance_follows_its_column(var_floor, least, rng):
    spread = np.array([1e6, 1e-3])
    X = np.vstack([rng.normal(size=(50, 2)), np.ones((5, 2))]) * spread
    codes = np.repeat([0, 1], [50, 5])
    family = Gaussian(var_floor=var_floor)

    variance = family.parameters(family.summarize(Table(X), codes, 2))["variance"]

    assert_allclose(variance[1], least * X.var(axis=0), rtol=1e-10)


def test_categories_need_not_be_small_whole_numbers(rng):
    values = np.array([-2.5, 0.25, 1e9])
    X, codes = values[rng.integers(0, 3, (60, 2))], rng.integers(0, 2, 60)
    family = Categorical(smoothing=0)

    parameters = family.parameters(family.summarize(Table(X), codes, 2))

    assert parameters["values"] == [values.tolist()] * 2
    share = (X[codes == 0][:, [0]] == values).mean(axis=0)
    assert_allclose(parameters["probability"][0][0], share)
    score = family.scorer(family.table(parameters), {})(np.array([[0.25, np.nan], [7.0, 7.0]]))
    assert_allclose(score[0], np.log(parameters["probability"][0][:, 1]))
    assert_array_equal(score[1], 0.0)


@pytest.mark.parametrize(
    ("family", "value", "message"),
    [
        (Bernoulli(), 0.5, "values 0 and 1, got 0.5"),
        (Poisson(), -1.0, "Negative values in data"),
        (Multinomial(), -1.0, "Negative values in data"),
        (Gaussian(), np.inf, "infinity"),
        (Poisson(), np.inf, "infinity"),
        (Categorical(), np.inf, "infinity"),
        (Bernoulli(handle_unknown="ignore"), np.inf, "infinity"),
    ],
)
def test_values_outside_of_a_family_are_errors(family, value, message):
    X, codes = np.array([[1.0], [0.0], [value], [np.nan]]), np.array([0, 1, 1, 0])

    with pytest.raises(ValueError, match=message):
        family.summarize(Table(X), codes, 2)


@pytest.mark.parametrize("family", [Bernoulli, Categorical, Poisson, Multinomial, Histogram])
def test_one_is_added_to_every_count_as_scikit_learn_does(family):
    assert family().smoothing == CategoricalNB().alpha == MultinomialNB().alpha


@pytest.mark.parametrize("family", [Bernoulli, Categorical, Poisson, Multinomial])
def test_smoothing_below_zero_is_an_error(family, rng):
    X, codes, weight = draw(family(), rng)
    statistic = family().summarize(Table(X), codes, N_CLASSES, weight)

    with pytest.raises(ValueError, match="smoothing == -1"):
        family(smoothing=-1).parameters(statistic)
