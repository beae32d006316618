// Softmax cross-entropy of a row, and its gradient. Sums are float64.
//
//   m = max z,  e_k = exp(z_k − m),  others = Σ e_k without one of the largest,  total = 1 + others
//   loss = log1p(others) − (z_y − m),  gradient_k = e_k / total − [k = y]
#pragma once

#include <cmath>

#include "wide.h"

template <typename T>
INLINE void one_row(const T* z, int64_t classes, int64_t label, T* loss, T* gradient) {
  const T largest = largest_of(z, classes);
  double below = 0;  // Σ e_k of those below the largest; NaN if there is a NaN
  int64_t ties = 0;  // the number of logits that are equal to the largest
#pragma omp simd reduction(+ : below, ties)
  for (int64_t k = 0; k < classes; ++k) {
    const T x = z[k] - largest;
    const T e = exponential(x, difference_rest(z[k], largest, x));
    gradient[k] = e;
    below += x == 0 ? T(0) : e;
    ties += x == 0;
  }
  const double others = below + (ties - 1), total = below + ties;
  const T scale = static_cast<T>(1 / total), label_logit = z[label];
  for (int64_t k = 0; k < classes; ++k) gradient[k] *= scale;
  gradient[label] = label_logit == largest ? static_cast<T>(-others / total) : gradient[label] - 1;
  *loss = static_cast<T>(std::log1p(others) - (double(label_logit) - double(largest)));
}
