"""Tables of documents and mentions in memory, one pair for each job: what reports count."""

import os

# Workers beside each other use all processors, and sums of floats keep one order.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
