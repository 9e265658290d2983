"""What a descent learns from: targets, weights of classes, rows held out."""

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_class_weight


def encode(y, classes):
    """Return the position in ``classes`` of every label, which must be there."""
    codes = np.searchsorted(classes, y)
    codes[codes == len(classes)] = 0
    unseen = np.unique(y[classes[codes] != y])
    if len(unseen):
        raise ValueError(
            f"y has labels that are not among the classes {classes.tolist()}: "
            f"{unseen.tolist()}. Name every class in the first call (classes=...), or fit anew."
        )
    return codes


def targets(codes, n_classes, dtype):
    """Return 0 and 1 for one sigmoid unit (two classes), else one-hot columns.

    Of indicators of several labels (n_rows, n_labels): one row for the unit of each label.
    """
    if codes.ndim == 2:
        return np.ascontiguousarray(codes.T, dtype)
    if n_classes == 2:
        return codes[None, :].astype(dtype)
    Y = np.zeros((n_classes, len(codes)), dtype)
    Y[codes, np.arange(len(codes))] = 1
    return Y


def with_class_weight(weight, class_weight, classes, codes):
    """Return the row weights times the weights of the classes ("balanced": of these rows)."""
    if class_weight is None:
        return weight
    if codes.ndim == 2:  # every label's factor
        for column in codes.T:
            weight = with_class_weight(weight, class_weight, np.arange(2), column)
        return weight
    if isinstance(class_weight, str) and class_weight == "balanced":
        count = np.bincount(codes, weights=weight, minlength=len(classes))
        factor = count.sum() / (np.count_nonzero(count) * np.maximum(count, 1e-300))
    else:
        factor = compute_class_weight(class_weight, classes=classes, y=classes[codes])
    return factor[codes] if weight is None else factor[codes] * weight


def hold_out(codes, fraction, rng):
    """Return the indices of training and held-out rows, every class in both where possible."""
    n_held = int(np.ceil(fraction * len(codes)))
    counts = np.bincount(codes if codes.ndim == 1 else np.zeros(len(codes), int))
    counts = counts[counts > 0]
    stratify = counts.min() > 1 and len(counts) <= min(n_held, len(codes) - n_held)
    if not 0 < n_held < len(codes):
        raise ValueError(
            f"validation_fraction={fraction} of {len(codes)} rows leaves no row on one side: "
            "early_stopping needs more rows, or X_val and y_val."
        )
    return train_test_split(
        np.arange(len(codes)),
        test_size=n_held,
        random_state=rng,
        stratify=codes if stratify and codes.ndim == 1 else None,
    )
