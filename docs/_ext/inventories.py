"""Inventories of the peers' pages, written here so that the build needs no network.

Intersphinx would fetch each project's list of names. ``peers.txt`` has the names that this site
refers to; the pattern of their pages is below. ``sphinx-build -b linkcheck`` follows them.
"""

import zlib
from pathlib import Path

# project: its address, and the page of a class or a function
PROJECTS = {
    "sklearn": ("https://scikit-learn.org/stable/", "modules/generated/{}.html"),
    "numpy": ("https://numpy.org/doc/stable/", "reference/generated/{}.html"),
    "scipy": ("https://docs.scipy.org/doc/scipy/", "reference/generated/{}.html"),
    "pandas": ("https://pandas.pydata.org/docs/", "reference/api/{}.html"),
    "matplotlib": ("https://matplotlib.org/stable/", "api/_as_gen/{}.html"),
    "dask": ("https://docs.dask.org/en/stable/", "generated/{}.html"),
}
NAMES = (Path(__file__).parent / "peers.txt").read_text(encoding="utf-8").split()
HEADER = """\
# Sphinx inventory version 2
# Project: {project}
# Version:
# The remainder of this file is compressed using zlib.
"""


def entry(name, page):
    """Return the line of an inventory for a class, a method or a function."""
    parent, _, last = name.rpartition(".")
    method = parent.rpartition(".")[2][:1].isupper()
    kind = "method" if method else "class" if last[0].isupper() else "function"
    return f"{name} py:{kind} 1 {page.format(parent if method else name)}#$ -\n"


def intersphinx_table(folder, chinese):
    """Write the inventories into ``folder`` and return Sphinx' ``intersphinx_mapping``."""
    site, folder = folder / "html" / "objects.inv", folder / "inventories"
    folder.mkdir(parents=True, exist_ok=True)
    table = {}
    for project, (address, page) in PROJECTS.items():
        lines = [entry(name, page) for name in NAMES if name.startswith(f"{project}.")]
        path = folder / f"{project}.inv"
        header = HEADER.format(project=project).encode()
        path.write_bytes(header + zlib.compress("".join(sorted(lines)).encode()))
        table[project] = (address, str(path))
    if chinese:  # the API is in English: the edition beside this one
        table["skml_lecture"] = ("..", str(site))
    return table
