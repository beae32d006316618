// What test_cross_entropy.py compiles: the loss of one row, and of rows side by side; the logarithm of 1 + x; gelu.
#include "cross_entropy.h"
#include "gelu.h"

extern "C" void logarithms(const double* x, int64_t n, double* y) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = log_of_one_plus(x[i]);
}

#define GELU(T)                                                               \
  extern "C" void T##_gelu(const T* x, int64_t n, T* y, T* slopes) {           \
    for (int64_t i = 0; i < n; ++i) y[i] = gelu(x[i], slopes + i);             \
  }
GELU(float)
GELU(double)

// z, gradient: [classes][GROUP]; alone: [GROUP][classes].
#define LOSSES(T)                                                                                                   \
  extern "C" void T##_losses(const T (*z)[GROUP], int64_t classes, const int32_t* labels, T* loss, T (*gradient)[GROUP], \
                             int32_t* index, T* alone_loss, T* alone) {                                             \
    rows_side_by_side(z, classes, labels, loss, gradient, index);                                                   \
    for (int i = 0; i < GROUP; ++i) {                                                                               \
      T row[FEW_CLASSES];                                                                                           \
      for (int64_t k = 0; k < classes; ++k) row[k] = z[k][i];                                                       \
      one_row(row, classes, labels[i], alone_loss + i, alone + i * classes);                                        \
    }                                                                                                               \
  }
LOSSES(float)
LOSSES(double)
