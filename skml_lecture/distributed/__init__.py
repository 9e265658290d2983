"""The same fits where the rows lie on a Dask cluster; needs the extra ``[distributed]``."""

from skml_lecture.distributed.fit import DistributedFit

__all__ = ["DistributedFit"]
