// x Φ(x) and its derivative, Φ the normal distribution function, in a loop of vectors. It needs no header of
// TensorFlow's.
//
//   E = e^(−x²/2),  φ(x) = E / √(2π),  Φ(−|x|) = E t g(t),  t = 1 / (1 + 215/1024 |x|),  Φ(|x|) = 1 − Φ(−|x|)
//
// g is smooth on [0, 1], so that a short polynomial is as good as the numbers: where E is a normal number, 9 terms are
// within 1.3e-8 of it and 22 terms within 3.4e-17, computed in 60 digits. Where E is none, Φ(−|x|) is 0.
// Source: W. Press et al., "Numerical Recipes", third edition, section 6.2.2, for the substitution.
#pragma once

#include <cmath>

#include "wide.h"

// g, by the powers of 1 − t − 3/4. (Of a template, they would be one symbol in all libraries of a process.)
constexpr float G_FLOAT[] = {
    0.111143852f, -0.142523457f, 0.168161359f, -0.181077919f, 0.16816555f,
    -0.165202776f, 0.0380488269f, -0.142704087f, -0.0724387517f};
constexpr double G_DOUBLE[] = {
    0.11114386498681593, -0.14252215233047937, 0.16820256984745576, -0.18047725853657054, 0.17288830970097487,
    -0.14354305412960538, 0.097607417426676907, -0.046991042338400102, 0.0061669007220956108, 0.014592889818694324,
    -0.014779010207054569, 0.0037813258762488021, 0.0056609089154620876, -0.0062162174974390856, -0.00081705921961432682,
    0.00047332063056862431, -0.0099988585200742794, -0.010675638344376606, -0.00018426476023267049, 0.0054576587942964653,
    0.0033501194633420407, 0.00067139498221963975};

// a₀ + a₁ x + a₂ x² + …, by Horner. A loop over so many terms would not be unrolled, nor the one around it vectorized.
template <int FIRST = 0, int SIZE, typename T>
INLINE T polynomial(const T (&a)[SIZE], T x) {
  if constexpr (FIRST + 1 == SIZE) return a[FIRST];
  else return a[FIRST] + x * polynomial<FIRST + 1>(a, x);
}

INLINE float g_at(float u) { return polynomial(G_FLOAT, u); }
INLINE double g_at(double u) { return polynomial(G_DOUBLE, u); }

// The rounding error of a product: a · b = product + rest, exactly.
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
template <typename T>
INLINE T product_rest(T a, T b, T product) {
  return std::fma(a, b, -product);
}
#else
// The upper half of a number's digits: products of halves are exact.
INLINE float upper_half(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits &= 0xfffff000;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

INLINE double upper_half(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits &= 0xfffffffff8000000;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

template <typename T>
INLINE T product_rest(T a, T b, T product) {
  const T a_upper = upper_half(a), a_lower = a - a_upper, b_upper = upper_half(b), b_lower = b - b_upper;
  return ((a_upper * b_upper - product) + (a_upper * b_lower + a_lower * b_upper)) + a_lower * b_lower;
}
#endif

// slope: the derivative, Φ(x) + x φ(x). At −∞ both are 0, at ∞ they are ∞ and 1; NaN gives NaN.
template <typename T>
INLINE T gelu(T x, T* slope) {
  const T size = std::fabs(x), half = T(-0.5) * size, exponent = half * size;
  const T e = exponential(exponent, product_rest(half, size, exponent));
  const T near = exponent < Exponential<T>::LEAST ? T(0) : size;  // where E is 0, since ∞ times 0 would be NaN
  const T far = near * T(0.2099609375), t = 1 / (1 + far), u = far * t - T(0.75);  // far t = 1 − t, with more digits
  const T tail = e * t * g_at(u);
  const T below = tail - near * e * T(0.39894228040143267794);
  *slope = x < 0 ? below : 1 - below;
  return (x < 0 ? T(0) : x) - near * tail;
}
