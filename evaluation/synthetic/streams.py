"""Random streams keyed by what they are for, so that one district's draws never depend on another's."""

from __future__ import annotations

from zlib import crc32

import numpy as np
from numpy.typing import NDArray


def stream(*key: str | int) -> np.random.Generator:
    """Return the generator of a key such as (seed, district, purpose); equal keys give equal draws everywhere."""
    return np.random.default_rng([part if isinstance(part, int) else crc32(part.encode()) for part in key])


def bounded(rng: np.random.Generator, sd: float, shape: int | tuple[int, ...]) -> NDArray[np.float64]:
    """Return mean-zero uniform noise of standard deviation `sd`: bounded, so a probability is never clipped."""
    half = sd * 3**0.5
    return rng.uniform(-half, half, shape)
