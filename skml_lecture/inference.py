"""What the statistics of a regression say about the uncertainty of its coefficients."""

from dataclasses import dataclass

import numpy as np
from scipy import stats
from sklearn.utils import Bunch

from skml_lecture.solvers import Equations, Spectrum
from skml_lecture.validation import warn


@dataclass(frozen=True, eq=False)
class Posterior:
    r"""Coefficients of ridge regression as a Gaussian: mean, covariance and noise.

    The penalty is the prior :math:`\beta \sim N(0, \sigma^2 / \alpha)`, under which

    .. math:: \beta \mid y \sim N\big(\hat\beta,\; \sigma^2 (S + \alpha I)^{-1}\big), \qquad
              \hat\sigma^2 = \frac{\mathrm{RSS}}{W - \mathrm{tr}\, H}

    with S the scatter of the features and H the hat matrix; alpha = 0 is ordinary least squares.

    Parameters
    ----------
    spectrum : Spectrum
        Of the rows: S = V diag(s^2) V' on the directions that they determine.
    alpha : ndarray of shape (t,)
        The penalty of each target.
    mean : ndarray of shape (d,)
        Means of the features, zero without intercept.
    weight : float
        Total weight W.
    total : ndarray of shape (t,)
        Squares of the targets, centred where there is an intercept.
    rest : ndarray of shape (t,)
        What least squares leaves of them.
    fit_intercept : bool
        Whether there is one.
    """

    spectrum: Spectrum
    alpha: np.ndarray
    mean: np.ndarray
    weight: float
    total: np.ndarray
    rest: np.ndarray
    fit_intercept: bool

    @classmethod
    def of(cls, statistic, alpha, fit_intercept, spectrum=None):
        """Solve from a statistic of regression, or from the spectrum of its rows where known."""
        if spectrum is None:
            spectrum = Equations(fit_intercept, statistic=statistic).exact_spectrum()
        total, rest = statistic.squares_of_targets(spectrum, fit_intercept=fit_intercept)
        d = len(spectrum.V)
        mean = statistic.mean[:d] if fit_intercept else np.zeros(d)
        return cls(spectrum, alpha, mean, statistic.weight, total, rest, fit_intercept)

    @property
    def degrees_of_freedom(self):
        """Trace of the hat matrix (t,): how many parameters the penalty leaves."""
        shrinkage = self.spectrum.shrinkage(self.alpha)
        return shrinkage.sum(axis=0) + self.fit_intercept

    @property
    def squared_errors(self):
        """Weighted sum of the squared residuals (t,)."""
        left = (1 - self.spectrum.shrinkage(self.alpha)) * self.spectrum.Uy
        return self.rest + np.sum(left**2, axis=0)

    @property
    def is_determined(self):
        """Whether each target's errors have a finite variance (t,)."""
        full = self.spectrum.rank == len(self.mean)
        enough = self.weight - self.degrees_of_freedom > 1e-9 * self.weight
        return enough & (full | (self.alpha > 0))

    @property
    def sigma(self):
        """Standard deviation of the noise (t,); NaN where it is not determined."""
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = self.squared_errors / (self.weight - self.degrees_of_freedom)
            return np.where(self.is_determined, np.sqrt(variance), np.nan)

    def spread(self, Z):
        """Return z'(S + alpha I)^-1 z of rows (n, d), of shape (n, t); NaN where it is not one."""
        along = (Z @ self.spectrum.V) ** 2  # (n, r)
        inverse = 1 / (self.spectrum.s[:, np.newaxis] ** 2 + self.alpha)  # (r, t)
        spread = along @ inverse
        if self.spectrum.rank < len(self.mean):
            null = np.maximum(np.einsum("nd,nd->n", Z, Z) - along.sum(axis=1), 0)[:, np.newaxis]
            prior = np.divide(
                1, self.alpha, out=np.full(len(self.alpha), np.nan), where=self.alpha > 0
            )
            spread = spread + null * prior
        return spread

    def standard_errors(self):
        """Return those of the coefficients (t, d) and of the intercept (t,)."""
        coef = self.sigma[:, np.newaxis] * np.sqrt(self.spread(np.eye(len(self.mean)))).T
        base = self.fit_intercept / self.weight
        intercept = self.sigma * np.sqrt(base + self.spread(self.mean[np.newaxis])[0])
        return coef, intercept if self.fit_intercept else np.zeros_like(intercept)

    def prediction_errors(self, X):
        """Return the standard deviations (n, t) of new targets."""
        base = 1 + self.fit_intercept / self.weight
        return self.sigma * np.sqrt(base + self.spread(X - self.mean))

    def warn_if_undetermined(self):
        """Say, once, why there are no standard errors."""
        if self.is_determined.all():
            return
        rank, d = self.spectrum.rank, len(self.mean)
        why = f"the rows determine only {rank} of {d} coefficients"
        if rank == d or (self.alpha > 0).any():
            why = f"{self.weight:g} rows leave no degree of freedom for the noise"
        warn(
            f"There are no standard errors, they are NaN: {why}. Use more rows, fewer features "
            f"or a larger alpha.",
            UserWarning,
        )


class Inference(Bunch):
    """Estimates with their uncertainty; its representation is a table."""

    def __repr__(self):
        lines = []
        for name, rows, summary in self._tables():
            lines += [name] if name else []
            width = max(len(row[0]) for row in rows)
            heads = ("coef", "std err", "t", "p", f"[{self.level:.0%}", "interval]")
            lines.append(" " * width + "".join(f"{head:>12}" for head in heads))
            for label, *numbers in rows:
                lines.append(f"{label:<{width}}" + "".join(f"{x:12.4g}" for x in numbers))
            lines.append(summary)
        return "\n".join(lines)

    def _tables(self):
        """Yield name, rows and last line of the table of each target."""
        single = np.ndim(self.coef) == 1
        for t in range(1 if single else len(self.coef)):
            pick = (lambda values: values) if single else (lambda values, t=t: values[t])
            labels = [str(name) for name in self.feature_names]
            parts = [(self, labels)]
            if self.intercept is not None:
                parts.append((self.intercept, ["intercept"]))
            rows = []
            for part, names in parts:
                columns = [
                    np.atleast_1d(pick(part[key]))
                    for key in ("coef", "standard_error", "t", "p_value")
                ]
                ends = np.atleast_2d(pick(part.interval))
                rows += [
                    (n, *numbers, *end)
                    for n, *numbers, end in zip(names, *columns, ends, strict=True)
                ]
            yield "" if single else f"target {t}", rows, self._summary_line(pick)

    def _summary_line(self, pick):
        keys = {"sigma": "sigma", "degrees_of_freedom": "df", "r2": "R2", "aic": "AIC"}
        numbers = (f"{short} {pick(self[key]):.4g}" for key, short in keys.items())
        return f"weight {self.weight:g}, " + ", ".join(numbers)


def infer(posterior, coef, intercept, names, level):
    """Return the :class:`Inference` about coefficients (t, d) and intercepts (t,)."""
    left = posterior.weight - posterior.degrees_of_freedom
    coef_error, intercept_error = posterior.standard_errors()
    W, errors = posterior.weight, posterior.squared_errors
    with np.errstate(divide="ignore", invalid="ignore"):
        log_likelihood = -W / 2 * (np.log(2 * np.pi * errors / W) + 1)
        r2 = 1 - errors / posterior.total
    df = posterior.degrees_of_freedom
    own = None
    if posterior.fit_intercept:
        own = Bunch(**_estimates(intercept, intercept_error, left, level))
    return Inference(
        **_estimates(coef, coef_error, left[:, np.newaxis], level),
        intercept=own,
        sigma=posterior.sigma,
        degrees_of_freedom=df,
        r2=r2,
        log_likelihood=log_likelihood,
        aic=2 * df - 2 * log_likelihood,
        bic=np.log(W) * df - 2 * log_likelihood,
        weight=W,
        level=level,
        feature_names=names,
    )


def _estimates(value, error, left, level):
    """Return estimates with Student's t, two-sided p-values and intervals (..., 2)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(error > 0, value / error, np.nan)
        p_value = 2 * stats.t.sf(np.abs(t), left)
        half = stats.t.ppf((1 + level) / 2, left) * error
    interval = np.stack([value - half, value + half], axis=-1)
    return {
        "coef": value,
        "standard_error": error,
        "t": t,
        "p_value": p_value,
        "interval": interval,
    }


def of_one_target(inference):
    """Return the inference of a y of one dimension, without the axis of the targets."""
    for part in (inference, inference.intercept or {}):
        for key, value in part.items():
            if isinstance(value, np.ndarray) and key != "feature_names":
                part[key] = value[0]
    return inference
