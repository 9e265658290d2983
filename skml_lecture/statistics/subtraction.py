"""What is left of sums when parts are taken away: exact, or refused."""

import numpy as np

ROUNDING = 1e-12  # relative to what there was: sums in another order differ by less


def remaining(whole, part, what):
    """Return ``whole - part`` of non-negative sums, with zeros where rounding is all that is left.

    Raises a ValueError that begins with ``what`` where the result would fall below zero.
    """
    whole, part = np.asarray(whole), np.asarray(part)
    rest = whole - part
    slack = ROUNDING * whole
    if (rest < -slack).any():
        where = np.unravel_index(np.argmin(rest), np.shape(rest))
        raise ValueError(
            f"{what} would fall below zero: {part[where]:.6g} is taken from {whole[where]:.6g}. "
            f"Take away only rows that were learnt, with the weights they had."
        )
    return np.where(rest <= slack, 0.0, rest)[()]
