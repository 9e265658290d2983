"""Orders of rows that are told place by place, so that nothing of their number is held."""

import numpy as np

_HELD = 2**16  # rows, up to which an order is an array
_ROUNDS = 4
_ODD = np.uint64(0x9E3779B97F4A7C15)


def in_order(n):
    """Return the order in which n rows lie."""
    return np.arange(n) if n <= _HELD else InOrder(n)


def shuffled(n, rng):
    """Return a random order of n rows, drawn from a ``RandomState``."""
    return rng.permutation(n) if n <= _HELD else Shuffled(n, rng.randint(2**32, dtype=np.uint64))


def places_of(order, rows):
    """Return at which places of an order some rows stand."""
    return np.argsort(order)[rows] if isinstance(order, np.ndarray) else order.places(rows)


class InOrder:
    """n rows as they lie; a slice of places gives their rows.

    Parameters
    ----------
    n : int
        Number of rows.
    """

    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, places):
        return np.arange(*places.indices(self.n))

    def places(self, rows):
        """Return at which places some rows stand."""
        return rows


class Shuffled(InOrder):
    r"""n rows in a random order, without the memory of one.

    A row is a pair of digits, :math:`r = l\,b + s` with l below a and s below b, of about
    :math:`\sqrt n` each. Rounds that add a random function of one digit to the other, and the
    reverse, can be undone, so they are an order of the :math:`ab \ge n` pairs. A pair that is no
    row goes through again until it is one.

    Parameters
    ----------
    n : int
        Number of rows.
    seed : int
        What the functions are drawn from.

    References
    ----------
    M. Luby, C. Rackoff, "How to construct pseudorandom permutations from pseudorandom functions",
    SIAM Journal on Computing 17, 1988; J. Black, P. Rogaway, "Ciphers with arbitrary finite
    domains", CT-RSA 2002, the generalised network and the walk.
    """

    def __init__(self, n, seed):
        super().__init__(n)
        self.a = int(np.ceil(np.sqrt(n)))
        self.b = -(-n // self.a)
        rng = np.random.default_rng(seed)
        self.keys = rng.integers(2**64, size=(_ROUNDS, 2), dtype=np.uint64)

    def __getitem__(self, places):
        return self._walk(super().__getitem__(places), self._mix)

    def places(self, rows):
        """Return at which places some rows stand."""
        return self._walk(rows, self._unmix)

    def _walk(self, numbers, step):
        """Take every number to the next one below n."""
        numbers = step(np.asarray(numbers, np.int64))
        beyond = np.flatnonzero(numbers >= self.n)
        while len(beyond):
            numbers[beyond] = step(numbers[beyond])
            beyond = beyond[numbers[beyond] >= self.n]
        return numbers

    def _mix(self, numbers):
        high, low = np.divmod(numbers, self.b)
        for first, second in self.keys:
            high = _wrapped(high + _random(low, first, self.a), self.a)
            low = _wrapped(low + _random(high, second, self.b), self.b)
        return high * self.b + low

    def _unmix(self, numbers):
        high, low = np.divmod(numbers, self.b)
        for first, second in self.keys[::-1]:
            low = _wrapped(low - _random(high, second, self.b) + self.b, self.b)
            high = _wrapped(high - _random(low, first, self.a) + self.a, self.a)
        return high * self.b + low


def _wrapped(digits, base):
    """Return digits below twice a base modulo it."""
    return np.where(digits >= base, digits - base, digits)


def _random(digits, key, base):
    """Return a random function of digits, below a base."""
    mixed = (digits.view(np.uint64) ^ key) * _ODD
    mixed ^= mixed >> np.uint64(29)
    mixed *= _ODD
    return (((mixed >> np.uint64(32)) * np.uint64(base)) >> np.uint64(32)).view(np.int64)
