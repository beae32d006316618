// Adam's update of an array. It needs no header of TensorFlow's.
#pragma once

#include <cmath>

#include "wide.h"

template <typename T>
struct Rule {
  T alpha, toward_1, toward_2, epsilon;  // α of the step, 1 − β₁, 1 − β₂, ε
};

// The arrays of one parameter, read and written; new_p may be p.
template <typename T>
struct Slices {
  const T *p, *m, *v, *g;
  T *new_p, *new_m, *new_v;
};

template <typename T>
INLINE void update(const Slices<T>& s, int64_t first, int64_t end, const Rule<T>& n) {
#pragma omp simd
  for (int64_t i = first; i < end; ++i) {
    const T g = s.g[i];
    const T m = s.m[i] + (g - s.m[i]) * n.toward_1;
    const T v = s.v[i] + (g * g - s.v[i]) * n.toward_2;
    s.new_m[i] = m;
    s.new_v[i] = v;
    s.new_p[i] = s.p[i] - m * n.alpha / (std::sqrt(v) + n.epsilon);
  }
}
