"""What generative classifiers share, on the smallest member of the family."""

# ruff: noqa: ARG002, ARG005 - hooks and calls share one signature

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import validate_data

from skml_lecture.generative import GenerativeClassifier, encode
from skml_lecture.statistics import ClassStatistics, Moments, Summary


@dataclass(frozen=True)
class Sums:
    """Weights and sums of the rows of each class."""

    weight: np.ndarray
    total: np.ndarray

    def expanded(self, positions, n_classes):
        weight, total = np.zeros(n_classes), np.zeros((n_classes, self.total.shape[1]))
        weight[positions], total[positions] = self.weight, self.total
        return Sums(weight, total)

    def of_classes(self, positions):
        return Sums(self.weight[positions], self.total[positions])

    def __add__(self, other):
        return Sums(self.weight + other.weight, self.total + other.total)

    def __sub__(self, other):
        return Sums(self.weight - other.weight, self.total - other.total)

    def __mul__(self, factor):
        return Sums(self.weight * factor, self.total * factor)


@dataclass(frozen=True)
class Balls:
    """The densities of the classes."""

    means: np.ndarray
    radius: float

    def log_density(self, X):
        distance = np.linalg.norm(X[:, np.newaxis] - self.means, axis=2)
        return np.where(distance <= self.radius, -distance, -np.inf)

    def sample(self, codes, random_state):
        return self.means[codes]


class UnitBall(GenerativeClassifier):
    """Exponential of minus the distance where it is at most ``radius``, impossible beyond."""

    def __init__(self, *, priors=None, radius=np.inf):
        self.priors = priors
        self.radius = radius

    def _read(self, X, *, reset):
        return validate_data(self, X, reset=reset, dtype=np.float64)

    def _summarize_rows(self, X, codes, n_classes, weight):
        H = np.eye(n_classes)[codes] * (1 if weight is None else weight[:, np.newaxis])
        return Sums(H.sum(axis=0), H.T @ X)

    def _densities(self, summary, *, whole):
        return Balls(summary.total / np.maximum(summary.weight, 1e-300)[:, np.newaxis], self.radius)

    def _publish(self):
        self.means_ = self.density_.means


@parametrize_with_checks([UnitBall()])
def test_what_is_shared_passes_the_estimator_checks(estimator, check):
    check(estimator)


@pytest.fixture
def data(rng):
    y = np.array(["a", "b", "c"])[np.arange(60) % 3]
    return rng.normal(size=(60, 2)) + 2 * (y == "b")[:, np.newaxis], y


def assert_same(model, other):
    assert_array_equal(model.classes_, other.classes_)
    assert_allclose(model.class_prior_, other.class_prior_)
    assert_allclose(model.class_count_, other.class_count_)
    assert_allclose(model.means_, other.means_)


def test_classes_may_arrive_late(data):
    X, y = data
    order = np.argsort(y, kind="stable")[::-1]

    chunks = UnitBall()
    for rows in np.array_split(order, 7):
        chunks.partial_fit(X[rows], y[rows])

    assert_same(chunks, UnitBall().fit(X, y))


def test_merge_covers_the_union_of_the_classes(data):
    X, y = data
    first, second = y != "b", y == "b"

    merged = UnitBall().fit(X[second], y[second]).merge(UnitBall().fit(X[first], y[first]))

    assert_same(merged, UnitBall().fit(X, y))


def test_longer_labels_arrive_late_uncut():
    model = UnitBall().partial_fit([[0.0]], ["b"]).partial_fit([[1.0]], ["longer"])

    assert_array_equal(model.classes_, ["b", "longer"])


def test_announced_class_without_rows_is_impossible(data):
    X, y = data

    model = UnitBall().partial_fit(X[y == "a"], y[y == "a"], classes=["a", "b"])

    assert_array_equal(model.class_count_, [20, 0])
    assert_array_equal(model.predict_proba(X[:2]), [[1, 0], [1, 0]])
    assert_array_equal(model.sample(5, random_state=0)[1], ["a"] * 5)


def test_priors_of_a_class_without_rows_wait_for_its_rows(data):
    X, y = data
    model = UnitBall(priors=[0.5, 0.25, 0.25])

    model.partial_fit(X[y != "c"], y[y != "c"], classes=["a", "b", "c"])

    assert_array_equal(model.predict_proba(X)[:, 2], 0)
    assert_allclose(model.partial_fit(X, y).class_prior_, [0.5, 0.25, 0.25])


def test_priors_are_class_fractions_by_weight():
    model = UnitBall().fit([[0.0], [1.0], [2.0]], ["a", "b", "b"], sample_weight=[6, 1, 1])

    assert_allclose(model.class_prior_, [0.75, 0.25])


def test_impossible_row_gets_the_prior(data):
    X, y = data
    model = UnitBall(radius=5.0).fit(X, y)

    P = model.predict_proba([[100.0, 0.0], [-100.0, 0.0]])

    assert_allclose(P, np.tile(model.class_prior_, (2, 1)))
    assert_array_equal(model.score_samples([[100.0, 0.0]]), [-np.inf])


@pytest.mark.parametrize("priors", [[0.25, 0.75], [0.0, 1.0]])
def test_impossible_row_gets_the_prior_of_two_classes(priors):
    model = UnitBall(radius=1.0, priors=priors).fit([[0.0], [1.0]], [0, 1])

    assert_allclose(model.predict_proba([[9.0]]), [priors])


def test_two_classes_score_by_the_difference_of_the_joint(data):
    X, y = data
    model = UnitBall().fit(X[y != "c"], y[y != "c"])

    log_joint = model.predict_joint_log_proba(X)

    assert_allclose(model.decision_function(X), log_joint[:, 1] - log_joint[:, 0])


def test_density_is_the_sum_of_the_joint(data):
    X, y = data
    model = UnitBall().fit(X, y)

    log_joint = model.predict_joint_log_proba(X)

    assert_allclose(np.exp(model.score_samples(X)), np.exp(log_joint).sum(axis=1))
    assert_allclose(model.predict_log_proba(X), log_joint - model.score_samples(X)[:, np.newaxis])


def test_draws_come_from_the_prior():
    model = UnitBall(priors=[0.2, 0.3, 0.5]).fit([[0.0], [1.0], [2.0]], ["a", "b", "c"])

    X, y = model.sample(3000, random_state=0)

    assert X.shape == (3000, 1)
    counts = np.unique(y, return_counts=True)[1]
    assert stats.chisquare(counts, 3000 * model.class_prior_).pvalue > 1e-3
    assert_array_equal(X[:, 0], np.searchsorted(model.classes_, y))


def test_draws_are_of_the_classes_that_have_rows_by_their_priors():
    model = UnitBall(priors=[0.2, 0.3, 0.5])
    model.partial_fit([[0.0], [1.0]], ["a", "b"], classes=["a", "b", "c"])

    _, y = model.sample(3000, random_state=0)

    labels, counts = np.unique(y, return_counts=True)
    assert labels.tolist() == ["a", "b"]
    assert stats.chisquare(counts, [1200, 1800]).pvalue > 1e-3


def test_draws_of_one_class_repeat_with_the_seed(data):
    model = UnitBall().fit(*data)

    X, y = model.sample(4, class_label="b", random_state=3)

    assert_array_equal(y, ["b"] * 4)
    assert_array_equal(X, model.sample(4, class_label="b", random_state=3)[0])


def test_one_class_is_certain():
    model = UnitBall().fit([[0.0], [1.0]], ["a", "a"])

    assert_array_equal(model.predict_proba([[5.0]]), [[1.0]])
    assert_array_equal(model.predict([[5.0]]), ["a"])


def test_refit_reads_new_priors(data):
    model = UnitBall().fit(*data)

    model.set_params(priors=[0.1, 0.2, 0.7]).refit()

    assert_same(model, UnitBall(priors=[0.1, 0.2, 0.7]).fit(*data))


@pytest.mark.parametrize("learn", ["fit", "partial_fit"])
def test_rows_of_zero_weight_are_absent(data, learn):
    X, y = data
    weight = np.where(np.arange(60) % 2, 1.0, 0.0)
    weight[y == "c"] = 0

    model = getattr(UnitBall(), learn)(X, y, sample_weight=weight)

    assert_same(model, UnitBall().fit(X[weight > 0], y[weight > 0]))


def test_a_chunk_of_no_weight_changes_nothing(data):
    X, y = data
    model = UnitBall().partial_fit(X[:9], y[:9], sample_weight=np.zeros(9))

    assert not hasattr(model, "classes_")
    model.partial_fit(X, y).partial_fit(X, ["z"] * 60, sample_weight=np.zeros(60))
    assert_same(model, UnitBall().fit(X, y))


def test_the_sum_of_the_statistics_of_parts_is_one_fit(data):
    X, y = data
    order = np.argsort(y, kind="stable")

    parts = [UnitBall().summarize(X[rows], y[rows]) for rows in np.array_split(order, 7)]

    model = UnitBall().fit_statistics(sum(pickle.loads(pickle.dumps(parts))))
    assert_same(model, UnitBall().fit(X, y))
    assert model.statistics_.weight == 60


def test_summarising_touches_no_model(data):
    X, y = data
    fresh, model = UnitBall(), UnitBall().fit(X, y)
    before = vars(model).copy()

    for estimator in (fresh, model):
        estimator.summarize(X[:5], y[:5], np.ones(5))

    assert vars(fresh) == {"priors": None, "radius": np.inf}
    assert vars(model) == before


@pytest.mark.parametrize("forgotten", [slice(0, 20), slice(0, 60, 3), [5], slice(20, None)])
def test_a_fit_minus_rows_is_the_fit_of_the_rest(data, forgotten):
    X, y = data
    rest = np.setdiff1d(np.arange(60), np.arange(60)[forgotten])

    model = UnitBall().fit(X, y).forget(X[forgotten], y[forgotten])

    assert_same(model, UnitBall().fit(X[rest], y[rest]))


def test_a_forgotten_class_that_was_announced_stays(data):
    X, y = data
    model = UnitBall().partial_fit(X, y, classes=["a", "b", "c"])

    model.forget(X[y == "b"], y[y == "b"])

    assert_array_equal(model.class_count_, [20, 0, 20])


def test_a_sliding_window_is_the_fit_of_its_rows(data, rng):
    X, y = data
    weight = rng.uniform(0, 2, 60)
    model = UnitBall().fit(X[:20], y[:20], weight[:20])

    for step in range(40):
        new, old = slice(step + 20, step + 21), slice(step, step + 1)
        model.partial_fit(X[new], y[new], sample_weight=weight[new])
        model.forget(X[old], y[old], weight[old])

    assert_same(model, UnitBall().fit(X[40:], y[40:], weight[40:]))


def test_a_discount_multiplies_the_weights(data):
    X, y = data

    model = UnitBall().fit(X[:30], y[:30]).discount(0.25).partial_fit(X[30:], y[30:])

    weight = np.where(np.arange(60) < 30, 0.25, 1.0)
    assert_same(model, UnitBall().fit(X, y, weight))


@pytest.mark.parametrize("priors", [[0.0, 0.5, 0.5], [0.2, 0.3, 0.5]])
def test_priors_are_judged_of_the_whole(data, priors):
    X, y = data
    model = UnitBall(priors=priors)

    for label in ("a", "b", "c"):
        model.partial_fit(X[y == label], y[y == label])
        assert np.isfinite(model.predict_proba(X)).all()

    assert_same(model, UnitBall(priors=priors).fit(X, y))


def test_announced_classes_do_not_fail_for_their_priors(data):
    X, y = data
    model = UnitBall(priors=[0.0, 0.5, 0.5])

    model.partial_fit(X[y == "a"], y[y == "a"], classes=["a", "b", "c"])

    assert_array_equal(model.predict_proba(X[:1]), [[1, 0, 0]])


@pytest.mark.parametrize(
    ("other", "error", "message"),
    [
        (lambda X, y: UnitBall().summarize(X[:, :1], y), ValueError, "got 2 here and 1"),
        (lambda X, y: Summary(Moments.empty(2), 2), TypeError, "one kind add"),
        (lambda X, y: 3.0, TypeError, "unsupported operand"),
    ],
)
def test_what_does_not_fit_does_not_add(data, other, error, message):
    with pytest.raises(error, match=message):
        UnitBall().summarize(*data) + other(*data)


@pytest.mark.parametrize("statistic", [0, Summary(Moments.from_samples(np.eye(2)), 2)])
def test_a_model_is_made_of_its_own_statistics_only(statistic):
    with pytest.raises(TypeError, match=r"what UnitBall\.summarize returns"):
        UnitBall().fit_statistics(statistic)


def test_an_unfitted_model_has_no_statistics():
    with pytest.raises(AttributeError, match="fit the model first"):
        assert UnitBall().statistics_


@pytest.mark.parametrize(
    "y",
    [
        [3, -1, 3, 7],
        [-128, 127, 0, 1],
        [True, False, True, True],
        [1.0, 5.0, 1.0, 2.0],
        ["x", "yy", "x", ""],
        [10**15, 0, -(10**15), 0],
    ],
)
def test_encoding_is_that_of_unique(y):
    y = np.array(y)

    found = encode(y)

    expected = np.unique(y, return_inverse=True, return_counts=True)
    assert found[0].dtype == y.dtype
    for ours, theirs in zip(found, expected, strict=True):
        assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("priors", "message"),
    [
        ([0.5, 0.5], "one entry per class, 3 for"),
        ([0.5, 0.4, 0.2], "sum to 1, got a sum of 1.1"),
        ([1.5, -0.25, -0.25], "non-negative"),
        ([0.5, np.nan, 0.5], "NaN"),
        ([[0.2, 0.3, 0.5]], "one entry per class"),
    ],
)
def test_bad_priors_are_refused(data, priors, message):
    with pytest.raises(ValueError, match=message):
        UnitBall(priors=priors).fit(*data)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, X, y: m.fit(X, y, np.zeros(60)), "All values of sample_weight are zero"),
        (lambda m, X, y: m.fit(X, X[:, 0]), "Unknown label type: continuous"),
        (lambda m, X, y: m.fit(X, y[:-1]), "inconsistent numbers"),
        (lambda m, X, y: m.fit(X, [0] * 59 + [np.nan]), "y contains NaN"),
        (lambda m, X, y: m.partial_fit(X, y, classes=["a", "b"]), r"\['c'\] are not among"),
        (lambda m, X, y: m.partial_fit(X, np.arange(60) % 3), "Mix of label input types"),
        (lambda m, X, y: m.partial_fit(X[:, :1], y), "features"),
        (lambda m, X, y: m.partial_fit(-X, y, sample_weight=-np.ones(60)), "Negative"),
        (lambda m, X, y: m.merge(UnitBall().fit(X[:, :1], y)), "same features"),
        (lambda m, X, y: m.merge(UnitBall().fit(X, np.arange(60) % 3)), "Mix of label"),
        (lambda m, X, y: m.set_params(priors=[1.0]).refit(), "one entry per class"),
        (lambda m, X, y: m.set_params(priors=[1.0]).merge(m), "one entry per class"),
        (lambda m, X, y: m.forget(X, y), "No row would be left"),
        (
            lambda m, X, y: m.forget(X[:9], y[:9], np.full(9, 9.0)),
            "below zero: 27 is taken from 20",
        ),
        (lambda m, X, y: m.forget(X[:1], ["z"]), "class 'z' cannot be taken away"),
        (lambda m, X, y: m.discount(0.0), "above 0 and at most 1, got 0.0"),
        (lambda m, X, y: m.discount(1.5), "above 0 and at most 1, got 1.5"),
        (lambda m, X, y: m.discount(np.nan), "above 0 and at most 1, got nan"),
        (lambda m, X, y: m.fit_statistics(0 * m.statistics_), "no row is left to fit"),
        (lambda m, X, y: m.sample(class_label="z"), "one of"),
        (lambda m, X, y: m.sample(0), "n_samples"),
    ],
)
def test_failed_call_says_why_and_leaves_the_model_as_it_was(data, call, message):
    X, y = data
    model = UnitBall().fit(X, y)
    before = vars(model).copy()

    with pytest.raises(ValueError, match=message):
        call(model, X, y)

    del before["priors"]
    assert all(vars(model)[name] is value for name, value in before.items())


def test_announced_classes_are_final(data):
    X, y = data
    model = UnitBall().partial_fit(X[y == "a"], y[y == "a"], classes=["a", "b"])

    with pytest.raises(ValueError, match="earlier partial_fit"):
        model.partial_fit(X[:3], ["a", "a", "a"], classes=["a", "c"])
    with pytest.raises(ValueError, match=r"\['c'\] are not among the classes"):
        model.partial_fit(X[y == "c"], y[y == "c"])
    with pytest.raises(ValueError, match=r"\['c'\] are not among the classes"):
        model.merge(UnitBall().fit(X, y))
    assert_array_equal(model.classes_, ["a", "b"])


def test_a_fit_forgets_announced_classes(data):
    X, y = data
    model = UnitBall().partial_fit(X[y == "a"], y[y == "a"], classes=["a", "b"])

    assert_same(model.fit(X, y), UnitBall().fit(X, y))


@pytest.mark.parametrize("method", ["predict_joint_log_proba", "score_samples", "predict_proba"])
def test_unfitted_model_says_so(method):
    with pytest.raises(NotFittedError):
        getattr(UnitBall(), method)([[0.0]])


def test_class_statistics_add_over_the_union():
    moments = Moments.from_samples(
        np.arange(4.0)[:, np.newaxis], groups=[0, 0, 1, 1], n_groups=2, kind="tied"
    )
    parts = [
        ClassStatistics(np.array(classes), moments.weight, moments)
        for classes in (["a", "d"], ["b", "c"], ["c", "d"])
    ]

    left, right = (parts[0] + parts[1]) + parts[2], parts[0] + (parts[1] + parts[2])

    for whole in (left, right):
        assert_array_equal(whole.classes, ["a", "b", "c", "d"])
        assert_array_equal(whole.weight, [2, 2, 4, 4])
        assert_allclose(whole.summary.mean, [[0.5], [0.5], [1.5], [2.5]])
