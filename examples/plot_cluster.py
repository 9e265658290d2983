"""
One model from the blocks of a cluster, and what ten thousand workers would take
================================================================================

Rows in the blocks of a Dask cluster give the model of one fit. What they cost follows from four
numbers, which two workers are enough to measure: the time of a row, of a task, and of a sum, and
the bytes of a statistic. A simulation with them says what bounds a pass over a trillion rows.
"""

import heapq
import pickle

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from distributed import Client

from skml_lecture import GaussianGenerativeClassifier, LogisticRegressionGD
from skml_lecture.distributed import DistributedFit

# %%
# Two workers, here threads of this process; ``Client("scheduler:8786")`` would be a cluster. Rows
# are drawn where they are used, and stay there.
client = Client(processes=False, n_workers=2, threads_per_worker=1, dashboard_address=None)
X = da.random.default_rng(0).normal(size=(200_000, 20), chunks=(20_000, 20))
y = (X[:, 0] + X[:, 1] > X[:, 2] * X[:, 3]).astype(int)

gaussian = DistributedFit(GaussianGenerativeClassifier("full")).fit(X, y)
batches = LogisticRegressionGD(batch_size=20_000, tol=1.0, n_iter_no_change=2, random_state=0)
logistic = DistributedFit(batches).fit(X, y)

# %%
# They are the models of the same rows in memory, the mini-batches too: in which order rows are
# taken depends on how many they are, not on where they lie.
rows, labels = X.compute(), y.compute()
local = GaussianGenerativeClassifier("full").fit(rows, labels)
print(np.abs(gaussian.estimator_.means_ - local.means_).max() < 1e-12)
local = batches.fit(rows, labels)
print(np.abs(logistic.estimator_.coef_ - local.coef_).max() < 1e-12)
print(len(pickle.dumps(gaussian.summarize(X, y))), "bytes come to the client")
client.close()

# %%
# The dashboard of two worker processes during such fits of 4,000,000 rows. Every bar of the
# stream is a task on a worker, red is a transfer. ``read``, ``coded`` and ``encode`` run once,
# ``gradient`` once per step and block.
#
# .. image:: /_static/dashboard.png
#    :alt: The task stream of two workers, full of gradients; progress by name of task.


# %%
# The numbers, measured with 20 features on one core of a virtual machine. A scheduler hands out
# tasks one after the other. Workers differ by some ten per cent, and take the next block when
# they have done one. Then the sums go up a tree, eight to one.
TASK, ADD, LATENCY, BANDWIDTH = 1.5e-3, 1e-4, 5e-4, 1e9  # s, s, s, bytes/s
ROW = {"full covariances": 63e-9, "gradient of a step": 24e-9}  # s
BYTES = {"full covariances": 8_098, "gradient of a step": 168}


def seconds(work, n_workers, n_rows, rows_per_block, rng):
    """Return how long one pass over the rows takes."""
    n_tasks = round(n_rows / rows_per_block)
    pace = rng.normal(1, 0.1, n_tasks).clip(0.8) * ROW[work] * rows_per_block
    free = [0.0] * min(n_workers, n_tasks)
    for number, needed in enumerate(pace):
        handed_out = TASK * number
        heapq.heapreplace(free, max(free[0], handed_out) + needed)
    depth = np.ceil(np.log(n_tasks) / np.log(8))
    hop = LATENCY + TASK + 8 * (BYTES[work] / BANDWIDTH + ADD)
    return max(free) + depth * hop


rng, workers, n = np.random.default_rng(0), [10, 100, 1_000, 10_000], 1e12
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
for ax, work in zip(axes, ROW, strict=True):
    ax.plot(workers, [n * ROW[work] / w for w in workers], "k--", lw=1, label="rows alone")
    for size in (1e7, 1e8, 1e9):
        times = [seconds(work, w, n, size, rng) for w in workers]
        ax.plot(workers, times, "o-", label=f"blocks of {size:,.0f} rows")
        print(f"{work}, {size:,.0f} rows:", *(f"{t:,.0f} s" for t in times))
    ax.set(xscale="log", yscale="log", xlabel="workers", title=work)
axes[0].set_ylabel("seconds for 10$^{12}$ rows")
axes[0].legend()
plt.show()

# %%
# More workers help until the scheduler cannot hand out blocks as fast as they are done. In blocks
# of ten million rows it has 100,000 tasks of 1.5 ms each, 150 s for any number of workers. In
# blocks of 100 million rows it takes 15 s, and 10,000 workers one block each. Blocks of a billion
# rows leave nine of ten such workers without any. The tree, six sums deep, takes a fiftieth of a
# second.
#
# The simulation leaves out how rows come to their workers, memory, transfers of blocks, links
# that are shared, workers that die or are far slower than the rest, and a scheduler that slows
# down with their number. It is a lower bound.
