"""Random bits: those of the formula, in every mode, and as a chi-square test and correlations want them."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from modes import MODES
from python_bits import python_hash, python_mixed

from dnn.nn.random_bits import hash_of, mixed, random_bits

WORDS = st.integers(-(2**31), 2**31 - 1)


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_the_hash_is_that_of_python_s_integers(words):
    assert int(hash_of(*words)) == python_hash(*words)


@given(st.integers(0, 2**32 - 1))
def test_mixing_is_that_of_python_s_integers(word):
    assert int(mixed(tf.constant(word, tf.uint32))) == python_mixed(word)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_and_every_member_has_the_bits_of_its_key(mode):
    keys = hash_of([1, 2, 1], 7)
    bits = MODES[mode](lambda keys: random_bits(keys, [3, 4, 5]))(keys)
    for i in range(3):
        np.testing.assert_array_equal(bits[i], random_bits(keys[i], [4, 5]))
    np.testing.assert_array_equal(bits[0].numpy().ravel(), [python_mixed(int(keys[0]) ^ i) for i in range(20)])


def test_bits_are_spread_evenly_within_a_tensor_and_over_keys():
    """Chi-square over 256 values of each byte: mean 255, standard deviation √510; six of them are allowed."""
    over_keys = hash_of(np.arange(100_000, dtype=np.int32), 5)
    for words in (random_bits(hash_of(3), [100_000]).numpy(), over_keys.numpy()):
        for byte in words.view(np.uint8).reshape(-1, 4).T:
            counts = np.bincount(byte, minlength=256)
            expected = len(byte) / 256
            assert abs(((counts - expected) ** 2 / expected).sum() - 255) < 6 * np.sqrt(510)


def test_neighbours_in_a_tensor_in_steps_and_in_seeds_are_not_correlated():
    """Of 100,000 numbers the correlation has a standard error of 1/316."""
    masks = random_bits(hash_of(np.arange(6, dtype=np.int32), 11), [6, 100_000]).numpy() / 2**32
    pairs = [(a, b) for i, a in enumerate(masks) for b in masks[:i]] + [
        (masks[0][:-s], masks[0][s:]) for s in (1, 2, 30)
    ]
    for one, other in pairs:
        assert abs(np.corrcoef(one, other)[0, 1]) < 6 / 316
