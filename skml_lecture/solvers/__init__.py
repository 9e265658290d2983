"""Statistics or rows -> coefficients of ridge regression. One class per factorisation."""

from skml_lecture.solvers.choice import MAX_GRAM, Equations
from skml_lecture.solvers.cholesky import GramCholesky, KernelCholesky
from skml_lecture.solvers.conjugate import ConjugateGradients
from skml_lecture.solvers.lsqr import Lsqr
from skml_lecture.solvers.rows import CenteredRows
from skml_lecture.solvers.spectrum import Spectrum

__all__ = [
    "MAX_GRAM",
    "CenteredRows",
    "ConjugateGradients",
    "Equations",
    "GramCholesky",
    "KernelCholesky",
    "Lsqr",
    "Spectrum",
]
