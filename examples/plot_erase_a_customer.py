"""
A customer's rows are erased, with proof
========================================

Who asks to be forgotten asks of the model, too. A model whose statistics subtract can prove it:
after ``forget`` it is the model that would have been, had the rows never come.
"""

import copy
import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skml_lecture import NaiveBayes


def shop(n, rng):
    """Purchases: what, how much, from where, by whom; and whether the parcel came back."""
    customer = rng.integers(0, n // 20, n)
    kind = rng.choice(["book", "shoes", "lamp"], n)
    price = rng.lognormal(3, 0.8, n).round(2)
    returned = rng.random(n) < np.where(kind == "shoes", 0.4, 0.1)
    frame = pd.DataFrame({"kind": kind, "price": price, "rebate": rng.random(n) < 0.2})
    frame.loc[rng.random(n) < 0.1, "kind"] = None
    return frame, np.where(returned, "returned", "kept"), customer


rng = np.random.default_rng(0)
X, y, customer = shop(20_000, rng)
model = NaiveBayes({"categorical": ["kind"], "histogram": ["price"], "bernoulli": ["rebate"]})
model.fit(X, y)

# %%
# Customer 7 leaves. Counts are whole numbers, so the difference is exact.
theirs = customer == 7
model.forget(X[theirs], y[theirs])

never = NaiveBayes(model.distributions).fit(X[~theirs], y[~theirs])
same = np.array_equal(model.predict_log_proba(X), never.predict_log_proba(X))
print(f"{theirs.sum()} rows erased; bit for bit the model that never saw them: {same}")

# %%
# To take away what was never there is an error, and changes nothing.
try:
    model.forget(pd.DataFrame({"kind": ["yacht"], "price": [1e6], "rebate": [False]}), ["kept"])
except ValueError as error:
    print(error)

# %%
# The price of erasing does not grow with the rows that stay; that of a new fit does.
sizes, times = [2000, 10_000, 50_000, 200_000], {"forget": [], "fit of the rest": []}
for n in sizes:
    X, y, customer = shop(n, rng)
    gone = customer == 7
    model.fit(X, y)
    calls = {
        "forget": lambda other, X=X, y=y, gone=gone: other.forget(X[gone], y[gone]),
        "fit of the rest": lambda other, X=X, y=y, gone=gone: other.fit(X[~gone], y[~gone]),
    }
    for name, call in calls.items():
        runs = []
        for other in [copy.deepcopy(model) for _ in range(5)]:
            start = time.perf_counter()
            call(other)
            runs.append(1e3 * (time.perf_counter() - start))
        times[name].append(min(runs))
figure, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
for name, milliseconds in times.items():
    ax.loglog(sizes, milliseconds, "o-", label=name)
ax.set(xlabel="rows learnt", ylabel="ms to erase one customer, shortest of 5")
ax.legend()
plt.show()

# %%
# Erasing is exact and costs as much as the rows that go. What a model has told others before, and
# copies of the data elsewhere, are another matter.
