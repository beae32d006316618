"""A number in [0, 1) for each row, of a seed and the row's number alone: by it a row falls to a part, or to a sample.

So the deal is the same whatever files, blocks and shards the rows stand in. Source of the mixing: G. L. Steele, D. Lea,
C. H. Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014, with the constants of its Java version.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
GAMMA = np.uint64(0x9E3779B97F4A7C15)
PARTS, SAMPLE = 1, 2  # what a hash is for: each use has draws of its own


def row_hashes(seed: int, first: int, rows: int, use: int = PARTS) -> Hashes:
    """Return uint64[rows]: the hash of each row.

    Args:
        seed: int >= 0.
        first: Number of the first row, from 0.
        rows: How many rows follow each other.
        use: PARTS or SAMPLE.
    """
    start = split_mix(split_mix(np.array([seed % 2**64], np.uint64)) + np.uint64(use))
    return split_mix(start + np.arange(first + 1, first + rows + 1, dtype=np.uint64) * GAMMA)


def split_mix(z: Hashes) -> Hashes:
    """Return SplitMix64's mix of 64 bits, a bijection each of whose output bits depends on all input bits."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def parts_of_rows(seed: int, first: int, rows: int, fractions: Sequence[float]) -> npt.NDArray[np.int8]:
    """Return int8[rows], the part of each row: each falls to part i with the probability fractions[i].

    Args:
        seed: int >= 0; the same seed deals the same rows.
        first: Number of the first row, from 0.
        rows: How many rows follow each other.
        fractions: Share of each part, with sum 1.

    Example:
        >>> parts_of_rows(0, 0, 100_000, (0.8, 0.1, 0.1)).tolist().count(0)
        80207
    """
    uniform = (row_hashes(seed, first, rows) >> np.uint64(11)) * 2.0**-53
    ends = np.cumsum(fractions)[:-1]
    return np.searchsorted(ends, uniform, side="right").astype(np.int8)
