"""Products A'B of rows, the same digits however many threads the BLAS takes for narrow ones."""

import numpy as np
from scipy.linalg.blas import dgemm

from skml_lecture.data import FEW_ROWS, has_wide_vectors, lent

NARROW = 32  # columns, up to which products are taken of a few rows at a time
LONG_ROW = 1024  # numbers, over which NumPy loops at full speed
_FEW_VECTORS = 3  # by which a matrix is multiplied faster one by one


def product_with_itself(Z):
    """Return Z'Z of C-contiguous rows, of which the lower triangle holds.

    NumPy asks the BLAS for a symmetric product where both factors are one array. With vectors of
    512 bits OpenBLAS multiplies two matrices of few columns in half of the time of that.
    """
    d = Z.shape[1]
    if not (1 < d <= NARROW and has_wide_vectors()):
        return times(Z, Z)
    product = np.zeros((d, d))
    product[1:] = times(Z, Z, first=1)
    product[0, 0] = np.einsum("i,i->", Z[:, 0], Z[:, 0])
    return product


def times(A, B, first=0):
    """Return A'B of rows, of A the columns from the first on; no copy of C-contiguous ones.

    Of narrow rows it is a sum over products of a few, which stay in the first cache and are so
    small that OpenBLAS takes one thread for each (up to 2^18 multiplications): the digits do not
    depend on how many there are. Few columns that lie one after the other are multiplied one by
    one, as vectors.
    """
    n, wide = len(A), max(A.shape[1], B.shape[1])
    At = A.T[first:]
    if wide > NARROW or n <= FEW_ROWS:
        return At @ B
    runs = n // FEW_ROWS
    many = runs * FEW_ROWS
    small, of_B = (
        At[:, :many].reshape(len(At), runs, FEW_ROWS),
        B[:many].reshape(runs, FEW_ROWS, -1),
    )
    if len(At) <= _FEW_VECTORS and At.flags.c_contiguous:
        total = np.matmul(small[:, :, np.newaxis], of_B)[:, :, 0].sum(axis=1)
    else:
        with lent(runs, len(At), B.shape[1]) as products:
            total = np.matmul(small.swapaxes(0, 1), of_B, out=products).sum(axis=0)
    return total if many == n else total + At[:, many:] @ B[many:]


def sum_of_rows(Z):
    """Return the sum of C-contiguous rows: several at a time, for NumPy adds long ones faster."""
    n, d = Z.shape
    together = 1 << max(LONG_ROW // max(d, 1), 1).bit_length() - 1  # blocks leave no rest
    many = n // together * together
    if not many * d:
        return np.add.reduce(Z)
    long = np.add.reduce(np.add.reduce(Z[:many].reshape(-1, together, d)))
    return long if many == n else long + np.add.reduce(Z[many:])


def times_by_scipy(A, B):
    """Return A'B of C-contiguous rows, by the BLAS of SciPy.

    It has threads of its own. Beside its symmetric products those of NumPy's, which wait for more
    work at full speed for a while, would take half of the cores.
    """
    return dgemm(1.0, A.T, B.T, trans_b=True)


def symmetric(products):
    """Return matrices of which the lower triangle holds, whole."""
    lower = np.tril(products, -1)
    return np.tril(products) + np.swapaxes(lower, -1, -2)
