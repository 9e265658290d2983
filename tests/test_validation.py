"""What arguments are taken and refused, and the line that a warning names."""

import warnings
from decimal import Decimal
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import validation as scikit_learn

from skml_lecture import LogisticRegressionGD, RidgeRegression
from skml_lecture.validation import (
    check_finite,
    check_flag,
    check_numbers,
    check_option,
    check_overflow,
    check_penalties,
    check_range,
    check_real,
    check_weight,
    check_whole,
    unchanged_on_failure,
    validate_data,
)

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 0, 1, 1, 0])


@pytest.mark.parametrize("number", [2, 0.5, np.float32(0.5), np.array(3), np.True_, Fraction(1, 2)])
def test_a_number_is_the_weight_of_every_row(number):
    weight = check_weight(number, X)

    assert_array_equal(weight, [float(number)] * 6)
    assert weight.dtype == np.float64


def test_weights_keep_their_values_in_the_type_asked_for(rng):
    given = rng.uniform(size=6)

    assert check_weight(None, X) is None
    assert_array_equal(check_weight(given, X), given)
    assert check_weight(given, X, np.float32).dtype == np.float32
    assert_array_equal(check_weight(given > 0.5, X), given > 0.5)


def test_weights_may_vanish_only_where_that_is_allowed():
    some = [0, 0, 0, 0, 0, 1]

    assert_array_equal(check_weight(np.zeros(6), X, may_vanish=True), np.zeros(6))
    assert_array_equal(check_weight(some, X), some)
    assert len(check_weight([], X[:0], may_vanish=True)) == 0
    with pytest.raises(ValueError, match="All values of sample_weight are zero"):
        check_weight(np.zeros(6), X)


@pytest.mark.parametrize("may_vanish", [True, False])
@pytest.mark.parametrize(
    ("weight", "error", "message"),
    [
        (np.ones((6, 1)), ValueError, r"must be 1D .* got shape \(6, 1\)"),
        (np.ones((6, 2, 1)), ValueError, r"must be 1D .* got shape \(6, 2, 1\)"),
        (np.ones(5), ValueError, "inconsistent numbers of samples"),
        ([1, 1, 1, 1, 1, -1e-300], ValueError, "Negative values in sample_weight"),
        (-1, ValueError, "Negative values in sample_weight"),
        ([1, 1, 1, 1, 1, np.nan], ValueError, "sample_weight contains NaN"),
        ([1, 1, 1, 1, 1, np.inf], ValueError, "sample_weight contains infinity"),
        (["1"] * 6, TypeError, "sample_weight must be a number or an array of numbers"),
    ],
)
def test_weights_that_are_none_are_refused(weight, error, message, may_vanish):
    with pytest.raises(error, match=message):
        check_weight(weight, X, may_vanish=may_vanish)


@pytest.mark.parametrize("value", ["c", None, 1, ["a"], "A", "ab"])
def test_a_word_is_one_of_those_listed(value):
    assert check_option("kind", "b", ["a", "b"]) == "b"
    with pytest.raises(ValueError, match=r"kind must be one of 'a', 'b', got .*\.$"):
        check_option("kind", value, ["a", "b"])


def test_a_word_of_the_lectures_is_translated():
    with pytest.raises(ValueError, match=r"got 'Sigmoid'\. The lecture's 'Sigmoid' is 'logistic'"):
        check_option("activation", "Sigmoid", ["logistic"])


@pytest.mark.parametrize("value", [0, 1.5, np.float32(2), np.int8(3), np.inf, Fraction(1, 3)])
def test_real_numbers_pass_as_they_are(value):
    assert check_real("rate", value, min_val=0) is value


@pytest.mark.parametrize(
    ("value", "error"),
    [
        *((it, TypeError) for it in (True, False, "1", None, [1.0], 1j, Decimal(1), np.True_)),
        *((it, ValueError) for it in (np.nan, np.float32("nan"), -1e-300, -np.inf)),
    ],
)
def test_what_is_no_real_number_in_the_bounds_is_named(value, error):
    with pytest.raises(error, match="rate"):
        check_real("rate", value, min_val=0)


def test_whole_numbers():
    assert check_whole("n", 3, min_val=1) == 3
    assert check_whole("n", np.uint8(1), min_val=1) == 1
    for value, error in product([True, False, 1.0, "1", None], [TypeError]):
        with pytest.raises(error, match="n must be"):
            check_whole("n", value, min_val=0)
    with pytest.raises(ValueError, match="n == 0"):
        check_whole("n", 0, min_val=1)


def test_numbers_and_nothing_that_looks_like_them():
    for values in (1, 1.5, [1, 2], [[0.5]], np.uint8([1]), []):
        assert_array_equal(check_numbers("a", values), np.asarray(values))
    mixed = check_numbers("a", [Fraction(1, 4), 2**70])
    assert_array_equal(mixed, [0.25, 2.0**70])
    assert mixed.dtype == np.float64
    assert check_numbers("a", [True, False], flags=True).dtype == bool
    for values in (["1"], [None], [True], [1.0, None], [Fraction(1, 2), True], "a", [1j]):
        with pytest.raises(TypeError, match="a must be a number or an array of numbers, got"):
            check_numbers("a", values)
    for values in (["1"], [None], [1.0, None]):
        with pytest.raises(TypeError, match="a must be a number"):
            check_numbers("a", values, flags=True)


def test_penalties_are_one_or_more_finite_numbers():
    for values in (0, 1.5, [0.0], [1, 2], np.float32([0.5])):
        assert_array_equal(check_penalties("alpha", values), np.atleast_1d(values))
        assert check_penalties("alpha", values).dtype == np.float64
    for values, message in (
        ([], r"one or more numbers >= 0, got shape \(0,\)"),
        ([[1.0]], r"one or more numbers >= 0, got shape \(1, 1\)"),
        ([1.0, np.nan], "finite"),
        (np.inf, "finite"),
        (np.longdouble("1e4000") if np.finfo(np.longdouble).max > 1e308 else np.inf, "finite"),
        ([1.0, -1e-300], ">= 0, got -1e-300"),
    ):
        with pytest.raises(ValueError, match=f"alpha must be {message}"):
            check_penalties("alpha", values)


def test_a_flag_is_true_or_false():
    for value in (True, False, np.True_, np.False_):
        assert check_flag("flag", value) is value
    for value in (0, 1, None, "yes"):
        with pytest.raises(ValueError, match="flag must be True or False"):
            check_flag("flag", value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_found_wherever_it_is(value):
    for place in np.ndindex(X.shape):
        bad = X.copy()
        bad[place] = value
        with pytest.raises(ValueError, match="Input X contains infinity or a value too large"):
            check_range(bad)
        with pytest.raises(ValueError, match="their squares overflow"):
            check_overflow(bad)
        with (
            config_context(assume_finite=True),
            pytest.raises(ValueError, match="Input Z contains"),
        ):
            check_finite(bad, name="Z")
    assert check_range(X) is X
    assert check_overflow(X) is X
    check_finite(X)


def outcome(function, *args, **options):
    """Return what a function returns and leaves at a fresh model, or how it fails."""
    model = RidgeRegression()
    try:
        found = function(model, *args, **options)
    except Exception as error:
        return type(error), str(error)
    found = found if isinstance(found, tuple) else (found,)
    return [(part.dtype, part.tolist()) for part in found], vars(model)


TARGETS = [
    *(Y.astype(kind) for kind in ("i8", "u1", "f4", "f8", "longdouble", "?", "O", "U1", "c16")),
    np.where(Y, np.inf, 0.0),
    np.where(Y, np.nan, 0.0),
    Y.tolist(),
    Y[:5],
    Y[:0],
    Y[:, np.newaxis] * 1.0,
    np.column_stack([Y, Y]),
    np.ones((6, 0)),
    np.ones((6, 2, 1)),
    np.float64(1.0),
]
ROWS = [
    X,
    X.astype(np.float32),
    X.astype(int),
    X.tolist(),
    np.where(X > 5, np.inf, X),
    X[:0],
    X[:, :0],
    X[0],
    X[:, :, np.newaxis],
    X.astype(complex),
    X.astype(object),
    X.astype(str),
]


@pytest.mark.parametrize("multi_output", [True, False])
@pytest.mark.parametrize("finite", [True, False])
@pytest.mark.parametrize("dtype", [None, np.float64, [np.float64, np.float32]])
def test_data_are_validated_as_scikit_learn_does(dtype, finite, multi_output):
    """Also where nothing is left to convert and its validation is not asked."""
    options = {"dtype": dtype, "ensure_all_finite": finite, "reset": True}
    pairs = [(rows, Y) for rows in ROWS] + [(X, target) for target in TARGETS]

    for rows in ROWS:
        with np.errstate(invalid="ignore"):
            expected = outcome(scikit_learn.validate_data, rows, **options)
        assert outcome(validate_data, rows, **options) == expected
    options |= {"multi_output": multi_output, "y_numeric": True}
    for rows, target in pairs:
        with np.errstate(invalid="ignore"):
            expected = outcome(scikit_learn.validate_data, rows, target, **options)
        assert outcome(validate_data, rows, target, **options) == expected


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix, sparse.csc_array])
@pytest.mark.parametrize("accepted", ["csr", "csc", ["csc", "coo"], True, False])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sparse_rows_are_validated_as_scikit_learn_does(kind, accepted, dtype):
    rows = kind(X)
    options = {"accept_sparse": accepted, "dtype": dtype, "ensure_all_finite": False, "reset": True}

    found, expected = [], []
    for results, validate in ((found, validate_data), (expected, scikit_learn.validate_data)):
        model = RidgeRegression()
        try:
            results += (type(valid := validate(model, rows, **options)), valid.dtype)
            assert_array_equal(valid.toarray(), X)
        except TypeError as error:
            results.append(str(error))
        results.append(vars(model))

    assert found == expected


def test_a_failure_gives_the_attributes_back():
    model = RidgeRegression().fit(X, Y)
    before = vars(model).copy()

    def fail():
        with unchanged_on_failure(model):
            model.alpha, model.new_ = 7.0, 1
            del model.coef_
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()

    assert vars(model) == before
    with unchanged_on_failure(model):
        model.alpha = 7.0
    assert model.alpha == 7.0


@pytest.mark.parametrize("around", [clone, lambda model: make_pipeline(StandardScaler(), model)])
def test_a_warning_names_the_line_of_the_caller(around):
    model = around(LogisticRegressionGD(max_iter=1))

    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        model.fit(X, Y)

    (warning,) = [it for it in found if it.category is ConvergenceWarning]
    assert warning.filename == __file__
