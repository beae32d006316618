// The product of two small matrices, by one thread. It needs no header of TensorFlow's.
#pragma once

#include <cstdint>
#include <cstring>

#include "wide.h"

constexpr int64_t BYTES = 64;  // of a vector: the widest there is, or as many of the narrower ones

template <typename T>
struct Vector {
  typedef T type __attribute__((vector_size(BYTES)));
  static constexpr int64_t LANES = BYTES / sizeof(T);
  static int64_t whole(int64_t n) { return (n + LANES - 1) / LANES * LANES; }  // rounded up to whole vectors
};

// A matrix in memory: from row to row, and from column to column, so many numbers.
template <typename T>
struct View {
  const T* data;
  int64_t row, column;
};

// ROWS rows of a · b, of one vector of columns.
template <typename T, int ROWS>
INLINE void block(View<T> a, const T* b, int64_t width, int64_t inner, T* c) {
  typename Vector<T>::type sums[ROWS] = {};
  for (int64_t k = 0; k < inner; ++k) {
    typename Vector<T>::type values;
    std::memcpy(&values, b + k * width, BYTES);
    for (int i = 0; i < ROWS; ++i) sums[i] += a.data[i * a.row + k * a.column] * values;
  }
  for (int i = 0; i < ROWS; ++i) std::memcpy(c + i * width, &sums[i], BYTES);
}

// c = a · b: a [rows, inner], b [inner, width], c [rows, width], the width a multiple of a vector's.
template <typename T>
INLINE void product(View<T> a, int64_t rows, const T* b, int64_t width, int64_t inner, T* c) {
  constexpr int ROWS = 6;  // with two halves of a vector each they fill the registers of AVX2
  for (int64_t j = 0; j < width; j += Vector<T>::LANES) {
    int64_t i = 0;
    for (; i + ROWS <= rows; i += ROWS) {
      block<T, ROWS>({a.data + i * a.row, a.row, a.column}, b + j, width, inner, c + i * width + j);
    }
    for (; i < rows; ++i) block<T, 1>({a.data + i * a.row, a.row, a.column}, b + j, width, inner, c + i * width + j);
  }
}
