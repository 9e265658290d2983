"""Where a descent stands: a value that is passed in and returned."""

import copy
from dataclasses import dataclass, field

import numpy as np

from skml_lecture.descent.coordinates import Coordinates, Unchanged
from skml_lecture.descent.recipe import Recipe
from skml_lecture.descent.stopping import EarlyStopping, GradientNorm, Plateau

__all__ = ["State"]


@dataclass
class State:
    """All that the next epoch needs: picklable, and never written into by a later call.

    Parameters
    ----------
    u : ndarray of shape (n_parameters,)
        The parameters, in the coordinates of the descent.

    memory : dict
        What the optimizer has learnt.

    t : int, default=0
        Number of updates.

    rate : float, default=1.0
        The learning rate, before the schedule.

    coordinates : Coordinates, default=Unchanged()
        Where the descent runs.

    epochs_in_coordinates : int, default=0
        For how long it has.

    gradient_norm : float, default=inf
        Of the gradient at ``u``, as far as known.

    checked : bool, default=False
        Whether a step has been looked at, which has to change the parameters in place.

    n_epochs : int, default=0
        Epochs of the last call.

    accepted : tuple or None, default=None
        Parameters, gradient and loss of the last step that was kept, where steps may be taken back.

    loss_curve : list of float
        Penalised mean losses after each epoch.

    validation_curve : list of float
        Mean losses of the rows held out.

    stopped : bool, default=False
        Whether the last call ended before its epochs did.

    recipe : Recipe or None, default=None
        What it was learnt by.

    rng : numpy.random.RandomState or None, default=None
        What orders the rows.

    units : numpy.random.Generator or None, default=None
        What drops units.

    stop : GradientNorm or Plateau or None, default=None
        The rule of the training loss.

    early : EarlyStopping or None, default=None
        The rule of the rows held out.

    value : float or None, default=None
        Of the objective at the end, by which its data are known again.

    seed : int, default=0
        What all random numbers came from.

    seen : Seen or None, default=None
        What a stream has seen of its rows; None: this is no stream.

    ending : str or None, default=None
        Why the last call ended: "converged", "callback", "interrupted"; None: it ran all
        its epochs.
    """

    u: np.ndarray
    memory: dict
    t: int = 0
    rate: float = 1.0
    coordinates: Coordinates = field(default_factory=Unchanged)
    epochs_in_coordinates: int = 0
    gradient_norm: float = np.inf
    checked: bool = False
    n_epochs: int = 0
    accepted: tuple | None = None
    loss_curve: list = field(default_factory=list)
    validation_curve: list = field(default_factory=list)
    stopped: bool = False
    recipe: Recipe | None = None
    rng: np.random.RandomState | None = None
    units: np.random.Generator | None = None
    stop: GradientNorm | Plateau | None = None
    early: EarlyStopping | None = None
    value: float | None = None
    seed: int = 0
    seen: object | None = None
    ending: str | None = None

    @property
    def theta(self):
        """The parameters where the descent stands."""
        return self.coordinates.to_theta(self.u)

    @property
    def chosen(self):
        """The parameters to keep: the best by the rows held out, or the last."""
        best = None if self.early is None else self.early.best_theta
        return self.theta if best is None else best

    def copy(self, dtype=None, *, draws=True):
        """Return a state that can be written into without harm to this one.

        Parameters
        ----------
        dtype : dtype or None, default=None
            Of the parameters; None: as they are.

        draws : bool, default=True
            Whether random numbers will be drawn; else their source is shared, too.

        Returns
        -------
        state : State
            Its coordinates are shared, which nobody writes into.
        """
        new = copy.copy(self)
        dtype = self.u.dtype if dtype is None else dtype
        new.u = self.u.astype(dtype)
        new.memory = {
            name: value.astype(dtype) if isinstance(value, np.ndarray) else copy.copy(value)
            for name, value in self.memory.items()
        }
        if self.accepted is not None:
            u, gradient, loss = self.accepted
            new.accepted = u.astype(dtype), gradient.astype(dtype), loss
        new.loss_curve, new.validation_curve = list(self.loss_curve), list(self.validation_curve)
        for name in ("rng", "units", "stop", "early")[0 if draws else 2 :]:
            setattr(new, name, copy.deepcopy(getattr(self, name)))
        if new.early is not None and new.early.best_theta is not None:
            new.early.best_theta = new.early.best_theta.astype(dtype)
        return new
