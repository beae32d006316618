// The product of two small matrices, by one thread. It needs no header of TensorFlow's.
#pragma once

#include <cstdint>
#include <cstring>

#include "wide.h"

constexpr int64_t WIDEST_VECTOR = 64;  // bytes
#if defined(__AVX512F__)
constexpr int VECTOR_BYTES = 64;  // those of the machine that it is compiled for
#elif defined(__AVX2__) && defined(__FMA__)
constexpr int VECTOR_BYTES = 32;
#else
constexpr int VECTOR_BYTES = 16;
#endif

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
  // The rows that one block sums at once, two vectors of each: they fill the 32 registers of AVX-512, or the 16 of others,
  // and are more than the multiply-adds that a processor has under way.
  static constexpr int ROWS = BYTES == WIDEST_VECTOR ? 8 : 6;
};

// A matrix in memory. row, column: the distances between neighbouring rows and columns, in numbers.
template <typename T>
struct View {
  const T* data;
  int64_t row, column;
};

// ROWS rows and COLUMNS vectors of each of a · b.
template <int BYTES, int ROWS, int COLUMNS, typename T>
INLINE void block(View<T> a, const T* b, int64_t width, int64_t inner, T* c) {
  using V = Vector<T, BYTES>;
  typename V::type sums[ROWS][COLUMNS] = {}, values[COLUMNS];
  for (int64_t k = 0; k < inner; ++k) {
    for (int j = 0; j < COLUMNS; ++j) std::memcpy(&values[j], b + k * width + j * V::LANES, BYTES);
    for (int i = 0; i < ROWS; ++i) {
      for (int j = 0; j < COLUMNS; ++j) sums[i][j] += a.data[i * a.row + k * a.column] * values[j];
    }
  }
  for (int i = 0; i < ROWS; ++i) {
    for (int j = 0; j < COLUMNS; ++j) std::memcpy(c + i * width + j * V::LANES, &sums[i][j], BYTES);
  }
}

// COLUMNS vectors of each row: in blocks of ROWS rows, then of half as many, and so on.
template <int BYTES, int ROWS, int COLUMNS, typename T>
void columns(View<T> a, int64_t rows, const T* b, int64_t width, int64_t inner, T* c) {
  int64_t i = 0;
  for (; i + ROWS <= rows; i += ROWS) {
    block<BYTES, ROWS, COLUMNS>({a.data + i * a.row, a.row, a.column}, b, width, inner, c + i * width);
  }
  if constexpr (ROWS > 1) {
    columns<BYTES, ROWS / 2, COLUMNS>({a.data + i * a.row, a.row, a.column}, rows - i, b, width, inner, c + i * width);
  }
}

// c = a · b: a [rows, inner], b [inner, width], c [rows, width], width = whole(width); of c the first `used` columns, and
// what is in one vector with them. BYTES: the size of the machine's vectors; GCC splits wider ones, but keeps them in
// memory, which takes five times as long.
template <int BYTES, typename T>
void product(View<T> a, int64_t rows, const T* b, int64_t width, int64_t used, int64_t inner, T* c) {
  using V = Vector<T, BYTES>;
  int64_t j = 0;
  for (; j + V::LANES < used; j += 2 * V::LANES) columns<BYTES, V::ROWS, 2>(a, rows, b + j, width, inner, c + j);
  if (j < used) columns<BYTES, V::ROWS, 1>(a, rows, b + j, width, inner, c + j);
}
