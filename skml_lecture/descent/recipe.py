"""The recipe of a descent: every choice that is not the data, resolved once."""

from dataclasses import dataclass, fields
from math import isqrt

import numpy as np
from sklearn.base import BaseEstimator

from skml_lecture.descent.losses import Loss
from skml_lecture.descent.optimizers import OPTIMIZERS, Optimizer
from skml_lecture.descent.schedules import Constant

__all__ = ["Recipe"]


@dataclass(frozen=True, eq=False)
class Recipe:
    """How parameters are learnt: immutable, made once from what the caller chose.

    Parameters
    ----------
    optimizer : Optimizer
        The rule of the step.

    loss : str or Loss, default="cross_entropy"
        What the scores of a row cost.

    alpha : float, default=0.0
        Strength of the penalty, the lecture's lambda.

    learning_rate : float or None, default=None
        Step size; None: what the optimizer, or the curvature, says.

    schedule : callable, default=Constant()
        Factor of the learning rate at every update.

    batch_size : int or None, default=None
        Rows per update; None: all.

    preconditioner : {"auto", "scale", "whiten"} or None, default=None
        Coordinates in which to descend.

    dropout : tuple of float, default=()
        The probability of being dropped: of an input, then of a unit of every hidden layer.

    max_iter : int, default=1000
        Most epochs of one call.

    tol : float, default=1e-6
        Of the rule that stops the descent.

    patience : int, default=5
        Epochs without a fall of ``tol`` after which it stops.

    until : {"gradient", "plateau"}, default="gradient"
        All rows at once: whether to stop where the gradient is small, or the loss level.

    shuffle : bool, default=True
        Whether batches are drawn anew every epoch.

    early_stopping : bool, default=False
        Whether the loss of rows held out stops the descent and chooses the parameters.
    """

    optimizer: Optimizer
    loss: str | Loss = "cross_entropy"
    alpha: float = 0.0
    learning_rate: float | None = None
    schedule: object = Constant()
    batch_size: int | None = None
    preconditioner: str | None = None
    dropout: tuple = ()
    max_iter: int = 1000
    tol: float = 1e-6
    patience: int = 5
    until: str = "gradient"
    shuffle: bool = True
    early_stopping: bool = False

    def equals(self, other, *, but=("max_iter",)):
        """Say whether all values are the same, ``but`` for some.

        Parameters
        ----------
        other : Recipe
            What to compare with.

        but : sequence of str, default=("max_iter",)
            Names of the values that do not matter.

        Returns
        -------
        equal : bool
            Optimizers and losses are equal by their hyper-parameters, functions by identity.
        """
        names = [field.name for field in fields(self) if field.name not in but]
        return all(_equal(getattr(self, name), getattr(other, name)) for name in names)

    def rows_per_update(self, n_rows):
        """Return the size of a batch of so many rows, None where one update takes them all.

        Parameters
        ----------
        n_rows : int
            Number of rows.

        Returns
        -------
        size : int or None
            Batches also where units are dropped, be it one of all rows.
        """
        size = n_rows if self.batch_size is None else min(self.batch_size, n_rows)
        return None if size == n_rows and not any(self.dropout) else size

    def follows_curvature(self, n_rows):
        """Say whether steps follow the curvature met on the way, and may be taken back.

        Parameters
        ----------
        n_rows : int
            Number of rows.

        Returns
        -------
        follows : bool
            True for automatic rates of all rows at once.
        """
        constant = isinstance(self.schedule, Constant)
        return self.needs_curvature and constant and self.rows_per_update(n_rows) is None

    def updates_find_bad_rows(self, n_rows):
        """Say whether nothing reads rows before the updates, which bad ones make diverge.

        Parameters
        ----------
        n_rows : int
            Number of rows.

        Returns
        -------
        blind : bool
            False also of an optimizer that may hide what is not a number.
        """
        if type(self.optimizer) not in OPTIMIZERS.values() or self.early_stopping:
            return False
        blind = not self.needs_curvature and self.preconditioner is None
        return blind and self.rows_per_update(n_rows) is not None

    def updates_of_momentum(self, n_rows):
        """Return after how many updates by batches momentum starts anew, None for never.

        It adds up their noise, which of b rows is one part in the root of b: after as many updates
        it is that of single rows without momentum.

        Parameters
        ----------
        n_rows : int
            Number of rows.

        Returns
        -------
        n_updates : int or None
            None for rates of the caller's, and where the rate counts what momentum adds up.
        """
        if not self.needs_curvature or self.optimizer.gain != 1:
            return None
        return isqrt(self.rows_per_update(n_rows) or n_rows)

    @property
    def needs_curvature(self):
        """Whether the learning rate is for the curvature to say."""
        return self.learning_rate is None and self.optimizer.auto_rate is None


def _equal(a, b):
    """Say whether two values are the same; pieces are by their class and hyper-parameters."""
    if isinstance(a, BaseEstimator):
        mine, theirs = a.get_params(deep=False), getattr(b, "get_params", dict)
        return type(a) is type(b) and all(_equal(mine[n], v) for n, v in theirs(deep=False).items())
    return a is b or bool(np.all(a == b))
