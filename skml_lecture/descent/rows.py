"""Labels, class weights, and rows that are held out."""

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from skml_lecture.data import shuffled

_FEW = 20  # rows, that may all be of different classes


def read_targets(y, several):
    """Return labels (n,), or where ``several`` per row may be, also indicators (n, n_labels)."""
    if _are_labels(y):
        return y
    if not (several and type_of_target(y, input_name="y") == "multilabel-indicator"):
        check_classification_targets(y)
        return column_or_1d(y, warn=True)
    y = y.toarray() if issparse(y) else np.asarray(y)
    if not np.isin(y, (0, 1)).all():
        raise ValueError(
            f"y with one column per label must hold 0 and 1, got {np.unique(y).tolist()}."
        )
    return y


def _are_labels(y):
    """Tell whether ``y`` is whole numbers, and too few different ones to doubt that it is labels.

    scikit-learn takes longer to say so than a few rows take to be learnt.
    """
    if not (type(y) is np.ndarray and y.ndim == 1 and y.size and y.dtype.kind in "iu"):
        return False
    return len(y) <= _FEW or int(y.max()) - int(y.min()) < len(y) / 4


def encode(y, classes=None):
    """Return the classes, those of ``y`` where none are given, and the codes of the rows.

    Indicators are their own codes, and their classes the numbers of the columns.
    """
    if y.ndim == 2:
        columns = np.arange(y.shape[1])
        _check_columns(columns, classes)
        return columns, y.astype(np.intp)
    if classes is None:
        return np.unique(y, return_inverse=True)
    return classes, _positions(y, classes)


def check_all_classes(codes, classes):
    """Raise where a class of the last fit has no row in a fit that goes on from it."""
    missing = np.setdiff1d(np.arange(len(classes)), codes) if codes.ndim == 1 else ()
    if len(missing):
        raise ValueError(
            f"warm_start=True goes on with the classes of the last fit, {classes.tolist()}, but y "
            f"has no row of {classes[missing].tolist()}: call fit with warm_start=False to start "
            "anew, or partial_fit."
        )


def _positions(y, classes):
    """Return the position in ``classes`` of every label, which must be there."""
    try:
        codes = np.searchsorted(classes, y)
    except TypeError:  # strings among numbers, or numbers among strings
        codes = np.zeros(len(y), np.intp)
    codes[codes == len(classes)] = 0
    unseen = np.unique(y[classes[codes] != y])
    if len(unseen):
        raise ValueError(
            f"y has labels that are not among the classes {classes.tolist()}: "
            f"{unseen.tolist()}. Name every class in the first call (classes=...), or fit anew."
        )
    return codes


def _check_columns(columns, classes):
    """Raise where classes are not the numbers of the columns of indicators."""
    if classes is None or np.array_equal(classes, columns):
        return
    if len(classes) != len(columns):
        raise ValueError(f"y must have {len(classes)} columns, got {len(columns)}.")
    raise ValueError(
        f"The classes of a y with one column per label are the numbers of its columns, "
        f"{columns.tolist()}, got classes={np.asarray(classes).tolist()}."
    )


def with_class_weight(weight, class_weight, classes, codes):
    """Return the row weights times the weights of the classes ("balanced": of these rows)."""
    if class_weight is None:
        return weight
    if codes.ndim == 2:  # every label's factor
        for column in codes.T:
            weight = with_class_weight(weight, class_weight, np.arange(2), column)
        return weight
    count = np.bincount(codes, weights=weight, minlength=len(classes))
    factor = class_factors(class_weight, classes, count)[codes]
    return factor if weight is None else factor * weight


def class_factors(class_weight, classes, count):
    """Return the factor of every class, whose rows weigh ``count``."""
    if isinstance(class_weight, str) and class_weight == "balanced":
        return count.sum() / (np.count_nonzero(count) * np.maximum(count, 1e-300))
    return compute_class_weight(class_weight, classes=classes, y=classes)


def hold_out(codes, fraction, rng):
    """Return the indices of training and held-out rows, every class in both where possible.

    A class of one row trains; classes of two or more are in both parts.
    """
    n, groups = len(codes), groups_of(codes)
    counts = np.bincount(groups)
    held = shares_held(counts, fraction)
    order = shuffled(n, rng)[:]
    by_class = order[np.argsort(groups[order], kind="stable")]
    rank = np.empty(n, np.intp)  # of a row among those of its class, at random
    rank[by_class] = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    is_held = rank < held[groups]
    return np.flatnonzero(~is_held), np.flatnonzero(is_held)


def groups_of(codes):
    """Return the group of every row, of which a part is held out: its class, if it has one."""
    return codes if codes.ndim == 1 else np.zeros(len(codes), np.intp)


def shares_held(counts, fraction):
    """Return how many rows of every group to hold out."""
    n = int(counts.sum())
    n_held = int(np.ceil(fraction * n))
    held = _shares(counts, n_held)
    if not 0 < held.sum() < n or n_held == n:
        raise ValueError(
            f"validation_fraction={fraction} of {n} rows leaves no row on one side: "
            "early_stopping needs more rows, or X_val and y_val."
        )
    return held


def _shares(counts, n_held):
    """Return how many rows of every class to hold out, about ``n_held`` in all."""
    room = np.maximum(counts - 1, 0)  # one row at least trains
    least = np.minimum(room, 1)
    exact = n_held * counts / counts.sum()
    held = np.clip(np.floor(exact).astype(int), least, room)
    for code in np.argsort(held - exact, kind="stable"):  # those that lack most come first
        if held.sum() >= n_held:
            break
        held[code] = min(held[code] + 1, room[code])
    return held
