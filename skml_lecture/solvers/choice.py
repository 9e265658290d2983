"""The one rule that chooses a factorisation, for every way in which rows or statistics come."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import linalg

from skml_lecture.data import Data
from skml_lecture.solvers.cholesky import GramCholesky, KernelCholesky
from skml_lecture.solvers.conjugate import ConjugateGradients
from skml_lecture.solvers.lsqr import Lsqr
from skml_lecture.solvers.rank import EPS
from skml_lecture.solvers.rows import HEAVY, CenteredRows
from skml_lecture.solvers.spectrum import CAREFUL_BELOW, Spectrum
from skml_lecture.statistics import RegressionMoments, Triangle

MAX_GRAM = 1000  # features up to which statistics are kept whatever the number of rows
_MAX_SPARSE_GRAM = 2800  # features up to which a sparse X is worth a dense Gram matrix (63 MB)
_TWELVE_DIGITS = 1e-4  # reciprocal condition of a kernel matrix
_TRIALS = 100  # iterations, where another solver can follow
_OF_KERNEL = 40  # times as long as one of a factorisation takes a multiplication of sparse rows


@dataclass(frozen=True, eq=False)
class Equations:
    """The normal equations of ridge regression: rows, or what they were summarised to, or both.

    Parameters
    ----------
    fit_intercept : bool
        Whether rows are centered.
    data : Data, default=None
        The rows, with targets (n, t), where they are at hand.
    statistic : RegressionMoments or Triangle, default=None
        Their statistic, where it is known already.
    """

    fit_intercept: bool
    data: Data | None = None
    statistic: RegressionMoments | Triangle | None = None

    @property
    def is_wide(self):
        """Whether there are rows, of fewer directions than features: the kernel matrix is smaller.

        Of as many rows as features the center takes one.
        """
        return (
            self.data is not None and self.data.n_rows - self.fit_intercept < self.data.n_features
        )

    @cached_property
    def rows(self):
        """The rows, centered at the mean of the statistic where it is known."""
        mean = None if self.statistic is None else self.statistic.mean
        return CenteredRows.of(self.data, self.fit_intercept, mean)

    @cached_property
    def moments(self):
        """The statistic of the Gram matrix."""
        if isinstance(self.statistic, RegressionMoments):
            return self.statistic
        return RegressionMoments.from_data(self.data)

    @cached_property
    def kernel(self):
        """Z Z' of the rows."""
        return self.rows.kernel()

    @cached_property
    def kernel_spectrum(self):
        """The singular values and directions of the kernel."""
        return Spectrum.of_kernel(self.kernel, self.rows)

    @cached_property
    def gram_and_cross(self):
        """Z'Z and Z'y."""
        return self.moments.gram_and_cross(fit_intercept=self.fit_intercept)

    @cached_property
    def rounding(self):
        """Up to which part of the largest an eigenvalue of a Gram matrix alone may be rounding."""
        if self.data is not None:
            return 0.0
        squares = self.gram_and_cross[0].diagonal()
        rounding = self.moments.rounding(squares, fit_intercept=self.fit_intercept)
        return len(squares) * rounding

    def solver(self, alpha, method="auto"):
        """Return what solves for the penalties ``alpha`` of the targets (t,).

        Cholesky of the smaller of Gram and kernel matrix, unless it is too ill-conditioned; then
        the singular values of the rows, or of a statistic alone its eigenvectors. For large
        sparse rows what iterates, where it converges.
        """
        if isinstance(self.statistic, Triangle) or method == "svd":
            return self._singular_values(alpha)
        if method == "lsqr" and self.data is not None:
            return Lsqr(self.rows)
        if self.is_wide and not alpha.all() and self.data.n_features <= MAX_GRAM:
            return self._singular_values()  # rows are interpolated: it is the rank that counts
        if method == "auto" and self._iterates():
            for iterative, is_last in self._iterations(alpha):
                coef = iterative.coefs(alpha)
                if iterative.converged or is_last:
                    return _Solved(iterative, coef)
        known = vars(self).get("kernel_spectrum")  # of a search that came before
        if known is not None and known.suffices_for(alpha, _TWELVE_DIGITS):
            return known
        if cholesky := self._cholesky(alpha.min()):
            return cholesky
        stays_sparse = method == "auto" and self._is_too_large_to_be_dense
        return Lsqr(self.rows) if stays_sparse else self._singular_values(alpha)

    def path(self, alphas):
        """Return what solves for every one of many alphas (a,)."""
        if isinstance(self.statistic, Triangle):
            return self._singular_values()
        wide = self.is_wide
        spectrum = self.kernel_spectrum if wide else self._of_gram()
        if spectrum.suffices_for(alphas, max(CAREFUL_BELOW, self.rounding)):
            return spectrum
        return self._cholesky(alphas.min()) or self._singular_values(alphas)

    def spectrum(self, alphas):
        """Return the singular values and directions, good for every alpha (a,)."""
        solver = self.path(alphas)
        return solver if isinstance(solver, Spectrum) else self._singular_values(alphas)

    def grid(self):
        """Return penalties from one that changes nothing to one that leaves nothing, (a,).

        Shrinkage s^2 / (s^2 + alpha) of the least direction is then 0.999, of the largest 0.0001.
        """
        matrix = self.kernel if self.is_wide else self.gram_and_cross[0]
        values = linalg.eigvalsh(matrix, check_finite=False)
        largest = values.max(initial=0) or 1.0
        least = values[values > CAREFUL_BELOW * largest].min(initial=largest)
        low, high = np.floor(np.log10(1e-3 * least)), np.ceil(np.log10(1e4 * largest))
        return np.logspace(low, high, 5 * int(high - low) + 1)

    def exact_spectrum(self):
        """Return the singular values and directions with all the digits that there are."""
        return self._singular_values()

    def intercept(self, coef):
        """Return the free terms (t,) of coefficients (t, d)."""
        if not self.fit_intercept:
            return np.zeros(len(coef))
        if self.statistic is not None:
            return self.statistic.intercept(coef)
        return self.rows.y_center - coef @ self.rows.x_center

    @property
    def _is_too_large_to_be_dense(self):
        """Whether rows are sparse, and have so many columns that they must stay it."""
        data = self.data
        return data is not None and data.is_sparse and data.n_features > _MAX_SPARSE_GRAM

    def _iterates(self):
        """Tell whether iterations over sparse rows take a fraction of the direct solution."""
        if self.data is None or not self.data.is_sparse or self.data.n_features <= MAX_GRAM:
            return False
        x, n, d = self.data.x, *self.rows.shape
        if min(n, d) > _MAX_SPARSE_GRAM:
            return True
        if not self.is_wide:
            return 4 * _TRIALS * x.nnz < d**3 / 3
        counts = np.bincount(x.indices).astype(np.float64)
        products = (counts[counts <= HEAVY * n] ** 2).sum()
        return _TRIALS * x.nnz < n**3 / 3 + _OF_KERNEL * products

    def _iterations(self, alpha):
        """Yield what iterates, and whether nothing may follow."""
        if self.is_wide and alpha.all():
            yield ConjugateGradients(self.rows, _TRIALS), False
        if not self.is_wide or self.data.n_rows > _MAX_SPARSE_GRAM:
            is_last = self._is_too_large_to_be_dense
            yield Lsqr(self.rows, None if is_last else _TRIALS), is_last

    def _cholesky(self, least):
        """Return the factor of the smaller matrix, None where that is too ill-conditioned."""
        if self.is_wide:
            cholesky = KernelCholesky(self.rows, self.kernel, least)
        else:
            rows = None if self.data is None else self.rows
            cholesky = GramCholesky(*self.gram_and_cross, least, rows)
        return cholesky if cholesky.suffices and cholesky.rcond > self.rounding else None

    def _of_gram(self):
        """Return the spectrum of the Gram matrix; nothing is lost where the rows have Z N = 0.

        Squares do not tell Z N from zero up to a norm of sqrt(eps), G = Z'(Z N) up to one of eps.
        """
        spectrum = Spectrum.of_gram(*self.gram_and_cross)
        N, V, s = spectrum.lost, spectrum.V, spectrum.s[:, np.newaxis]
        if self.data is None or N is None or spectrum.rcond < CAREFUL_BELOW:
            return spectrum
        for _ in range(2):  # again without what the rounding of the squares turned N by
            G = self.rows.gram_times(N)
            if np.sqrt(abs((N * G).sum(axis=0)).max()) <= 32 * len(N) * EPS * s.max():
                return replace(spectrum, lost=None)
            N = N - V @ (V.T @ G / s**2)
        return spectrum

    def _of_moments(self, alpha):
        """Return the spectrum of moments; about zero it is that of the centered ones and the mean.

        What the mean has along their null directions may be rounding: then it is the rank that
        counts, which squares about zero tell, unless it or a penalty is larger.
        """
        of_gram = Spectrum.of_nearly_singular_gram
        if not self.fit_intercept:
            centered = replace(self, fit_intercept=True)
            gram, cross = centered.gram_and_cross
            spectrum = of_gram(gram, cross, centered.rounding)
            mean = np.split(self.statistic.mean, [len(gram)])
            cutoff = max(32 * len(gram) * EPS, centered.rounding)
            noise = cutoff / spectrum.rcond * np.sqrt(self.statistic.weight) * linalg.norm(mean[0])
            along = mean[0] - spectrum.V @ (spectrum.V.T @ mean[0])
            news = np.sqrt(self.statistic.weight) * linalg.norm(along)
            is_full = spectrum.rank == np.count_nonzero(gram.diagonal())
            if is_full or max(news, np.sqrt(np.min(alpha))) > noise:
                whole = spectrum.about_zero(self.statistic.weight, *mean)
                # what the mean has along null directions is as exact as they are
                rcond = 1.0 if is_full else whole.rcond
                return replace(whole, rcond=min(spectrum.rcond, rcond))
        return of_gram(*self.gram_and_cross, self.rounding)

    def _singular_values(self, alpha=0.0):
        if self.data is None and isinstance(self.statistic, RegressionMoments):
            return self._of_moments(alpha)
        if self.is_wide:
            Z = self.rows.exactly_centered()
            is_wide = np.count_nonzero(Z.any(axis=0)) >= len(Z)  # without columns of zeros
            of_rows = Spectrum.of_wide_rows if is_wide else Spectrum.of_triangle
            return of_rows(Z, self.rows.targets)
        triangle = self.statistic
        if not isinstance(triangle, Triangle):
            triangle = Triangle.from_data(self.data)
        return Spectrum.of_triangle(*triangle.system(fit_intercept=self.fit_intercept))


@dataclass(frozen=True, eq=False)
class _Solved:
    """A solver with its solution, which was needed to know that it suffices."""

    solver: ConjugateGradients | Lsqr
    coef: np.ndarray

    @property
    def name(self):
        return self.solver.name

    @property
    def converged(self):
        return self.solver.converged

    def coefs(self, alpha):  # noqa: ARG002 - that of which it is the solution
        return self.coef
