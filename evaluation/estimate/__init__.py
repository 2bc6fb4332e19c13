"""Stage `estimate`: effects on gaps and their parts, from cells; docs/pipeline/estimate.md."""

import os

for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"  # before numpy loads: the same bytes on any number of cores
