// Random bits from a key and a place, as dnn/nn/random_bits.py has them. It needs no header of TensorFlow's.
#pragma once

#include <cstdint>

#include "wide.h"

// Source: C. Wellons, "Prospecting for Hash Functions", 2018, `lowbias32`.
INLINE uint32_t mixed(uint32_t x) {
  x = (x ^ (x >> 16)) * 0x7feb352du;
  x = (x ^ (x >> 15)) * 0x846ca68bu;
  return x ^ (x >> 16);
}

// One word for two.
inline uint32_t hash_of(uint32_t first, uint32_t second) {
  constexpr uint32_t GOLDEN = 0x9e3779b9u;
  return mixed((mixed(first + GOLDEN) ^ second) + GOLDEN);
}
