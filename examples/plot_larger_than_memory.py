"""
A file larger than memory is learnt from, chunk by chunk
========================================================

A process that may take 500 MB reads three files of 530 MB or more: Parquet by record batches, CSV
by chunks and a memory map by slices. Every closed-form model comes out as from one fit on all
rows, and a logistic regression descends along the stream. The memory in use does not grow.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

folder = tempfile.TemporaryDirectory()
path = Path(folder.name)
N_ROWS, N_CHUNKS, LIMIT = 3_500_000, 70, 500  # MB

# %%
# The files: 19 features and a label, written a chunk at a time as well.
names = [f"x{j}" for j in range(19)] + ["label"]
schema = pa.schema([(name, pa.float64()) for name in names])
rows = np.lib.format.open_memmap(path / "rows.npy", "w+", np.float64, (N_ROWS, 20))
rng = np.random.default_rng(0)
with (
    pq.ParquetWriter(path / "rows.parquet", schema) as parquet,
    pa.csv.CSVWriter(path / "rows.csv", schema) as text,
):
    for part in np.array_split(rows, N_CHUNKS):
        part[:] = rng.normal(size=part.shape)
        part[:, -1] = part[:, 0] + part[:, 1] > rng.normal(size=len(part))
        table = pa.table(list(part.T), schema=schema)
        parquet.write_table(table)
        text.write_table(table)
rows.flush()
sizes = {kind: (path / f"rows.{kind}").stat().st_size / 2**20 for kind in ("parquet", "csv", "npy")}

# %%
# What the small process runs. It sets its limit first; where a chunk comes from is all that
# differs. The bar tells how far it is.
script = """
import json, resource, sys
import numpy as np, pandas as pd, pyarrow.parquet as pq
from rich.console import Console
from rich.progress import track
from skml_lecture import *

kind, folder, limit, chunk = sys.argv[1], sys.argv[2], int(sys.argv[3]), 50_000
resource.setrlimit(resource.RLIMIT_DATA, (limit * 2**20, limit * 2**20))

def chunks():
    if kind == "parquet":
        file = pq.ParquetFile(f"{folder}/rows.parquet", pre_buffer=False)
        for group in range(file.num_row_groups):
            for batch in file.iter_batches(chunk, row_groups=[group], use_threads=False):
                yield batch.to_pandas()
    elif kind == "csv":
        yield from pd.read_csv(f"{folder}/rows.csv", chunksize=chunk)
    else:
        rows = np.load(f"{folder}/rows.npy", mmap_mode="r")
        for start in range(0, len(rows), chunk):
            yield pd.DataFrame(rows[start : start + chunk]).add_prefix("x")

models = [RidgeRegression(), GaussianGenerativeClassifier(), NaiveBayes()]
stream = LogisticRegressionGD(batch_size=1000)
memory = []
for part in track(chunks(), kind, total=70, console=Console(stderr=True)):
    X, y = part.iloc[:, :-1], part.iloc[:, -1]
    for model in [*models, stream]:
        model.partial_fit(X, y)
    status = open("/proc/self/status").read().split()
    memory.append(int(status[status.index("RssAnon:") + 1]) / 1024)
coef = [models[0].coef_.tolist(), stream.coef_[0].tolist()]
print(json.dumps({"memory": memory, "coef": coef, "count": models[1].class_count_.tolist()}))
"""


def learn(kind):
    """Run the script on a file of some kind; return what it tells."""
    command = [sys.executable, "-c", script, kind, folder.name, str(LIMIT)]
    frugal = {"OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
    output = subprocess.run(command, capture_output=True, check=True, env=os.environ | frugal)
    return json.loads(output.stdout)


found = {kind: learn(kind) for kind in sizes}

# %%
# The memory after each chunk, against the sizes of the files.
figure, axes = plt.subplots()
for (kind, told), color in zip(found.items(), ("C0", "C1", "C2"), strict=True):
    axes.plot(told["memory"], color=color, label=f"{kind}: memory in use")
    axes.axhline(sizes[kind], color=color, linestyle=":", label=f"{kind}: size of the file")
axes.axhline(LIMIT, color="black", label="limit of the process")
axes.set(xlabel="chunk of 50,000 rows", ylabel="MB", title="Memory does not grow")
axes.set_ylim(0, 1.5 * max(sizes.values()))
axes.legend(fontsize="small", ncols=2, loc="upper center")
plt.show()

# %%
# Three files, one model: every kind of file gave the same coefficients and counts.
counts = [told["count"] for told in found.values()]
print("rows of each class:", *counts)
print("ridge, first weights:", *(np.round(told["coef"][0][:2], 4) for told in found.values()))
folder.cleanup()
