"""Time ours and a peer's in turn in one process, and check that both gave the same answer."""

import math
import os
import platform
import re
import sys
import time
import tracemalloc
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean, median

import numpy as np
import scipy
import scipy.linalg
import sklearn
from threadpoolctl import threadpool_info, threadpool_limits

HERE = Path(__file__).parent
ONLY = re.compile(os.environ.get("BENCH_ONLY", ""))  # rows whose work matches; "" are all
NO_WIDE = ", without AVX-512"  # of the titles of the second run
SHORT, WHILE = 0.5, 0.1  # seconds: what is repeated within a turn, and how long at least
MOST, A_WHILE, LONG = 15, 8, 60  # turns at most; seconds for more, and for those asked for
NARROW_TARGET = 1.0  # what a row must reach without wide vectors, unless it says otherwise


def wide_features():
    """Return the names of NumPy's kernels with vectors of 512 bits that run here."""
    found = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return [name for name in found if "AVX512" in name or name == "X86_V4"]


NARROW = not wide_features()  # by nature, or in the second run


@dataclass
class Row:
    """One comparison: what ours took, what the peer took, and how far apart the answers are."""

    work: str
    peer: str
    threads: int  # of the BLAS
    at_least: float | None  # how many times faster than the peer ours must be, where that is set
    memory_below: float | None  # MB that ours must stay below, where that is set
    limit: float  # how far apart the answers may be
    bound: str  # what limits the ratio, or where the bar on memory comes from
    ours_s: float
    peer_s: float
    ours_mb: float  # peak of what was allocated during the call
    peer_mb: float
    gap: float  # difference of the answers
    note: str = ""

    @property
    def ratio(self):
        """How many times faster ours is."""
        return self.peer_s / self.ours_s

    @property
    def misses(self):
        """What is below its bar, in words; empty where nothing is."""
        misses = []
        if math.isnan(self.ours_s):
            return self.note
        if not self.gap <= self.limit:
            misses.append(f"the answers differ by {self.gap:.3g}, limit {self.limit:.3g}")
        if self.at_least and self.ratio < self.at_least:
            misses.append(f"{self.ratio:.2f}x, must be at least {self.at_least:g}x")
        if self.memory_below and self.ours_mb >= self.memory_below:
            misses.append(f"{self.ours_mb:.1f} MB, must be below {self.memory_below:.3g} MB")
        return "; ".join(misses)


def compare(
    work,
    ours,
    peer,
    *,
    peer_name,
    gap,
    at_least=None,
    narrow_at_least=None,
    memory_below=None,
    bound="",
    limit=1e-6,
    repeats=5,
    inner=1,
    threads=None,
    note="",
):
    """Return the ``Row`` of ``ours()`` against ``peer()``, run in turn A B A B.

    ``gap(answer, peer_answer)`` is the difference of what they returned; over ``limit`` the two
    did not do the same work, and the row is below its bar. Of work that takes microseconds a time
    is the mean of ``inner`` calls. None where the row was not asked for.
    """
    if not ONLY.search(work):
        return None
    if NARROW:
        at_least = narrow_at_least or min(at_least or NARROW_TARGET, NARROW_TARGET)
    with blas_threads(threads) as threads:
        try:
            measured = measure(ours, peer, gap, repeats, inner, note)
        except Exception as error:  # the other rows are measured all the same
            measured = *[math.nan] * 5, f"{type(error).__name__}: {error}"
    row = Row(work, peer_name, threads, at_least, memory_below, limit, bound, *measured)
    print(line_of(row), flush=True)
    return row


def measure(ours, peer, gap, repeats, inner, note):
    """Return both times, both peaks of memory, the difference of the answers, and the note."""
    answer, ours_mb = with_peak_memory(ours)
    peer_answer, peer_mb = with_peak_memory(peer)
    difference = float(gap(answer, peer_answer))
    note = note(answer) if callable(note) else note
    del answer, peer_answer
    return *in_turn(ours, peer, repeats, inner), ours_mb, peer_mb, difference, note


def in_turn(ours, peer, repeats, inner=1):
    """Return the seconds that two calls take, run in turn."""
    times, begin = [], time.perf_counter()
    for turn in range(MOST):
        took = time.perf_counter() - begin
        if turn and took > (LONG if turn < repeats else A_WHILE):
            break
        times.append((seconds(ours, inner), seconds(peer, inner)))
    return np.quantile(times, 0.25, axis=0)  # what else a machine does only adds time


@contextmanager
def blas_threads(threads):
    """Set the number of BLAS threads, where one is given, and yield it."""
    with threadpool_limits(threads, user_api="blas"):
        counts = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
        yield max(counts, default=1)


def seconds(call, inner=1):
    """Return the wall time of ``call()``, when the threads of what ran before are asleep.

    Short work is repeated for a while, of which all times but the first count: processors that
    slept, as those of a virtual machine do in every pause, take tens of milliseconds to be as
    fast as they were, and a single time of a few milliseconds is a matter of chance.
    """
    time.sleep(0.2)  # OpenBLAS threads spin for 0.1 s after their last call
    times, begin = [], time.perf_counter()
    while len(times) < 2 or time.perf_counter() - begin < WHILE:
        start = time.perf_counter()
        for _ in range(inner):
            call()
        times.append((time.perf_counter() - start) / inner)
        if times[0] * inner > SHORT:
            return times[0]
    return median(times[1:])


def with_peak_memory(call):
    """Return the result of ``call()`` and the peak of what it allocated, in MB."""
    tracemalloc.start()
    try:
        result = call()
        return result, tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def line_of(row):
    """Return a row of the table."""
    bar = f"at least {row.at_least:g}x" if row.at_least else ""
    memory = f"memory below {row.memory_below:.3g} MB" if row.memory_below else ""
    cells = [
        row.work,
        row.peer,
        str(row.threads),
        f"{row.ours_s:.3g}",
        f"{row.peer_s:.3g}",
        f"{row.ratio:.2f}x",
        ", ".join(filter(None, [bar, memory])) + (f" ({row.bound})" if row.bound else ""),
        "**below**" if row.misses else "",
        f"{row.ours_mb:.3g}",
        f"{row.peer_mb:.3g}",
        f"{row.gap:.0e}",
        row.note,
    ]
    return "| " + " | ".join(cells) + " |"


COLUMNS = ["work", "peer", "threads", "ours, s", "peer, s", "ratio", "must be", "is", "ours, MB"]
COLUMNS += ["peer, MB", "difference", "note"]
HEADER = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"


def kernels():
    """Say which kernels run: NumPy's vector extensions and the BLAS's core type."""
    vectors = np.show_config(mode="dicts")["SIMD Extensions"]
    found = ", ".join([*vectors.get("baseline", []), *vectors.get("found", [])])
    cores = {
        f"{pool['internal_api']} {pool.get('version')} for {pool.get('architecture')}"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    }
    return f"Kernels that ran: NumPy {found}; {', '.join(sorted(cores))}."


def machine():
    """Return one line on the processor and versions."""
    cpuinfo = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else []
    return (
        f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores; "
        f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
        f"scikit-learn {sklearn.__version__}; {platform.system()}; lower quartiles of alternating "
        f"runs, of short ones up to {MOST}, each the median of those in {WHILE} s after the first; "
        f"memory by tracemalloc. {kernels()}"
    )


def mean_of(work, rows, at_least):
    """Return a line on the geometric mean of the ratios of ``rows``, and whether it is too low."""
    rows = [row for row in rows if row]
    if not rows or ONLY.pattern:
        return "", False
    if NARROW:
        at_least = min(at_least, NARROW_TARGET)
    mean = geometric_mean(row.ratio for row in rows)
    below = mean < at_least
    line = f"Geometric mean, {work}: {mean:.2f}x, must be at least {at_least:g}x."
    return line + (" **below**" if below else ""), below


def report(title, rows, lines=(), means=(), *, narrow=NARROW):
    """Print the table of ``rows`` with ``means`` and ``lines`` below; end with 1 below a bar.

    A run of all rows writes its part of RESULTS.md, where it is ``narrow`` one of its own.
    """
    rows = [row for row in rows if row]
    title += NO_WIDE if narrow else ""
    lines = [line for line in [*(line for line, _ in means), *lines] if line]
    text = f"## {title}\n\n{machine()}\n\n{HEADER}\n" + "\n".join(map(line_of, rows)) + "\n"
    text += "".join(f"\n{line}\n" for line in lines)
    print("\n" + text)
    if not ONLY.pattern:
        write(title, text)
    misses = [f"{row.work} (threads: {row.threads}): {row.misses}" for row in rows if row.misses]
    misses += [line for line, below in means if below]
    for miss in misses:
        print(f"Below its bar: {miss}", file=sys.stderr)
    sys.exit(1 if misses else 0)


def write(title, text):
    """Write a section of RESULTS.md in place of its last version, or after that of wide vectors."""
    path = HERE / "RESULTS.md"
    sections = path.read_text() if path.exists() else "# Benchmarks, as printed\n"
    for name in (title, title.removesuffix(NO_WIDE)):
        pattern = rf"^## {re.escape(name)}\n.*?(?=^## |\Z)"
        if found := re.search(pattern, sections, re.MULTILINE | re.DOTALL):
            start = found.start() if name == title else found.end()
            sections = f"{sections[:start].rstrip()}\n\n{text}\n{sections[found.end() :]}"
            break
    else:
        sections = f"{sections.rstrip()}\n\n{text}"
    path.write_text(sections.rstrip() + "\n")
