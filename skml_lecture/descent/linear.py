"""A descent of one linear layer, to be resumed."""

from dataclasses import dataclass, field

import numpy as np
from sklearn.utils import check_array

from skml_lecture.descent.coordinates import Coordinates, Scaled
from skml_lecture.descent.optimizers import Optimizer
from skml_lecture.descent.stopping import EarlyStopping, GradientNorm, Plateau
from skml_lecture.descent.training import Progress


@dataclass
class LinearDescent:
    """What a later call resumes: position, optimizer, coordinates, random state, watches."""

    progress: Progress
    optimizer: Optimizer
    coordinates: Coordinates
    scaled: Scaled
    rng: np.random.RandomState
    stop: GradientNorm | Plateau
    early: EarlyStopping
    validation_curve: list = field(default_factory=list)

    def place(self, network, coef, intercept):
        """Go to the given coefficients and intercepts, where there are any."""
        if coef is None and intercept is None:
            return
        theta = self.coordinates.to_theta(self.progress.theta)
        parts = {"coef_init": (network.weights(theta)[0], coef)}
        if network.fit_intercept:
            parts["intercept_init"] = (network.intercepts(theta)[0], intercept)
        elif intercept is not None:
            raise ValueError("intercept_init was given, but fit_intercept=False.")
        for name, (place, value) in parts.items():
            if value is None:
                continue
            value = check_array(value, ensure_2d=False, dtype=theta.dtype, input_name=name)
            if value.size != place.size:
                raise ValueError(f"{name} must have shape {place.shape}, got {value.shape}.")
            place[...] = value.reshape(place.shape)
        self.progress.theta = self.coordinates.from_theta(theta)
        self.progress.state = self.optimizer.init(self.progress.theta)
        self.progress.accepted = None
