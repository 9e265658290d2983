"""Weight, mean and scatter of weighted rows: a statistic that adds and takes away."""

from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from skml_lecture.data import Data, quiet
from skml_lecture.statistics import sums
from skml_lecture.statistics.column_sums import spread
from skml_lecture.statistics.subtraction import remaining

_EPS = np.finfo(np.float64).eps
_FAR = 10.0  # squared distance of the origin from the mean / variance: a digit is lost
_HALF = 1e-8  # half of the digits
KINDS = {  # name: has cross products, has one scatter per group
    "full": (True, True),
    "tied": (True, False),
    "diag": (False, True),
    "tied_diag": (False, False),
}


@dataclass(frozen=True, eq=False)
class Moments:
    r"""Weight, mean and scatter of weighted rows, or of each of k groups of them.

    .. math:: W = \sum_i w_i, \qquad \mu = \frac1W \sum_i w_i x_i, \qquad
              S = \sum_i w_i (x_i - \mu)(x_i - \mu)^\top

    ``a + b`` are the moments of the rows of both, ``a - b`` those of what is left without b, and
    ``f * a`` those of the rows with f times their weights.

    Sums are kept as seen from an origin o, a point near the mean with few digits, so that at a
    mean of 1e8 spreads no digit is lost, and sums of whole numbers are exact:
    :math:`W`, :math:`\sum_i w_i (x_i - o)` and :math:`\sum_i w_i (x_i - o)(x_i - o)^\top`.

    Parameters
    ----------
    weight : float or ndarray of shape (n_groups,) or (n_groups, n_features)
        Total weight W; their number when rows are not weighted. Of columns with missing values
        one for each.
    origin : ndarray of shape (n_features,) or (n_groups, n_features)
        The point from which the rows are seen, in the data's units.
    first : ndarray of the shape of ``origin``
        Weighted sum of the rows minus the origin.
    second : ndarray
        Weighted sum of their squares and products. "full": (n_features, n_features), with groups
        one for each; "tied": the sum of those of the groups; "diag" and "tied_diag": the
        diagonals of both.
    kind : {"full", "tied", "diag", "tied_diag"}, default="full"
        What ``second`` holds.
    rounding : ndarray, default=None
        Standard deviation of the rounding errors of the diagonal of ``second``.

    See Also
    --------
    numpy.cov : Covariance of one array that is held in memory.

    Notes
    -----
    Cost O(n d^2), or O(n d) for diagonals, in one pass; in another one where the first rows turn
    out to be far from the rest. No raw ``X.T @ X`` is ever formed, what cancels is at most a
    digit, and the extra memory does not depend on the number of rows. Taking away raises where it
    would leave fewer than half of the digits of a variance.

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", COMPSTAT 1982, eq. (2.1).

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture.statistics import Moments
    >>> X = np.array([[1.0, 2.0], [3.0, 2.0], [5.0, 8.0]])
    >>> whole = Moments.from_samples(X[:2]) + Moments.from_samples(X[2:])
    >>> whole.mean
    array([3., 4.])
    >>> whole.scatter
    array([[ 8., 12.],
           [12., 24.]])
    >>> (whole - Moments.from_samples(X[2:])).mean
    array([2., 2.])
    """

    weight: float | np.ndarray
    origin: np.ndarray
    first: np.ndarray
    second: np.ndarray
    kind: str = "full"
    rounding: Any = None

    def __post_init__(self):
        if self.rounding is None:
            object.__setattr__(self, "rounding", _EPS * np.abs(self._diagonal(self.second)))

    @classmethod
    def empty(
        cls, n_features: int, *, n_groups: int | None = None, kind: str = "full"
    ) -> "Moments":
        """Return the moments of no rows, the identity of ``+``.

        Parameters
        ----------
        n_features : int
            Number of columns.
        n_groups : int, default=None
            Number of groups; None means that there are none.
        kind : {"full", "tied", "diag", "tied_diag"}, default="full"
            Kind of the scatter.

        Returns
        -------
        moments : Moments
            All zero.

        Raises
        ------
        ValueError
            If ``kind`` is unknown, or is one of groups and there are none.
        """
        _check_kind(kind, grouped=n_groups is not None)
        cross, own = KINDS[kind]
        groups = () if n_groups is None else (n_groups,)
        zeros = np.zeros((*groups, n_features))
        second = np.zeros(groups * own + (n_features,) * (1 + cross))
        return cls(np.zeros(groups)[()], zeros, zeros, second, kind)

    @classmethod
    def from_samples(
        cls,
        X: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        n_groups: int | None = None,
        kind: str = "full",
    ) -> "Moments":
        """Summarise the rows of ``X``.

        Parameters
        ----------
        X : {array-like, CSR matrix} of shape (n_samples, n_features)
            The rows; finite numbers. A sparse matrix is never made dense.
        weight : array-like of shape (n_samples,), default=None
            Non-negative weights; k means a row that stands there k times, 0 one that is absent.
        groups : array-like of int of shape (n_samples,), default=None
            The group of each row, from 0 to ``n_groups - 1``; None: they are not grouped.
        n_groups : int, default=None
            Number of groups; None means the largest of ``groups`` plus one.
        kind : {"full", "tied", "diag", "tied_diag"}, default="full"
            The scatter to keep.

        Returns
        -------
        moments : Moments
            Of all groups, those without rows empty.

        Raises
        ------
        ValueError
            If ``kind`` is unknown, or is one of groups and there are none.
        """
        _check_kind(kind, grouped=groups is not None)
        data = Data.of(X, weight, targets=groups)
        if groups is not None and n_groups is None:
            n_groups = int(data.targets.max(initial=-1)) + 1
        return cls.from_data(data, n_groups=n_groups, kind=kind)

    @classmethod
    @quiet
    def from_data(cls, data, *, n_groups=None, kind="full", missing=False):
        """Summarise rows, of groups where ``data.targets`` are codes from 0 to ``n_groups - 1``.

        Parameters
        ----------
        data : Data
            The rows.
        n_groups : int, default=None
            Number of groups; None: they are not grouped.
        kind : {"full", "tied", "diag", "tied_diag"}, default="full"
            The scatter to keep.
        missing : bool, default=False
            Whether NaN is a missing value (of "diag" only); every column has a weight of its own
            where there are any.

        Returns
        -------
        moments : Moments
            Of all groups.
        """
        d = data.n_features
        if not data.n_rows:
            return cls.empty(d, n_groups=n_groups, kind=kind)
        if data.is_sparse:
            blocks = [data] if KINDS[kind][0] else data.blocks(result=(n_groups or 1) * d)
            parts = (sums.of_sparse(block, n_groups, kind, missing=missing) for block in blocks)
            return reduce(add, (cls(*part, kind) for part in parts))
        origin = sums.near_mean(data, n_groups)
        for _ in range(sums.MAX_PASSES):
            moments = cls(*sums.about(origin, data, n_groups, kind, missing=missing), kind)
            origin = moments.better_origin()
            if origin is moments.origin:
                break
        return moments

    def __add__(self, other: "Moments") -> "Moments":
        if not isinstance(other, Moments):
            return NotImplemented
        a, b = self._of_one_kind(other)
        if not np.array_equal(a.origin, b.origin):
            origin = np.where(a._weights >= b._weights, a.origin, b.origin)
            a, b = a.seen_from(origin), b.seen_from(origin)
        return Moments(
            a.weight + b.weight,
            a.origin,
            a.first + b.first,
            a.second + b.second,
            a.kind,
            np.hypot(a.rounding, b.rounding),
        )._centered()

    def __sub__(self, other: "Moments") -> "Moments":
        if not isinstance(other, Moments):
            return NotImplemented
        a, b = self._of_one_kind(other)
        b = b.seen_from(a.origin)
        rest = Moments(
            remaining(a.weight, b.weight, "The weight"),
            a.origin,
            a.first - b.first,
            a.second - b.second,
            a.kind,
            np.hypot(a.rounding, b.rounding),
        )
        rest = rest._without_empty()._centered()
        left = rest.variances_of_scatter()
        if ((left != 0) & (rest.rounding > _HALF * left)).any():
            raise ValueError(
                "What is taken away leaves fewer than half of the digits of a variance: fit on "
                "the rows that are left instead."
            )
        return rest

    def __mul__(self, factor: float) -> "Moments":
        factor = check_factor(factor)
        return replace(
            self,
            weight=factor * self.weight,
            first=factor * self.first,
            second=factor * self.second,
            rounding=factor * self.rounding,
        )

    __rmul__ = __mul__

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return self.origin.shape[-1]

    @property
    def offset(self):
        """Mean minus origin."""
        weight = self._weights
        return self.first / np.where(weight > 0, weight, 1.0)

    @property
    def mean(self) -> np.ndarray:
        """Mean of the rows, or of each group; of no rows the origin."""
        return self.origin + self.offset

    @property
    @quiet
    def scatter(self) -> np.ndarray:
        """Centred sum of squares and products S, in the shape of ``second``."""
        return self.second - self._around_origin(self.kind)

    @property
    def covariance(self) -> np.ndarray:
        """Maximum-likelihood covariance of rows without groups, scatter / weight."""
        return self.scatter / self.weight

    @quiet
    def variances_of_scatter(self):
        """Return the diagonal of the scatter.

        Returns
        -------
        squares : ndarray
            Centred sums of squares, of each group where the scatter is.
        """
        diagonal = "diag" if KINDS[self.kind][1] else "tied_diag"
        return self._diagonal(self.second) - self._around_origin(diagonal)

    def mean_minus(self, other):
        """Return this mean minus another's, with all its digits.

        Parameters
        ----------
        other : Moments
            Moments of as many features.

        Returns
        -------
        difference : ndarray of the shape of ``origin``
            In the data's units.
        """
        return (self.origin - other.origin) + (self.offset - other.offset)

    def reduced(self, kind):
        """Return the same with another kind of scatter, one that this kind determines.

        Parameters
        ----------
        kind : {"full", "tied", "diag", "tied_diag"}
            The kind that is wanted.

        Returns
        -------
        moments : Moments
            With a scatter of that kind.

        Raises
        ------
        ValueError
            If the scatter does not determine the one that is wanted.
        """
        if kind == self.kind:
            return self
        (cross, own), (wants_cross, wants_own) = KINDS[self.kind], KINDS[kind]
        if wants_cross > cross or wants_own > own:
            raise ValueError(
                f"Statistics of kind {self.kind!r} do not determine those of kind {kind!r}: "
                f"fit on the rows again."
            )
        second, rounding = self.second, self.rounding
        if cross > wants_cross:
            second = self._diagonal(second)
        if own > wants_own:
            second, rounding = second.sum(axis=0), rounding.sum(axis=0)
        return replace(self, second=second, kind=kind, rounding=rounding)

    def expanded(self, positions, n_groups):
        """Return the same over ``n_groups`` groups, group i at ``positions[i]``.

        Parameters
        ----------
        positions : ndarray of int
            Where each group stands among the new ones.
        n_groups : int
            Number of the new groups; those at no position are empty.

        Returns
        -------
        moments : Moments
            Over ``n_groups`` groups.
        """

        def spread(values):
            out = np.zeros((n_groups, *values.shape[1:]))
            out[positions] = values
            return out

        own = KINDS[self.kind][1]
        return Moments(
            *(spread(part) for part in (self.weight, self.origin, self.first)),
            spread(self.second) if own else self.second,
            self.kind,
            spread(self.rounding) if own else self.rounding,
        )

    def of_classes(self, positions):
        """Return the moments of some of the groups.

        Parameters
        ----------
        positions : ndarray of int
            Which; what the others have in common with them ("tied") stays.

        Returns
        -------
        moments : Moments
            Of these groups.
        """
        own = KINDS[self.kind][1]
        return Moments(
            *(part[positions] for part in (self.weight, self.origin, self.first)),
            self.second[positions] if own else self.second,
            self.kind,
            self.rounding[positions] if own else self.rounding,
        )

    def spread(self, picks, n_columns):
        """Return the same over more columns, this column j at ``picks[j]``; of "diag" only.

        Parameters
        ----------
        picks : ndarray of int
            Where each column stands among the new ones.
        n_columns : int
            Number of the new columns; those at no position are empty.

        Returns
        -------
        moments : Moments
            With a weight for each column.
        """
        weight = np.broadcast_to(self._weights, self.origin.shape)
        parts = (weight, self.origin, self.first, self.second, self.rounding)
        *parts, rounding = (spread(part, picks, n_columns) for part in parts)
        return Moments(*parts, self.kind, rounding)

    def filled(self):
        """Give a group without values in a column the moments of all groups; of "diag" only.

        Returns
        -------
        moments : Moments
            With a positive weight everywhere, where a column has any value.
        """
        empty = np.broadcast_to(self._weights == 0, self.origin.shape)
        if not empty.any():
            return self
        whole = self.pooled()
        weight = np.broadcast_to(self._weights, empty.shape)
        pairs = zip(
            (whole.weight, whole.origin, whole.first, whole.second, whole.rounding),
            (weight, self.origin, self.first, self.second, self.rounding),
            strict=True,
        )
        *parts, rounding = (np.where(empty, *pair) for pair in pairs)
        return Moments(*parts, self.kind, rounding)

    def select(self, columns):
        """Return the moments of some columns.

        Parameters
        ----------
        columns : ndarray of int
            Their positions.

        Returns
        -------
        moments : Moments
            Of these columns.
        """
        second = self.second[..., columns]
        if KINDS[self.kind][0]:
            second = second[..., columns, :]
        return Moments(
            self.weight[:, columns] if np.ndim(self.weight) == 2 else self.weight,
            self.origin[..., columns],
            self.first[..., columns],
            second,
            self.kind,
            self.rounding[..., columns],
        )

    def pooled(self):
        """Return the moments of all groups together.

        Returns
        -------
        moments : Moments
            Of rows without groups: with what lies between the groups.
        """
        heaviest = self._weights.argmax(axis=0, keepdims=True)
        origin = np.take_along_axis(
            self.origin, np.broadcast_to(heaviest, self.origin[:1].shape), 0
        )
        seen = self.seen_from(np.broadcast_to(origin, self.origin.shape))
        cross, own = KINDS[self.kind]
        parts = (seen.second, seen.rounding)
        second, rounding = (part.sum(axis=0) if own else part for part in parts)
        weight, kind = self.weight.sum(axis=0), "full" if cross else "diag"
        return Moments(
            weight, origin[0], seen.first.sum(axis=0), second, kind, rounding
        )._centered()

    @property
    def _weights(self):
        """The weights in a shape that goes with means."""
        weight = np.asarray(self.weight)
        return weight if weight.ndim == self.origin.ndim else weight[..., np.newaxis]

    def _around_origin(self, kind):
        """Return what the distance of the mean from the origin adds to ``second``, W m m'.

        As first first' / W, exact where that is a whole number; a power of two keeps it in range.
        """
        weight = np.where(self._weights > 0, self._weights, 1.0)
        unit = np.exp2(np.round(np.log2(weight) / 2))
        scaled, weight = self.first / unit, weight / unit**2
        if kind == "full":
            return _outer(kind, scaled, scaled) / weight[..., np.newaxis]
        return _outer(kind, scaled, scaled / weight)

    @property
    def _has_products(self):
        return KINDS[self.kind][0]

    def _diagonal(self, second):
        return np.diagonal(second, axis1=-2, axis2=-1) if self._has_products else second

    def _of_one_kind(self, other):
        """Return both as what each determines, or raise where they are not of the same columns."""
        if self.origin.shape != other.origin.shape:
            raise ValueError(
                f"Moments of {self.n_features} and of {other.n_features} features do not add "
                f"(shapes {self.origin.shape} and {other.origin.shape} of their means)."
            )
        own, theirs = KINDS[self.kind], KINDS[other.kind]
        common = tuple(a and b for a, b in zip(own, theirs, strict=True))
        kind = next(name for name, has in KINDS.items() if has == common)
        return self.reduced(kind), other.reduced(kind)

    @quiet
    def seen_from(self, origin):
        """Return the same sums as seen from another origin.

        Parameters
        ----------
        origin : ndarray of the shape of ``origin``
            A point, in the data's units.

        Returns
        -------
        moments : Moments
            With that origin.
        """
        if origin is self.origin:
            return self
        shift = self.origin - origin
        if not shift.any():
            return replace(self, origin=origin)
        weighted = self._weights * shift
        across = _outer(self.kind, self.first + weighted / 2, shift)
        second = self.second + (
            across + (across.swapaxes(-1, -2) if self._has_products else across)
        )
        rounding = np.hypot(self.rounding, _EPS * np.abs(self._diagonal(second)))
        return Moments(self.weight, origin, self.first + weighted, second, self.kind, rounding)

    def _without_empty(self):
        """Return the same with nothing left in groups, or columns, without weight."""
        gone = self._weights == 0
        if not gone.any():
            return self
        cross, own = KINDS[self.kind]
        none = np.broadcast_to(gone, self.origin.shape)
        nothing = none if own else none.reshape(-1, self.n_features).all(axis=0)
        matrix = nothing[..., np.newaxis] if cross else nothing
        return replace(
            self,
            first=np.where(none, 0.0, self.first),
            second=np.where(matrix, 0.0, self.second),
            rounding=np.where(nothing, 0.0, self.rounding),
        )

    def _centered(self):
        """Return the same as seen from an origin that is near the mean."""
        return self.seen_from(self.better_origin())

    @quiet
    def better_origin(self):
        """Return the origin, moved to the mean where it lies too far from it for the spread.

        Returns
        -------
        origin : ndarray of the shape of ``origin``
            ``self.origin`` itself where no digit is to be gained.
        """
        offset = self.offset
        variances = self.variances_of_scatter()
        squares = self._weights * offset**2
        if squares.ndim > variances.ndim:
            squares = squares.sum(axis=0)
        far = ~(squares <= _FAR * variances)  # also where squares overflowed
        if not far.any() or not np.isfinite(offset).all():
            return self.origin
        weight = self._weights if variances.ndim == self.origin.ndim else self._weights.sum(axis=0)
        spread = np.sqrt(np.maximum(variances, 0) / np.where(weight > 0, weight, 1))
        return np.where(far, self.origin + sums.rounded(offset, spread), self.origin)


def _check_kind(kind, *, grouped):
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(map(repr, KINDS))}, got {kind!r}.")
    if not (grouped or KINDS[kind][1]):
        raise ValueError(f"kind={kind!r} is what groups have in common, and there are none.")


def check_factor(factor):
    """Return a factor of weights, a finite number >= 0, or raise."""
    if not np.isscalar(factor) or not 0 <= factor < np.inf:
        raise ValueError(f"Weights can be multiplied by a number >= 0, got {factor!r}.")
    return float(factor)


def _outer(kind, a, b):
    """Return the products a b' of every group, their sum, or the diagonals of those."""
    if kind == "full":
        return a[..., :, np.newaxis] * b[..., np.newaxis, :]
    if kind == "tied":
        return a.T @ b
    return a * b if kind == "diag" else np.einsum("cj,cj->j", a, b)
