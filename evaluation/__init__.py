"""Evaluate whether school programs narrow gaps between student groups."""

import os

for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"  # before numpy loads: the same bytes on any number of cores
