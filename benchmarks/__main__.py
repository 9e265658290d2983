"""Run every benchmark of this folder: ``python benchmarks [name ...]``."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
names = sys.argv[1:] or sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
for name in names:
    subprocess.run([sys.executable, HERE / f"bench_{name}.py"], check=True)
