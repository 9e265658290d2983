"""What ``optimizer="auto"`` of a network stands for: what learns and generalises at this size."""

from math import ceil, sqrt

from skml_lecture.descent.optimizers import Adam, Nesterov
from skml_lecture.descent.schedules import InverseSqrt, Settling

HANDFUL = 32  # rows, up to which all are taken at once, along the curvature
_LARGEST = 200  # rows of a batch, which are else half of all, rounded up
_STRENGTH = 0.1  # of all updates together: the rate is this / sqrt(their number)
_RATES = 0.0015, 0.01, 0.05  # least, most, and most at the beginning of a stream


def for_rows(n_rows, max_iter, batch_size, dropout, schedule=None):
    """Return the choices of a recipe for so many rows.

    Parameters
    ----------
    n_rows, max_iter : int
        Rows, and most passes over them.

    batch_size : int, "auto" or None
        What the caller wants; "auto": half of the rows, at most 200.

    dropout : tuple of float
        Whether units are dropped, which needs batches.

    schedule : callable, default=None
        What multiplies the rate. All updates together are under "inv_sqrt" what they are under a
        constant rate (None).

    Returns
    -------
    choices : dict
        Of the names of ``Recipe``.
    """
    if n_rows <= HANDFUL and batch_size in ("auto", None) and not any(dropout):
        return {
            "optimizer": Nesterov(),
            "batch_size": None,
            "preconditioner": "scale",
            "until": "gradient",
        }
    if batch_size == "auto" and n_rows <= HANDFUL:
        batch_size = None
    elif batch_size == "auto":
        batch_size = min(ceil(n_rows / 2), _LARGEST)
    n_updates = max_iter * ceil(n_rows / (batch_size or n_rows))
    rate = min(max(_STRENGTH / sqrt(n_updates), _RATES[0]), _RATES[1])
    if isinstance(schedule, InverseSqrt):  # of N updates it adds up to 2 sqrt(N) rates
        rate = _STRENGTH / 2
    return {
        "optimizer": Adam(),
        "batch_size": batch_size,
        "preconditioner": "scale",
        "learning_rate": rate,
    }


def for_stream(n_rows, batch_size):
    """Return the choices for a stream of chunks, whose number of updates nobody knows.

    Its rate falls as that of a fit of so many updates would be.

    Parameters
    ----------
    n_rows : int
        Rows of the chunk.

    batch_size : int, "auto" or None
        What the caller wants; "auto": 200.

    Returns
    -------
    choices : dict
        Of the names of ``Recipe``.
    """
    least, _, most = _RATES
    size = _LARGEST if batch_size == "auto" else batch_size
    strength = _STRENGTH * min(n_rows, size or n_rows, 64) ** 0.25  # batches have less noise
    return {
        "optimizer": Adam(),
        "batch_size": size,
        "preconditioner": "scale",
        "learning_rate": most,
        "schedule": Settling((strength / most) ** 2, least / most),
    }
