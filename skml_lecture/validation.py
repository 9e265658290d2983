"""Input checks that scikit-learn leaves open, and warnings that name the caller's line."""

import sys
import warnings
from contextlib import contextmanager
from functools import cache
from inspect import signature
from numbers import Integral, Real

import numpy as np
import sklearn
from scipy.sparse import issparse
from sklearn import config_context
from sklearn.utils import check_array, check_consistent_length, check_scalar, validation

from skml_lecture.data import accepts, check_namespace, is_missing

_OURS = (__file__.removesuffix("validation.py"), sklearn.__file__.removesuffix("__init__.py"))


def check_weight(sample_weight, X, dtype=np.float64, *, may_vanish=False):
    """Return the weights of the rows of ``X`` as an array, or None where none were given.

    A number is every row's weight. Weights must be finite and non-negative, and not all zero
    unless they ``may_vanish``.
    """
    if sample_weight is None:
        return None
    check_namespace("sample_weight", sample_weight)
    if isinstance(sample_weight, Real) or getattr(sample_weight, "shape", None) == ():
        sample_weight = np.full(X.shape[0], sample_weight)
    numbers = check_numbers("sample_weight", sample_weight, flags=True)
    anything = {"ensure_2d": False, "allow_nd": True, "ensure_min_samples": 0}
    weight = check_array(numbers, dtype=dtype, input_name="sample_weight", **anything)
    if weight.ndim != 1:
        raise ValueError(
            f"sample_weight must be 1D with one weight per row, got shape {weight.shape}."
        )
    check_consistent_length(X, weight)
    if (weight < 0).any():
        raise ValueError("Negative values in sample_weight: every weight must be >= 0.")
    if not may_vanish:
        check_total_weight(weight.any())
    return weight


class NoRowsError(ValueError):
    """No row weighs anything: an error of a fit, while a chunk of a stream then changes nothing."""


def check_total_weight(total):
    """Raise where the rows of a fit weigh nothing."""
    if not total:
        raise NoRowsError("All values of sample_weight are zero: no row is left to fit.")


COURSE_WORDS = {  # what the lectures say, and what it is here
    "covariance_type": {"shared": "'tied'", "own": "'full'", "naive": "'diag'"},
    "activation": {"sigmoid": "'logistic'", "linear": "'identity'"},
    "optimizer": {"sgd": "'gd' with batch_size=1", "vanilla": "'gd'"},
    "distributions": {"normal": "'gaussian'", "discrete": "'categorical'"},
    "loss": {"square_error": "'squared_error'", "mse": "'squared_error'"},
    "preconditioner": {"normalization": "'scale'", "feature scaling": "'scale'"},
}


def lecture_hint(name, value):
    """Return a sentence that translates a word of the lectures, or nothing."""
    ours = COURSE_WORDS.get(name, {}).get(value.lower()) if isinstance(value, str) else None
    return f" The lecture's {value!r} is {ours} here." if ours else ""


def check_option(name, value, options):
    """Return ``value`` if it is one of ``options``, else raise a ValueError that lists them."""
    if not (isinstance(value, str) and value in options):
        names = ", ".join(repr(option) for option in options)
        hint = lecture_hint(name, value)
        raise ValueError(f"{name} must be one of {names}, got {value!r}.{hint}")
    return value


def check_real(name, value, **bounds):
    """Return ``value`` if it is a number within the bounds of ``check_scalar``, and not NaN."""
    if isinstance(value, bool):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    if check_scalar(value, name, Real, **bounds) != value:  # NaN, which no bound stops
        raise ValueError(f"{name} must be a number, got {value!r}.")
    return value


def check_whole(name, value, **bounds):
    """Return ``value`` if it is a whole number within the bounds of ``check_scalar``."""
    if isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, got {value!r}.")
    return check_scalar(value, name, Integral, **bounds)


def check_numbers(name, values, *, flags=False):
    """Return an array of numbers; what only looks like them, such as "1.0", is refused."""
    try:
        array = np.asarray(values)
    except ValueError as error:  # lists of several lengths
        raise ValueError(f"{name} must be an array of numbers: {error}") from error
    if array.dtype.kind in "iuf" or (flags and array.dtype.kind == "b"):
        return array
    if not all(isinstance(v, Real) and type(v) not in (bool, np.bool_) for v in array.flat):
        raise TypeError(f"{name} must be a number or an array of numbers, got {values!r}.")
    return array.astype(np.float64)


def check_penalties(name, values):
    """Return an array (k,) of one or more penalties, finite and not negative."""
    with np.errstate(over="ignore"):  # said below
        penalties = np.atleast_1d(check_numbers(name, values)).astype(np.float64)
    if penalties.ndim != 1 or not len(penalties):
        raise ValueError(f"{name} must be one or more numbers >= 0, got shape {penalties.shape}.")
    if not np.isfinite(penalties).all():
        raise ValueError(f"{name} must be finite: it contains NaN or infinity.")
    if (penalties < 0).any():
        raise ValueError(f"{name} must be >= 0, got {penalties.min()}.")
    return penalties


def check_flag(name, value):
    """Return ``value`` if it is True or False, of Python or NumPy."""
    if type(value) not in (bool, np.bool_):
        raise ValueError(f"{name} must be True or False, got {value!r}.")
    return value


def check_flags(estimator):
    """Raise where a parameter that is True or False by default is anything else."""
    for name in _flags_of(type(estimator)):
        check_flag(name, getattr(estimator, name))


@cache
def _flags_of(cls):
    """Return the names of the parameters of a class whose defaults are flags."""
    parameters = signature(cls).parameters
    return [name for name, p in parameters.items() if isinstance(p.default, bool)]


def check_classes(classes):
    """Return the labels that a caller named, sorted, or None where none were named."""
    if classes is None:
        return None
    try:
        labels = np.asarray(check_namespace("classes", classes))
    except ValueError as error:  # lists of several lengths
        raise ValueError(f"classes must be a list of labels: {error}") from error
    if labels.ndim == 0:
        raise TypeError(f"classes must be a list of labels or None, got {classes!r}.")
    if labels.ndim != 1 or not len(labels):
        raise ValueError(
            f"classes must be a list of one or more labels, got an array of shape {labels.shape}."
        )
    if any(is_missing(label) or label in (np.inf, -np.inf) for label in labels.tolist()):
        raise ValueError(f"classes must be labels that are known and finite, got {classes!r}.")
    if labels.dtype.kind in "cmMSV":
        raise ValueError(f"classes must be numbers or words, got {labels.dtype} of {classes!r}.")
    if labels.dtype.kind == "U" and not all(isinstance(label, str) for label in classes):
        raise ValueError(f"classes must be labels of one kind, got {classes!r}.")
    try:
        return np.unique(labels)
    except TypeError as error:
        raise ValueError(f"classes must be labels that sort, got {classes!r}.") from error


def check_range(values):
    """Return ``values`` if they are all finite, else raise a ValueError that speaks of X."""
    if not np.isfinite(values).all():
        raise ValueError(
            f"Input X contains infinity or a value too large for {np.dtype('float64')!r}."
        )
    return values


def validate_data(estimator, X, *y, **options):
    """Validate data as scikit-learn does, silent about infinities until its error names them."""
    fits = type(X) is np.ndarray or (issparse(X) and options.get("accept_sparse") == "csr")
    n_dims = (1, 2) if options.get("multi_output") else (1,)
    if (
        fits
        and not options.get("ensure_all_finite", True)
        and all(_is_target(target, X, n_dims) for target in y)
        and accepts(estimator, X, options["dtype"], reset=options["reset"])
    ):
        return (X, *y) if y else X
    for name, values in zip("Xy", (X, *y), strict=False):
        check_namespace(name, values)
    with np.errstate(invalid="ignore", over="ignore"):
        return validation.validate_data(estimator, X, *y, **options)


def _is_target(y, X, n_dims):
    """Tell whether ``y`` is an array of finite numbers, as many as there are rows."""
    plain = type(y) is np.ndarray and y.ndim in n_dims and y.size > 0
    numbers = plain and y.dtype.kind in "fiu"
    return numbers and len(y) == X.shape[0] and _is_finite(y)


def _is_finite(y):
    """Tell whether all numbers are finite."""
    return has_finite_sum(y) or bool(np.isfinite(y).all())


def has_finite_sum(X):
    """Tell whether the sum of all values is finite: then all are."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite((X.data if issparse(X) else X).sum()))


def assert_all_finite(X, **names):
    """Raise where a value is not finite, without a warning of NumPy before."""
    with np.errstate(invalid="ignore", over="ignore"):
        validation.assert_all_finite(X, **names)


def check_finite(X, owner=None, name="X"):
    """Raise where a value is not finite, also where scikit-learn was told to assume it is."""
    if type(X) is np.ndarray and X.dtype.kind == "f" and has_finite_sum(X):
        return
    with config_context(assume_finite=False):
        assert_all_finite(X, input_name=name, estimator_name=owner)


def check_overflow(products):
    """Return sums of products of finite numbers, or raise where they overflowed."""
    if not np.isfinite(products).all():
        raise ValueError("Values of X or y are too large: their squares overflow. Rescale them.")
    return products


@contextmanager
def unchanged_on_failure(estimator):
    """Give ``estimator`` its attributes back when the block raises.

    Fitted attributes are replaced, never written into, so a shallow copy is enough. It takes their
    place in one step, which no second interrupt can come into.
    """
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        estimator.__dict__ = before
        raise


def warn(message, category):
    """Warn of the line that called this package, or scikit-learn around it."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def check_if_whole(check, *arguments, whole):
    """Call a check of a statistic, whose ValueError is a warning where more rows may mend it."""
    try:
        check(*arguments)
    except ValueError as error:
        if whole:
            raise
        warn(str(error), UserWarning)
