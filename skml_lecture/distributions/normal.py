"""The multivariate normal distribution of every class."""

from dataclasses import dataclass, replace

import numpy as np

from skml_lecture.data import Data
from skml_lecture.distributions.covariances import COVARIANCES, rounding_variance
from skml_lecture.distributions.gaussian import SMALLEST, check_underflow
from skml_lecture.statistics.moments import Moments
from skml_lecture.validation import check_finite, check_if_whole


@dataclass(frozen=True, eq=False)
class ShrunkMoments:
    """Full moments of every class with the amounts that Ledoit and Wolf shrink them by.

    The amounts need all rows at once, so these moments are final: they do not add.

    Parameters
    ----------
    moments : Moments
        Of every class, with a scatter of its own.
    amounts : ndarray of shape (n_classes,)
        Between 0 and 1.

    See Also
    --------
    skml_lecture.GaussianGenerativeClassifier : Keeps them under ``shrinkage="auto"``.

    Notes
    -----
    ``fit_statistics`` takes them, so that whoever sums up moments, and then fourth moments, over
    rows that lie elsewhere can make the model.

    References
    ----------
    O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance
    matrices", Journal of Multivariate Analysis 88, 2004, section 3.2.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skml_lecture import GaussianGenerativeClassifier
    >>> model = GaussianGenerativeClassifier(shrinkage="auto").fit(*load_iris(return_X_y=True))
    >>> model.statistics_.values.summary.amounts.round(2)
    array([0.25, 0.08, 0.14])
    """

    moments: Moments
    amounts: np.ndarray

    @property
    def weight(self):
        """Total weight of each class."""
        return self.moments.weight

    @property
    def final(self):
        """The moments with every class's covariance shrunk.

        As in linear discriminant analysis: every class is standardised by itself, shrunk, and put
        back into the data's units.
        """
        moments = self.moments
        stds = class_deviations(moments)
        scatter = np.empty_like(moments.scatter)
        for c, amount in enumerate(self.amounts):
            units = np.outer(stds[c], stds[c])
            standard = moments.scatter[c] / units
            sphere = standard.diagonal().mean() * np.eye(len(units))
            scatter[c] = units * ((1 - amount) * standard + amount * sphere)
        centered = Moments(moments.weight, moments.mean, np.zeros_like(moments.mean), scatter)
        return replace(centered, kind="full")

    def expanded(self, positions, n_classes):
        """Return the same over more classes, this class i at ``positions[i]``, the rest empty.

        Parameters
        ----------
        positions : ndarray of int
            Where each class stands among the new ones.
        n_classes : int
            Number of the new classes.

        Returns
        -------
        moments : ShrunkMoments
            Over ``n_classes`` classes.
        """
        amounts = np.zeros(n_classes)
        amounts[positions] = self.amounts
        return ShrunkMoments(self.moments.expanded(positions, n_classes), amounts)

    def __mul__(self, factor):
        return ShrunkMoments(self.moments * factor, self.amounts)

    __rmul__ = __mul__

    def __add__(self, other):
        raise ValueError(
            'shrinkage="auto" (Ledoit-Wolf) needs all rows at once, so its statistics do not add. '
            'Use fit, or shrinkage="oas", which is found from the statistics.'
        )

    __radd__ = __sub__ = __add__


def class_deviations(moments):
    """Return the standard deviations of every class (k, d), 1 where a feature is constant."""
    count = np.where(moments.weight > 0, moments.weight, 1)[:, np.newaxis]
    variances = moments.variances_of_scatter() / count
    return np.sqrt(np.where(variances > rounding_variance(moments.mean), variances, 1))


def fourth_moments(data, moments):
    r"""Return the weighted sum of :math:`\|(x - \mu_c) / \sigma_c\|^4` over each class's rows."""
    return data.sum(_FourthMoments(moments.mean, class_deviations(moments)), 4 * data.n_features)


@dataclass(frozen=True, eq=False)
class _FourthMoments:
    """Work on blocks of rows: their fourth moments, by class."""

    means: np.ndarray
    stds: np.ndarray

    def __call__(self, blocks):
        sums = np.zeros(len(self.means))
        for block in blocks:
            codes = block.targets
            Z = (block.x - self.means[codes]) / self.stds[codes]
            fourth = np.einsum("ij,ij->i", Z, Z) ** 2
            if block.weight is not None:
                fourth *= block.weight
            sums += np.bincount(codes, fourth, len(sums))
        return sums


def ledoit_wolf(moments, fourth):
    r"""Return the moments with the amounts of Ledoit and Wolf (2004), section 3.2, of every class.

    ``fourth`` are the sums of :math:`\|(x - \mu_c) / \sigma_c\|^4`, see ``fourth_moments``.
    """
    stds, amounts = class_deviations(moments), np.zeros(len(moments.weight))
    for c in np.flatnonzero(moments.weight):
        count = moments.weight[c]
        standard = moments.scatter[c] / count / np.outer(stds[c], stds[c])
        d, squares = len(standard), np.sum(standard**2)
        distance = (squares - np.trace(standard) ** 2 / d) / d
        noise = (fourth[c] / count - squares) / (d * count)
        amounts[c] = min(noise / distance, 1.0) if distance > 0 and noise > 0 else 0.0
    return ShrunkMoments(moments, amounts)


@dataclass(frozen=True, eq=False)
class MultivariateNormal:
    r"""Normal densities :math:`N(x; \mu_c, \Sigma_c)` of the rows of every class.

    Parameters
    ----------
    covariance_type : {"tied", "full", "diag", "tied_diag", "spherical"}
        The type.
    means : ndarray of shape (n_classes, n_features)
        Their means.
    covariances : ndarray
        One covariance, or one for each class, as a stack.
    precisions_cholesky : ndarray
        Upper triangular factors P, :math:`P P^\top = \Sigma^{-1}`, as a stack: rows times P are
        white.
    log_det : ndarray
        Logarithm of the determinant of each covariance.
    rank : ndarray of int
        Number of directions in which each has a variance of its own.

    See Also
    --------
    Independent : Columns that know nothing of each other, each of a family of its own.

    Notes
    -----
    A row is measured from the mean before it is multiplied, of sparse rows in the columns whose
    mean lies far from zero, so that a large mean costs no digits.

    References
    ----------
    Hung-yi Lee, Machine Learning, lecture 6, "Classification: probabilistic generative model".

    Examples
    --------
    >>> import numpy as np
    >>> from skml_lecture.distributions import MultivariateNormal
    >>> from skml_lecture.statistics import Moments
    >>> moments = Moments.from_samples([[0.0], [2.0], [5.0], [7.0]], groups=[0, 0, 1, 1])
    >>> MultivariateNormal.of(moments, "full").log_density(np.array([[1.0]])).round(3)
    array([[ -0.919, -13.419]])
    """

    covariance_type: str
    means: np.ndarray
    covariances: np.ndarray
    precisions_cholesky: np.ndarray
    log_det: np.ndarray
    rank: np.ndarray

    @classmethod
    def of(cls, moments, covariance_type, *, shrinkage=None, reg_covar=0.0, whole=True):
        """Return the densities of moments.

        Null directions are measured by the variance within classes, for a feature without any by
        the variance of all rows.

        Parameters
        ----------
        moments : Moments
            Of every class.
        covariance_type : {"tied", "full", "diag", "tied_diag", "spherical"}
            The type.
        shrinkage : float in [0, 1] or "oas", default=None
            How far to shrink the correlations.
        reg_covar : float, default=0.0
            Added to all variances.
        whole : bool, default=True
            Whether no more rows are to come, so that what they cannot mend is refused. Of parts it
            is a warning.

        Returns
        -------
        densities : MultivariateNormal
            Of every class.
        """
        covariance = COVARIANCES[covariance_type]
        count = moments.weight
        center = count @ moments.mean / count.sum()
        means = np.where((count > 0)[:, np.newaxis], moments.mean, center)
        covariances = covariance.regularized(covariance.estimate(moments, shrinkage), reg_covar)
        within = COVARIANCES["tied_diag"].estimate(moments, None)[0]
        between = count @ (means - center) ** 2 / count.sum()
        noise = rounding_variance(means)
        noise = noise.max(axis=0, keepdims=True) if covariance.is_tied else noise
        variance = np.where(within > noise.max(axis=0), within, within + between)
        check_if_whole(check_underflow, variance, count.sum(), means, whole=whole)
        noise = np.maximum(noise, SMALLEST)
        scale = np.sqrt(np.where(variance > noise.max(axis=0), variance, 1))
        statistic = moments.reduced(covariance.scatter)
        weight = count.sum() if covariance.is_tied else np.where(count > 0, count, 1)[:, np.newaxis]
        rounding = np.atleast_2d(statistic.rounding / weight)
        whitening = covariance.whitening(covariances, scale, noise, rounding)
        return cls(covariance_type, means, covariances, *whitening)

    @property
    def covariance(self):
        """The type of covariance, as an object."""
        return COVARIANCES[self.covariance_type]

    @property
    def n_parameters(self):
        """Number of free parameters of means and covariances."""
        k, d = self.means.shape
        return k * d + len(self.covariances) * self.covariance.n_free(d)

    def log_density(self, X):
        """Return the log density of every row in every class.

        Parameters
        ----------
        X : {ndarray, CSR array or matrix} of shape (n_samples, n_features)
            The rows.

        Returns
        -------
        log_density : ndarray of shape (n_samples, n_classes)
            In nats.
        """
        (n, d), k = X.shape, len(self.means)
        log_density = np.empty((n, k))
        constant = self.log_det + d * np.log(2 * np.pi)

        def fill(blocks):
            with np.errstate(over="ignore", invalid="ignore"):  # the caller looks at the result
                for block in blocks:
                    distances = self.covariance.squared_distances(
                        block.x, self.means, self.precisions_cholesky
                    )
                    np.multiply(distances + constant, -0.5, out=log_density[block.rows])
            return 0

        Data(X).map(fill, 4 * k * d, at_least=min(128, 16 + 2**21 // (k * d)))
        if not np.isfinite(log_density).all():
            check_finite(X)
            log_density[np.isnan(log_density)] = -np.inf  # so far away that squares overflow
        return log_density

    def precise(self, shifts):
        """Return rows times the one precision matrix of a tied type.

        Parameters
        ----------
        shifts : ndarray of shape (n, n_features)
            The rows.

        Returns
        -------
        weighted : ndarray of shape (n, n_features)
            In one over the units of the rows.
        """
        factor = self.precisions_cholesky[0]
        return shifts * factor**2 if factor.ndim == 1 else (shifts @ factor) @ factor.T

    def sample(self, codes, random_state):
        """Draw one row of each class in ``codes``.

        Parameters
        ----------
        codes : ndarray of int of shape (n_samples,)
            The class of each row.
        random_state : numpy.random.RandomState
            The source of chance.

        Returns
        -------
        X : ndarray of shape (n_samples, n_features)
            The rows.
        """
        noise = random_state.standard_normal((len(codes), self.means.shape[1]))
        X = self.means[codes]
        shape = (len(self.means), *self.covariances.shape[1:])
        stack = np.broadcast_to(self.covariances, shape)
        for c in np.unique(codes):
            rows = codes == c
            X[rows] += self.covariance.colored(noise[rows], stack[c])
        return X
