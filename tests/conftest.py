import os

os.environ["SCIPY_ARRAY_API"] = "1"  # before SciPy is imported, so that no check is skipped

import numpy as np
import pytest


@pytest.fixture
def rng():
    return np.random.default_rng(0)
