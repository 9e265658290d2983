"""When to stop: rules that look at where a descent stands after an epoch."""

import numpy as np


class GradientNorm:
    """Stop where the gradient's norm, in the coordinates of the descent, is at most ``tol``.

    Rounding ends the fall of the gradient too: a loss that stays at its smallest value, but for
    rounding, for 20 epochs is as good as found.

    Parameters
    ----------
    tol : float
        The norm.

    dtype : dtype
        Of the parameters: sets the rounding error.
    """

    patience = 20

    def __init__(self, tol, dtype):
        self.tol = tol
        self.rounding = 4 * float(np.finfo(dtype).eps)
        self.best = np.inf
        self.stale = 0

    def __call__(self, progress):
        """Return whether the descent has arrived."""
        loss = progress.loss_curve[-1]
        level = abs(loss - self.best) <= self.rounding * abs(loss)
        self.stale = self.stale + 1 if level else 0
        self.best = min(self.best, loss)
        return self.arrived(progress) or self.stale >= self.patience

    def arrived(self, progress):
        """Return whether the gradient is small enough."""
        return progress.gradient_norm <= self.tol


class Plateau:
    """Stop where the loss has not fallen by ``tol`` for ``patience`` epochs.

    Parameters
    ----------
    tol : float
        The least fall that counts.

    patience : int
        Number of epochs.
    """

    def __init__(self, tol, patience):
        self.tol = tol
        self.patience = patience
        self.best = np.inf
        self.stale = 0

    def __call__(self, progress):
        """Return whether the training loss has stopped falling."""
        return self.update(progress.loss_curve[-1])

    def update(self, loss):
        """Take in one loss; return whether it has stopped falling."""
        fell = loss < self.best - self.tol
        self.stale = 0 if fell else self.stale + 1
        self.best = min(self.best, loss)
        return self.stale >= self.patience

    def arrived(self, progress):  # noqa: ARG002 (a plateau shows only afterwards)
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

    def cast(self, dtype):
        """Keep the parameters in this type."""
        if self.best_theta is not None:
            self.best_theta = self.best_theta.astype(dtype)

    def update(self, loss, theta):
        """Take in the held-out loss of ``theta``; return whether to stop."""
        if loss < self.best_loss:
            self.best_loss, self.best_theta = loss, theta.copy()
        return self.plateau.update(loss)
