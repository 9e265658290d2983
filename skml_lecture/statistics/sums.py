"""Sums over rows as seen from an origin: what :class:`Moments` are made of.

With z = x - origin: the weight, the sum of w z, and that of w z z' or of its diagonal.
"""

from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import numpy as np
from scipy import sparse
from scipy.linalg.blas import dsyrk

from skml_lecture.data import Data, lent, one_thread_if_small, quiet
from skml_lecture.statistics.group_sum import FEW_GROUPS, GroupSum
from skml_lecture.statistics.products import (
    LONG_ROW,
    NARROW,
    product_with_itself,
    sum_of_rows,
    symmetric,
    times,
    times_by_scipy,
)
from skml_lecture.statistics.subtraction import remaining

MAX_THREADED_WIDTH = 512  # wider products keep every core busy by themselves
_ROWS = 720  # of a block, at least; OpenBLAS adds its halves, a third faster than 256 or 384 rows
_FEW_PRODUCTS = 2**18  # multiplications, up to which OpenBLAS takes one thread
_FIRST_ROWS = 64  # from which an origin is taken
_NEAR = 2.0  # distance of zero from the mean / spread: half a digit
_MUCH = 2**18  # numbers that are worth to be seen from zero, without a copy
MAX_PASSES = 4  # the second is rare, more than two take weights of very different size
_RUN_ELEMENTS = 2**22  # 32 MB of float64 for what all runs hold at a time


class Sums(tuple):
    """Arrays that add one by one."""

    def __add__(self, other):
        return Sums(a + b for a, b in zip(self, other, strict=True))


def rounded(point, spread):
    """Return the point to a power of two near the spread: few digits, and sums stay exact."""
    with np.errstate(divide="ignore"):
        unit = np.exp2(np.floor(np.log2(np.where(spread > 0, spread, 1.0))))
    return np.where(spread > 0, np.round(point / unit) * unit, point)


@quiet
def near_mean(data, n_groups=None, *, few_digits=True):
    """Return a point near the mean of the rows (d,), or of each group (k, d).

    It is told from a few of the first rows that weigh something, and has few digits, so that sums
    stay exact, or all. Of a constant column it is the constant.
    """
    few = min(_FIRST_ROWS * max(n_groups or 1, 4), max(2**13 // data.row_size, 16), data.n_rows)
    if data.weight is not None:
        present = np.flatnonzero(data.weight)
        rows = present[:few]
    else:
        present, rows = slice(None), np.arange(few)
    if n_groups is None:
        codes = np.zeros(len(rows), np.intp)
    else:
        if len(np.unique(data.targets[rows])) < n_groups:  # a row of each is among them
            row = np.full(n_groups, -1)
            row[data.targets[present]] = np.arange(data.n_rows)[present]
            rows = np.concatenate([row[row >= 0], rows])
        codes = data.targets[rows]
    x = _dense(replace(data, targets=None).take(rows))  # a thousand targets are not copied
    origin, spread = _near_mean(x, codes, n_groups or 1, few_digits=few_digits)
    much = few_digits and data.n_rows * data.row_size > _MUCH
    if much and (np.abs(origin) <= _NEAR * spread).all():
        origin = np.zeros_like(origin)
    return origin[0] if n_groups is None else origin


def _near_mean(x, codes, n_groups, *, few_digits):
    """Return for each group a point near the mean of a few rows, and their spread; or zeros.

    Where no mean is further than a spread from that of all rows, they are the same for all.
    """
    anchor = np.zeros((n_groups, x.shape[1]))
    anchor[codes] = x
    anchor[np.isnan(anchor)] = 0.0
    of_groups = GroupSum(codes, n_groups, None)
    total, sums, z = _sums_of_groups(of_groups, x - anchor[codes], missing=True)
    count = np.maximum(total, 1)
    offset = sums / count
    spread = np.sqrt(np.maximum(of_groups(z**2) / count - offset**2, 0))
    if n_groups > 1:
        one, far = _near_mean(x, np.zeros_like(codes), 1, few_digits=few_digits)
        if (np.abs(anchor + offset - one) <= spread).all():
            return (np.broadcast_to(part, anchor.shape) for part in (one, far))
    return (rounded(anchor + offset, spread) if few_digits else anchor + offset), spread


def _dense(data):
    x = data.x
    return np.asarray(x.toarray() if sparse.issparse(x) else x, dtype=np.float64)


def about(origin, data, n_groups=None, kind="full", *, missing=False):
    """Return weight, origin, first and second sums of dense rows as seen from an origin."""
    if n_groups is not None:
        weight, first, second = _grouped(origin, data, kind, missing)
        return weight, origin, first, second
    if kind == "full":
        total, first, second, *_ = products(origin, None, data)
        return total, origin, first, second
    one = replace(data, targets=np.zeros(data.n_rows, np.intp))
    parts = about(origin[np.newaxis], one, 1, kind, missing=missing)
    return tuple(part[0] for part in parts)


def products(origin, y_origin, data):
    """Return the weight, sum w z, sum w z z', and of targets sum w z y', sum w y, sum w y^2.

    Targets are seen from an origin of theirs, None where there are none.
    """
    d = len(origin)
    t = 0 if y_origin is None else len(y_origin)
    rows = min(_ROWS, max(2**20 // (d + 1), 64))
    copied = t and not (data.weight is None and _lie_so(data.targets, y_origin))
    if copied:
        rows = min(rows, max(2**18 // (t + 1), 128))
    # of narrow rows it is the calls that cost, and threads wait for one another between them
    blocks = partial(data.blocks, (1 if d <= NARROW else 4) * d + t, rows)
    n = max(block.n_rows for block in blocks())
    y_seen = None if y_origin is None else _SeenFrom(y_origin, n if copied else 0)
    work = partial(_products, _SeenFrom(origin, n), y_seen)
    if d > MAX_THREADED_WIDTH:
        total, first, second, *rest = work(blocks())
        second = second + second.T
        second.flat[:: d + 1] /= 2
        return total, first, second, *rest
    if 8 * d * (d + t) > _RUN_ELEMENTS:
        total, first, second, *rest = work(blocks())
    else:
        with _few_threads(data.n_rows * d, d + t):
            total, first, second, *rest = data.sum(work, *blocks.args)
    return total, first, symmetric(second), *rest


@quiet
def _products(seen, y_seen, blocks):
    """Return the sums of ``products`` over some blocks; of wide rows the upper triangle."""
    d = len(seen.origin)
    wide = d > MAX_THREADED_WIDTH
    product = times_by_scipy if wide else times
    total, first, second = 0.0, 0.0, np.zeros((d, d), order="F" if wide else "C")
    cross, y_first, squares = 0.0, 0.0, 0.0
    with seen.room() as room, nullcontext() if y_seen is None else y_seen.room() as y_room:
        for block in blocks:
            root = block.root_weight
            Z = seen(block.x, root, room)
            total += block.total_weight
            first = first + _weighted_sum(Z, root, product)
            if wide:  # in place, by threads of its own, but it holds the interpreter
                second = dsyrk(1.0, Z.T, beta=1.0, c=second, overwrite_c=True)
            else:
                second += product_with_itself(Z)
            if y_seen is not None:
                y = y_seen(block.targets, root, y_room)
                cross = cross + product(Z, y)
                y_first = y_first + _weighted_sum(y, root, product)
                squares = squares + np.einsum("it,it->t", y, y)
    return Sums((total, first, second, cross, y_first, squares))


def _weighted_sum(Z, root, product=times):
    """Return the sum of w z of rows sqrt(w) z."""
    return sum_of_rows(Z) if root is None else product(root[:, np.newaxis], Z)[0]


def _few_threads(size, uses):
    """Keep the BLAS to one thread over few numbers, unless it takes no more for their products."""
    return nullcontext() if size * uses <= _FEW_PRODUCTS else one_thread_if_small(size)


def _lie_so(x, origin):
    """Tell whether rows lie in memory as they are seen from an origin."""
    return x.dtype == np.float64 and x.flags.c_contiguous and not origin.any()


class _SeenFrom:
    """Rows of blocks minus an origin.

    Rows of doubles that are seen from zero, as those of standardised features are, are not copied.
    """

    def __init__(self, origin, n_rows):
        self.origin, self.n_rows = origin, n_rows
        # NumPy's loop over a narrow row is short: over so many at once it is a long one
        self.at_once = max(LONG_ROW // max(len(origin), 1), 1)
        self.repeated = np.tile(origin, self.at_once)

    def room(self):
        """Lend room for the rows of a block that are copied."""
        return lent(self.n_rows, len(self.origin))

    def __call__(self, x, root, room):
        """Return rows, times the roots of their weights, in an array of a room if need be."""
        if root is None and _lie_so(x, self.origin):
            return x
        z = room[: len(x)]
        many = len(x) // self.at_once * self.at_once if x.flags.c_contiguous else 0
        if many and x.size:
            shape = -1, len(self.repeated)
            np.subtract(x[:many].reshape(shape), self.repeated, out=z[:many].reshape(shape))
        np.subtract(x[many:], self.origin, out=z[many:])
        if root is not None:
            z *= root[:, np.newaxis]
        return z


def _grouped(origin, data, kind, missing):
    """Return the sums over groups, in as many runs as memory allows, one for wide products."""
    k, d = origin.shape
    cross, own = kind in ("full", "tied"), kind in ("full", "diag")
    wide = cross and d > MAX_THREADED_WIDTH
    blocks = partial(data.blocks, d, MAX_THREADED_WIDTH if wide else 16)
    n = max(block.n_rows for block in blocks())
    work = partial(_of_groups, origin, _SeenFrom(origin[0], n), kind, missing)
    if wide or 8 * (k if own else 1) * d ** (1 + cross) > _RUN_ELEMENTS:
        weight, first, second = work(blocks())
    else:
        with _few_threads(data.n_rows * d, d if cross else k):
            weight, first, second = data.sum(work, *blocks.args)
    return weight, first, symmetric(second) if cross else second


@quiet
def _of_groups(origin, seen, kind, missing, blocks):
    """Return weight, first and second sums of the groups over some blocks."""
    k, d = origin.shape
    one = (origin == origin[0]).all()
    weight, first, second = 0.0, 0.0, _zeros(kind, k, d)
    few = min(k, FEW_GROUPS), seen.n_rows
    with seen.room() as room, seen.room() as other, lent(*few) as of_each:
        for block in blocks:
            codes, n = block.targets, block.n_rows
            if one:
                Z = seen(block.x, None, room)
                if kind == "full" and Z is block.x:  # rows in order are read faster than of a group
                    Z = room[:n]
                    Z[...] = block.x
            else:
                Z = np.take(origin, codes, axis=0, out=room[:n], mode="clip")
                np.subtract(block.x, Z, out=Z)
            if kind == "full":
                total, sums = _add_products(second, Z, block, other[:n])
            else:
                of_groups = GroupSum(codes, k, block.weight, of_each)
                total, sums, Z = _sums_of_groups(of_groups, Z, missing)
                _add_squares(second, kind, Z, of_groups, block.root_weight, other[:n])
            weight, first = weight + total, first + sums
    return Sums((weight, first, second))


def _zeros(kind, k, d):
    own, cross = kind in ("full", "diag"), kind in ("full", "tied")
    return np.zeros((k,) * own + (d,) * (1 + cross))


def _sums_of_groups(of_groups, Z, missing):
    """Return the weight and the sums of each group, and the rows with 0 for a missing value."""
    total, sums = of_groups.total, of_groups(Z)
    if not missing:
        return total, sums, Z
    if not np.isnan(sums).any():  # every column has a weight of its own, here the same
        return np.broadcast_to(total[:, np.newaxis], sums.shape), sums, Z
    absent = np.isnan(Z)
    Z = np.where(absent, 0.0, Z)
    return of_groups(1.0 - absent), of_groups(Z), Z


def _add_squares(second, kind, Z, of_groups, root, buffer):
    """Add the weighted squares, and the products of all groups, of a block of rows.

    Matrix products are NumPy's: they let go of the interpreter, as SciPy's BLAS does not.
    """
    if kind == "diag":
        second += of_groups(np.square(Z, out=buffer))
        return
    if root is not None:
        Z = np.multiply(Z, root[:, np.newaxis], out=buffer)
    second += product_with_itself(Z) if kind == "tied" else np.einsum("ij,ij->j", Z, Z)


def _add_products(second, Z, block, buffer):
    """Add the weighted products of a block of rows to those of each group.

    Returns the weight of each group, and the sums w z. The rows of a group are gathered, and used
    while they are in the cache.
    """
    weight, first = np.zeros(len(second)), np.zeros(second.shape[:2])
    for c, rows in _rows_of_groups(block.targets, len(second)):
        z, root = np.take(Z, rows, axis=0, out=buffer[: len(rows)], mode="clip"), None
        weight[c] = len(rows)
        if block.weight is not None:
            weight[c], root = block.weight[rows].sum(), block.root_weight[rows]
            z *= root[:, np.newaxis]
        first[c] = _weighted_sum(z, root)
        second[c] += product_with_itself(z)
    return weight, first


def _rows_of_groups(codes, k):
    """Return each group that is there and the positions of its rows."""
    if k <= FEW_GROUPS:
        rows = [np.flatnonzero(codes == c) for c in range(k)]
    else:
        few_bits = codes.astype(np.min_scalar_type(k), copy=False)  # a stable sort of them is fast
        stops = np.bincount(codes, minlength=k)[:-1].cumsum()
        rows = np.split(np.argsort(few_bits, kind="stable"), stops)
    return [(c, some) for c, some in enumerate(rows) if len(some)]


def of_sparse(data, n_groups=None, kind="full", *, missing=False):
    """Return weight, origin, first and second sums of sparse rows, never made dense."""
    if n_groups is None and kind == "full":
        return sparse_products(data)[:4]
    codes = np.zeros(data.n_rows, np.intp) if n_groups is None else data.targets
    k = n_groups or 1
    if kind in ("full", "tied"):
        return _sparse_by_group(data, codes, k, kind)
    weight, origin, first, second = _sparse_diagonals(data.x, data.weight, codes, k, missing)
    if n_groups is None:
        return (part[0] for part in (weight, origin, first, second))
    return weight, origin, first, second if kind == "diag" else second.sum(axis=0)


def _sparse_by_group(data, codes, k, kind):
    """Return the sums with products of each group of sparse rows."""
    d = data.n_features
    weight, (origin, first) = np.zeros(k), np.zeros((2, k, d))
    second = _zeros(kind, k, d)
    for c, rows in _rows_of_groups(codes, k):
        weight[c], origin[c], first[c], S, *_ = sparse_products(data.pick(rows))
        second[(c,) * (kind == "full")] += S
    return weight, origin, first, second


def sparse_products(data, Y=None):
    """Return weight and origin of sparse rows, and sum w z, sum w z z', sum w z y' seen from it.

    Columns that hold a value in most rows are centered as dense ones. The others are zero in
    most rows, so their mean is not large against their spread, and are seen from zero.
    """
    x, d = data.x.tocsr(), data.n_features
    weight = np.ones(data.n_rows) if data.weight is None else data.weight.astype(np.float64)
    total = weight.sum()
    heavy = np.bincount(x.indices, np.repeat(weight, np.diff(x.indptr)), minlength=d) > total / 2
    columns = np.flatnonzero(heavy)
    origin = np.zeros(d)
    if len(columns):
        codes = np.zeros(data.n_rows, np.intp)
        origin[columns] = _sparse_diagonals(x[:, columns], weight, codes, 1, missing=False)[1][0]
    first, second, cross = np.zeros(d), np.zeros((d, d)), 0.0
    blocks = Data(x, Y, weight).blocks(max(data.row_size, 4 * len(columns)), result=d)
    for block in blocks:
        w, z = block.weight, block.x.astype(np.float64, copy=False)
        H = z[:, columns].toarray() - origin[columns]
        L = sparse.csr_array((z.data * ~heavy[z.indices], z.indices, z.indptr), z.shape)
        wL = sparse.csr_array(
            (np.repeat(w, np.diff(z.indptr)) * L.data, z.indices, z.indptr), z.shape
        )
        second += (wL.T @ L).toarray()
        wH = w[:, np.newaxis] * H
        second[:, columns] += (across := L.T @ wH)
        second[columns] += across.T
        second[np.ix_(columns, columns)] += H.T @ wH
        first += L.T @ w
        first[columns] += w @ H
        if Y is not None:
            wy = w[:, np.newaxis] * block.targets
            part = L.T @ wy
            part[columns] += H.T @ wy
            cross = cross + part
    return total, origin, first, second, cross


def _sparse_diagonals(x, weight, codes, k, missing):
    """Return weight, origin, first and second sums of groups of sparse rows, column by column.

    A stored value is centered before it is squared, and the zeros of a column are counted.
    """
    n, d = x.shape
    weight = np.ones(n) if weight is None else weight.astype(np.float64)
    rows = np.repeat(np.arange(n), np.diff(x.indptr))
    cells = codes[rows] * np.intp(d) + x.indices

    def total(values):
        return np.bincount(cells, values, k * d).reshape(k, d)

    data, present = x.data.astype(np.float64), weight[rows]
    known = np.bincount(codes, weight, k)
    if missing and (absent := np.isnan(data)).any():
        of_absent = total(np.where(absent, present, 0.0))
        whole = np.broadcast_to(known[:, np.newaxis], (k, d))
        known = remaining(whole, of_absent, "The weight of a column")
        data, present = np.where(absent, 0.0, data), np.where(absent, 0.0, present)
    weights = known if known.ndim == 2 else known[:, np.newaxis]
    some = np.where(weights > 0, weights, 1)
    zeros = np.maximum(weights - total(present), 0.0)
    mean = total(present * data) / some
    squares = total(present * (data - mean.ravel()[cells]) ** 2) + zeros * mean**2
    origin = rounded(mean, np.sqrt(squares / some))
    z = data - origin.ravel()[cells]
    first = total(present * z) - zeros * origin
    second = total(present * z**2) + zeros * origin**2
    return known, origin, first, second
