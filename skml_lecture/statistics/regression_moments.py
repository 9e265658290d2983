"""What regression needs of rows: moments of features and targets, and their products."""

from dataclasses import dataclass, replace

import numpy as np

from skml_lecture.data import quiet
from skml_lecture.statistics import sums
from skml_lecture.statistics.moments import Moments


@dataclass(frozen=True, eq=False)
class RegressionMoments:
    r"""Moments of features x and targets y, and their centred products; ``+``, ``-``, ``*``.

    .. math:: S_{xx} = \sum_i w_i (x_i - \bar x)(x_i - \bar x)^\top, \quad
              S_{xy} = \sum_i w_i (x_i - \bar x)(y_i - \bar y)^\top, \quad
              S_{yy} = \sum_i w_i (y_i - \bar y)^2

    Products of one target with another are in no solution, so they are not formed.

    Parameters
    ----------
    x : Moments
        Of the features, with products.
    y : Moments
        Of the targets, squares only.
    products : ndarray of shape (n_features, n_targets)
        Weighted sums of (x - its origin)(y - its origin).

    See Also
    --------
    Moments : The same of one set of columns.
    Triangle : The triangular factor of the rows, which does not square their condition.

    Notes
    -----
    One pass, O(n d (d + t)).

    References
    ----------
    T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", COMPSTAT 1982, eq. (2.1).

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture.data import Data
    >>> from skml_lecture.statistics import RegressionMoments
    >>> data = Data.of([[0.0], [1.0], [2.0]], targets=[[1.0], [3.0], [5.0]])
    >>> RegressionMoments.from_data(data).scatter
    array([[2., 4.],
           [4., 8.]])
    """

    x: Moments
    y: Moments
    products: np.ndarray  # (d, t)

    @classmethod
    @quiet
    def from_data(cls, data):
        """Summarise rows.

        Parameters
        ----------
        data : Data
            The rows; targets of shape (n_samples, n_targets).

        Returns
        -------
        moments : RegressionMoments
            Of these rows.
        """
        d, t = data.n_features, data.targets.shape[1]
        if not data.n_rows:
            return cls(Moments.empty(d), Moments.empty(t, kind="diag"), np.zeros((d, t)))
        if data.is_sparse:
            y = Moments.from_samples(data.targets, data.weight, kind="diag")
            *parts, cross = sums.sparse_products(data, data.targets - y.origin)
            return cls(Moments(*parts), y, cross)
        targets = replace(data, X=data.targets, columns=None, picks=None)
        origins = sums.near_mean(data), sums.near_mean(targets)
        for _ in range(sums.MAX_PASSES):
            total, first, second, cross, y_first, squares = sums.products(*origins, data)
            x = Moments(total, origins[0], first, second)
            y = Moments(total, origins[1], y_first, squares, "diag")
            origins = x.better_origin(), y.better_origin()
            if origins[0] is x.origin and origins[1] is y.origin:
                break
        return cls(x, y, cross)

    def __add__(self, other: "RegressionMoments") -> "RegressionMoments":
        if not isinstance(other, RegressionMoments):
            return NotImplemented
        x, y = self.x + other.x, self.y + other.y
        ours, theirs = (part._seen_from(x.origin, y.origin) for part in (self, other))
        return RegressionMoments(x, y, ours + theirs)

    def __sub__(self, other: "RegressionMoments") -> "RegressionMoments":
        if not isinstance(other, RegressionMoments):
            return NotImplemented
        x, y = self.x - other.x, self.y - other.y
        ours, theirs = (part._seen_from(x.origin, y.origin) for part in (self, other))
        return RegressionMoments(x, y, (ours - theirs) * (x.weight > 0))

    def __mul__(self, factor: float) -> "RegressionMoments":
        return RegressionMoments(self.x * factor, self.y * factor, self.products * factor)

    __rmul__ = __mul__

    @property
    def weight(self):
        """Total weight of the rows."""
        return self.x.weight

    @property
    def n_targets(self):
        """Number of targets."""
        return self.y.n_features

    @property
    def mean(self):
        """Mean of the features and then the targets."""
        return np.concatenate([self.x.mean, self.y.mean])

    @property
    def cross(self):
        """Centred products of features and targets, of shape (n_features, n_targets)."""
        return self.products - np.outer(self.x.first, self.y.offset)

    @property
    def scatter(self):
        """Centred products of the features and then the targets; NaN of one target and another."""
        d, t = self.x.n_features, self.n_targets
        scatter = np.full((d + t, d + t), np.nan)
        scatter[:d, :d], scatter[:d, d:] = self.x.scatter, self.cross
        scatter[d:, :d] = scatter[:d, d:].T
        scatter.flat[d * (d + t + 1) :: d + t + 1] = self.y.scatter
        return scatter

    def gram_and_cross(self, *, fit_intercept):
        """Return X'WX (d, d) and X'WY (d, t), about the mean or without intercept about zero.

        Parameters
        ----------
        fit_intercept : bool
            Whether about the mean. A column that is constant but for rounding is one of zeros.

        Returns
        -------
        gram, cross : ndarray
            New arrays.
        """
        if not fit_intercept:
            zero = RegressionMoments(
                self.x.seen_from(np.zeros(self.x.n_features)),
                self.y.seen_from(np.zeros(self.n_targets)),
                self._seen_from(0.0, 0.0),
            )
            return zero.x.second, zero.products
        gram, cross = self.x.scatter, self.cross
        constant = is_constant(gram.diagonal(), self.x.mean, self.weight)
        if constant.any():
            gram[constant] = gram[:, constant] = cross[constant] = 0
        return gram, cross

    def rounding(self, squares, *, fit_intercept):
        """Return the largest rounding error of a square of ``gram_and_cross``, relative to it.

        Parameters
        ----------
        squares : ndarray of shape (n_features,)
            The diagonal of the Gram matrix.
        fit_intercept : bool
            Whether about the mean.

        Returns
        -------
        rounding : float
            More than a few eps where most of what there was is taken away.
        """
        x = self.x if fit_intercept else self.x.seen_from(np.zeros(self.x.n_features))
        return np.max(x.rounding[squares > 0] / squares[squares > 0], initial=0.0)

    def squares_of_targets(self, spectrum, *, fit_intercept):
        """Return the squares of the targets, and what least squares leaves of them.

        Parameters
        ----------
        spectrum : Spectrum
            Of the same rows.
        fit_intercept : bool
            Whether about the mean.

        Returns
        -------
        total, rest : ndarray of shape (n_targets,)
            In squared units of the targets.
        """
        y = self.y if fit_intercept else self.y.seen_from(np.zeros(self.n_targets))
        total = y.scatter if fit_intercept else y.second
        return total, np.maximum(total - np.sum(spectrum.Uy**2, axis=0), 0)

    def intercept(self, coef):
        """Return mean(y) - coef mean(x) with all its digits.

        Parameters
        ----------
        coef : ndarray of shape (n_targets, n_features)
            Coefficients.

        Returns
        -------
        intercept : ndarray of shape (n_targets,)
            In the units of the targets.
        """
        x, y = (part.origin.astype(np.longdouble) + part.offset for part in (self.x, self.y))
        return (y - coef.astype(np.longdouble) @ x).astype(np.float64)  # which may cancel

    def _seen_from(self, x_origin, y_origin):
        """Return the products as seen from other origins."""
        dx, dy = self.x.origin - x_origin, self.y.origin - y_origin
        if not (dx.any() or dy.any()):
            return self.products
        moved = np.outer(dx, self.y.first) + np.outer(self.x.first, dy)
        return self.products + moved + self.weight * np.outer(dx, dy)


def is_constant(squares, mean, weight):
    """Tell which columns, of these centred squares, are but the rounding of their mean."""
    return squares <= weight * (8 * np.finfo(np.float64).eps * mean) ** 2
