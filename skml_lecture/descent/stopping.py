"""When to stop: rules that look at where a descent stands after an epoch."""

import math

import numpy as np


class Rule:
    """What the rules share: the smallest loss, and for how many epochs it has been that."""

    def __init__(self):
        self.best = np.inf
        self.stale = 0

    def epochs_left(self, state):  # noqa: ARG002 (where no pace tells)
        """Return how many more epochs a descent takes at the pace that it has had."""
        return np.inf


class GradientNorm(Rule):
    """Stop where the gradient's norm, in the coordinates of the descent, is at most ``tol``.

    Rounding ends the fall of the gradient too: where the steps suit the curvature, a loss that
    has not fallen by more than rounding for 20 epochs, nor risen visibly, is as good as found.

    Parameters
    ----------
    tol : float
        The norm.

    dtype : dtype or None, default=None
        Of the parameters, which sets the rounding error; None: steps may be too small to tell.

    far : float, default=0.0
        How far from zero the features are, in spreads: scores lose as many digits as it has.
    """

    patience = 20

    def __init__(self, tol, dtype=None, far=0.0):
        super().__init__()
        self.tol = tol
        self.rounding = None if dtype is None else 4 * float(np.finfo(dtype).eps) * (1 + far)

    def __call__(self, state):
        """Return whether the descent has arrived."""
        return self.arrived(state) or self._is_level(state.loss_curve[-1])

    def _is_level(self, loss):
        """Take in one loss; return whether it is level but for rounding."""
        if self.rounding is None:
            return False
        risen, size = loss - self.best, abs(loss)
        level = -self.rounding * size <= risen <= math.sqrt(self.rounding) * size
        self.stale = self.stale + 1 if level else 0
        if not level:
            self.best = min(self.best, loss)
        return self.stale >= self.patience

    def arrived(self, state):
        """Return whether the gradient is small enough."""
        return state.gradient_norm <= self.tol

    def epochs_left(self, state):
        """Return how many more epochs the descent takes at the pace of its coordinates.

        Where the curvature is one, a gradient g lies g^2 / 2 above the optimum.
        """
        n, g = state.epochs_in_coordinates, state.gradient_norm
        gap, goal = g * g / 2, self.tol * self.tol / 2
        fallen = state.loss_curve[-n] - state.loss_curve[-1] if n > 1 else 0.0
        if not (goal > 0 and fallen > 0 and math.log1p(fallen / gap) > 0):
            return np.inf
        return (n - 1) * math.log(gap / goal) / math.log1p(fallen / gap)


class Plateau(Rule):
    """Stop where the loss has not fallen by ``tol`` for ``patience`` epochs.

    Parameters
    ----------
    tol : float
        The least fall that counts.

    patience : int
        Number of epochs.
    """

    def __init__(self, tol, patience):
        super().__init__()
        self.tol = tol
        self.patience = patience

    def __call__(self, state):
        """Return whether the training loss has stopped falling."""
        return self.update(state.loss_curve[-1])

    def update(self, loss):
        """Take in one loss; return whether it has stopped falling."""
        fell = loss < self.best - self.tol
        self.stale = 0 if fell else self.stale + 1
        self.best = min(self.best, loss)
        return self.stale >= self.patience

    def arrived(self, state):  # noqa: ARG002 (a plateau shows only afterwards)
        """Return False."""
        return False


class EarlyStopping:
    """Stop where the loss of held-out rows has stopped falling; keep the best parameters.

    Parameters
    ----------
    tol, patience : float, int
        As in ``Plateau``.
    """

    def __init__(self, tol, patience):
        self.plateau = Plateau(tol, patience)
        self.best_theta = None
        self.best_loss = np.inf

    def measure_again(self, loss_of):
        """Compare with the loss that the best parameters have of the rows held out now."""
        before = self.best_loss
        if self.best_theta is not None:
            self.best_loss = loss_of(self.best_theta)
        if self.best_loss != before:  # other rows: how long they have been level is not known
            self.plateau.stale, self.plateau.best = 0, self.best_loss

    def update(self, loss, theta):
        """Take in the held-out loss of ``theta``; return whether to stop."""
        if loss < self.best_loss:
            self.best_loss, self.best_theta = loss, theta.copy()
        return self.plateau.update(loss)
