"""The start of a linear descent: coefficients and intercepts that the caller gives."""

import numpy as np
from sklearn.utils import check_array


def place(descent, network, coef, intercept):
    """Go to the given coefficients and intercepts, where there are any."""
    if coef is None and intercept is None:
        return
    theta = descent.theta.copy()
    parts = {"coef_init": (network.weights(theta)[0], coef)}
    if network.fit_intercept:
        parts["intercept_init"] = (network.intercepts(theta)[0], intercept)
    elif intercept is not None:
        raise ValueError("intercept_init was given, but fit_intercept=False.")
    for name, (target, value) in parts.items():
        if value is None:
            continue
        value = np.atleast_1d(value)
        value = check_array(value, ensure_2d=False, dtype=theta.dtype, input_name=name)
        if value.squeeze().shape != target.squeeze().shape:  # the row of two classes may be flat
            raise ValueError(f"{name} must have shape {target.shape}, got {value.shape}.")
        target[...] = value.reshape(target.shape)
    descent.move(theta)
