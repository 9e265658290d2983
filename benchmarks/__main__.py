"""Run benchmarks: ``python benchmarks [name ...] [--only PATTERN] [--narrow | --wide]``.

Every row runs twice: as this processor does it, and as one without AVX-512 would, if it has any.
The end is not zero where a row is below its bar, or where two answers differ.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from harness import wide_features

HERE = Path(__file__).parent
NAMES = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def main():
    """Run each file in a process of its own, all of them, then say which ended badly."""
    parser = argparse.ArgumentParser(prog="python benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"which of {', '.join(NAMES)}")
    parser.add_argument("--only", default="", help="rows that match; RESULTS.md stays as it is")
    runs = parser.add_mutually_exclusive_group()
    runs.add_argument("--wide", action="store_true", help="only as this processor does it")
    runs.add_argument("--narrow", action="store_true", help="only without AVX-512")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(NAMES):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}: {', '.join(NAMES)}")
    failed = [
        name + kind
        for kind, variables in environments(chosen)
        for name in chosen.names or NAMES
        if run(name, {"BENCH_ONLY": chosen.only, **variables})
    ]
    if failed:
        sys.exit(f"Below a bar, or in error: {', '.join(failed)}.")


def environments(chosen):
    """Yield the name and the variables of each run: this processor's kernels, narrow ones."""
    wide = wide_features()
    if not (chosen.narrow and wide):
        yield "", {}
    if wide and not chosen.wide:
        yield (
            " without AVX-512",
            {"NPY_DISABLE_CPU_FEATURES": " ".join(wide), "OPENBLAS_CORETYPE": "Haswell"},
        )


def run(name, variables):
    """Run one file; return its exit code."""
    command = [sys.executable, HERE / f"bench_{name}.py"]
    return subprocess.run(command, env=os.environ | variables, check=False).returncode


if __name__ == "__main__":
    main()
