// The product of two small matrices, by one thread. It needs no header of TensorFlow's.
#pragma once

#include <cstdint>
#include <cstring>

#include "wide.h"

constexpr int64_t WIDEST_VECTOR = 64;  // bytes

// n, rounded up to whole vectors of any size.
template <typename T>
int64_t whole(int64_t n) {
  constexpr int64_t LANES = WIDEST_VECTOR / sizeof(T);
  return (n + LANES - 1) / LANES * LANES;
}

template <typename T, int BYTES>
struct Vector {
  typedef T type __attribute__((vector_size(BYTES)));
  static constexpr int64_t LANES = BYTES / sizeof(T);
  static constexpr int IN_BLOCK = BYTES < WIDEST_VECTOR ? 2 : 1;  // with 6 rows they fill the registers of AVX2
};

// A matrix in memory. row, column: the distances between neighbouring rows and columns, in numbers.
template <typename T>
struct View {
  const T* data;
  int64_t row, column;
};

// ROWS rows and a block of columns of a · b.
template <int BYTES, int ROWS, typename T>
INLINE void block(View<T> a, const T* b, int64_t width, int64_t inner, T* c) {
  using V = Vector<T, BYTES>;
  typename V::type sums[ROWS][V::IN_BLOCK] = {}, values[V::IN_BLOCK];
  for (int64_t k = 0; k < inner; ++k) {
    for (int j = 0; j < V::IN_BLOCK; ++j) std::memcpy(&values[j], b + k * width + j * V::LANES, BYTES);
    for (int i = 0; i < ROWS; ++i) {
      for (int j = 0; j < V::IN_BLOCK; ++j) sums[i][j] += a.data[i * a.row + k * a.column] * values[j];
    }
  }
  for (int i = 0; i < ROWS; ++i) {
    for (int j = 0; j < V::IN_BLOCK; ++j) std::memcpy(c + i * width + j * V::LANES, &sums[i][j], BYTES);
  }
}

// c = a · b: a [rows, inner], b [inner, width], c [rows, width], width = whole(width). BYTES: the size of the
// machine's vectors; GCC splits wider ones, but keeps them in memory, which takes five times as long.
template <int BYTES, typename T>
INLINE void product(View<T> a, int64_t rows, const T* b, int64_t width, int64_t inner, T* c) {
  using V = Vector<T, BYTES>;
  constexpr int ROWS = 6;
  for (int64_t j = 0; j < width; j += V::IN_BLOCK * V::LANES) {
    int64_t i = 0;
    for (; i + ROWS <= rows; i += ROWS) {
      block<BYTES, ROWS>({a.data + i * a.row, a.row, a.column}, b + j, width, inner, c + i * width + j);
    }
    for (; i < rows; ++i) {
      block<BYTES, 1>({a.data + i * a.row, a.row, a.column}, b + j, width, inner, c + i * width + j);
    }
  }
}
