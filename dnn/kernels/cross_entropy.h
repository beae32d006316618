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

// Few classes leave vectors of one row empty: so `GROUP` rows side by side, z and gradient [classes][GROUP], by the same
// formulas. largest_is: whether the label is the first of the largest logits.
constexpr int GROUP = 16, FEW_CLASSES = 16;

template <typename T>
INLINE void rows_side_by_side(const T (*z)[GROUP], int64_t classes, const int32_t* labels, T* loss, T (*gradient)[GROUP],
                              int32_t* index) {
  T largest[GROUP], best[GROUP], label_logit[GROUP];
  double below[GROUP] = {}, ties[GROUP] = {};
#pragma omp simd
  for (int i = 0; i < GROUP; ++i) {
    largest[i] = -std::numeric_limits<T>::infinity(), best[i] = std::numeric_limits<T>::lowest();
    index[i] = 0, label_logit[i] = 0;
  }
  for (int32_t k = 0; k < classes; ++k) {
#pragma omp simd
    for (int i = 0; i < GROUP; ++i) {
      largest[i] = larger(z[k][i], largest[i]);
      index[i] = z[k][i] > best[i] ? k : index[i], best[i] = z[k][i] > best[i] ? z[k][i] : best[i];
      label_logit[i] = k == labels[i] ? z[k][i] : label_logit[i];
    }
  }
  for (int64_t k = 0; k < classes; ++k) {
#pragma omp simd
    for (int i = 0; i < GROUP; ++i) {
      const T x = z[k][i] - largest[i];
      const T e = exponential(x, difference_rest(z[k][i], largest[i], x));
      gradient[k][i] = e;
      const bool top = x == 0;  // of x == 0 ? 1.0 : 0.0, GCC would make a branch, and no vectors
      below[i] += top ? T(0) : e;
      ties[i] += top;
    }
  }
  T scale[GROUP], at_label[GROUP];
#pragma omp simd
  for (int i = 0; i < GROUP; ++i) {
    const double others = below[i] + (ties[i] - 1), total = below[i] + ties[i];
    scale[i] = static_cast<T>(1 / total), at_label[i] = static_cast<T>(-others / total);
    loss[i] = static_cast<T>(log_of_one_plus(others) - (double(label_logit[i]) - double(largest[i])));
  }
  for (int32_t k = 0; k < classes; ++k) {
#pragma omp simd
    for (int i = 0; i < GROUP; ++i) {
      const T g = gradient[k][i] * scale[i];
      gradient[k][i] = k != labels[i] ? g : label_logit[i] == largest[i] ? at_label[i] : g - 1;
    }
  }
}
