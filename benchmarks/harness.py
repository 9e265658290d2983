"""Time ours and a peer's in turn in one process, and check that both gave the same answer."""

import platform
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import geometric_mean, median

import numpy as np
import scipy
import sklearn
from threadpoolctl import threadpool_info

HERE = Path(__file__).parent


@dataclass
class Row:
    """One comparison: what ours took, what the peer took, and how far apart the answers are."""

    work: str
    peer: str
    target: float | None  # how many times faster than the peer ours must be, where that is set
    ours_s: float
    peer_s: float
    ours_mb: float  # peak memory beyond what stood before the call
    peer_mb: float
    gap: float  # difference of the answers
    note: str = ""
    ratio: float = field(init=False)

    def __post_init__(self):
        self.ratio = self.peer_s / self.ours_s


def compare(work, ours, peer, *, peer_name, target, gap, limit=1e-6, repeats=5, note=""):
    """Return the ``Row`` of ``ours()`` against ``peer()``, run in turn A B A B.

    ``gap(answer, peer_answer)`` is the difference of what they returned; over ``limit`` the two
    did not do the same work, and the comparison is an error.
    """
    answer, ours_mb = with_peak_memory(ours)
    peer_answer, peer_mb = with_peak_memory(peer)
    difference = float(gap(answer, peer_answer))
    if not difference <= limit:
        raise AssertionError(f"{work}: the answers differ by {difference:.3g} (limit {limit:.3g})")
    del answer, peer_answer
    times = [(seconds(ours), seconds(peer)) for _ in range(repeats)]
    ours_s, peer_s = (median(column) for column in zip(*times, strict=True))
    row = Row(work, peer_name, target, ours_s, peer_s, ours_mb, peer_mb, difference, note)
    print(line_of(row), flush=True)
    return row


def seconds(call):
    """Return the wall time of ``call()``, when the threads of what ran before are asleep."""
    time.sleep(0.2)  # OpenBLAS threads spin for 0.1 s after their last call
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def with_peak_memory(call):
    """Return the result of ``call()`` and its peak of resident memory over the start, in MB."""
    start, peak, done = resident_mb(), [resident_mb()], threading.Event()

    def watch():
        while not done.wait(0.001):
            peak.append(resident_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        result = call()
    finally:
        done.set()
        watcher.join()
    return result, max(peak) - start


def resident_mb():
    """Return the resident memory of this process in MB (Linux; elsewhere 0)."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * 4096 / 1e6 if status.exists() else 0.0


def line_of(row):
    """Return a row of the table."""
    cells = [
        row.work,
        row.peer,
        f"{row.ours_s:.4f}",
        f"{row.peer_s:.4f}",
        f"{row.ratio:.2f}x",
        f">= {row.target:g}x" if row.target else "",
        f"{row.ours_mb:.0f}",
        f"{row.peer_mb:.0f}",
        f"{row.gap:.0e}",
        row.note,
    ]
    return "| " + " | ".join(cells) + " |"


COLUMNS = ["work", "peer", "ours, s", "peer, s", "ratio", "must be", "ours, MB", "peer, MB"]
COLUMNS += ["difference", "note"]
HEADER = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"


def machine():
    """Return one line on the processor, threads and versions."""
    cpuinfo = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else []
    blas = {
        f"{pool['internal_api']} {pool.get('version')} ({pool.get('architecture')})": pool[
            "num_threads"
        ]
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    }
    threads = ", ".join(f"{name}: {count} threads" for name, count in blas.items())
    return (
        f"{names[0] if names else platform.processor()}; {threads}; "
        f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
        f"scikit-learn {sklearn.__version__}; {platform.system()}; medians of alternating runs"
    )


def mean_of(work, rows, target):
    """Return a line on the geometric mean of the ratios of ``rows``."""
    mean = geometric_mean(row.ratio for row in rows)
    return f"Geometric mean, {work}: {mean:.2f}x, must be >= {target:g}x."


def report(title, rows, lines=()):
    """Print the table of ``rows`` with ``lines`` below; write it to its part of RESULTS.md."""
    text = f"## {title}\n\n{machine()}.\n\n{HEADER}\n" + "\n".join(map(line_of, rows)) + "\n"
    text += "".join(f"\n{line}\n" for line in lines)
    path = HERE / "RESULTS.md"
    sections = path.read_text() if path.exists() else "# Benchmarks, as printed\n"
    pattern = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if pattern.search(sections):
        sections = pattern.sub(lambda _: text + "\n", sections)
    else:
        sections = sections.rstrip() + "\n\n" + text
    path.write_text(sections.rstrip() + "\n")
    print("\n" + text)
