"""Jobs run in processes side by side, each on one core: numpy's BLAS reads these names when it is first loaded."""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
