// x Φ(x) and its derivative, Φ the normal distribution function, in a loop of vectors. It needs no header of
// TensorFlow's.
//
//   E = e^(−x²/2),  φ(x) = E / √(2π),  Φ(−|x|) = ½ E erfcx(|x| / √2),  Φ(|x|) = 1 − Φ(−|x|)
//   erfcx(z) = e^(z²) erfc(z) = t g(t),  t = 1 / (1 + z / 2)
//
// g is smooth on [0, 1], so that a short Chebyshev series is as good as the numbers: 11 terms leave 1.2e-8 of it and 27
// terms 1.4e-17, computed in 60 digits. Where E is no normal number, Φ(−|x|) is 0.
// Source: W. Press et al., "Numerical Recipes", third edition, section 6.2.2, for the substitution.
#pragma once

#include "wide.h"

constexpr double ERFCX[] = {
    0.57703373861646969,    0.35543692127049849,    0.065095158828786525,   0.0036711423958366392,
    -0.0011128447433526325, -0.0001607582991537808, 3.2780315741731371e-5,  5.442441645505016e-6,
    -1.5154665553171482e-6, -1.4297608181169865e-7, 8.2346088274194934e-8,  -1.2962846852306563e-9,
    -4.1547216310151983e-9, 6.3470582783628112e-10, 1.4320822712256224e-10, -6.1603901052045855e-11,
    2.0612138554721696e-12, 3.5714931488477044e-12, -8.5864228432517965e-13, -6.1456002137906306e-14,
    7.4187257485966171e-14, -1.2895042755032326e-14, -2.3587263857106324e-15, 1.5729349381685911e-15,
    -2.2782966239546465e-16, -6.3123304507564298e-17, 3.5916763531814923e-17};

// The upper half of a number's digits, whose square is exact.
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

// slope: the derivative, Φ(x) + x φ(x). At −∞ both are 0, at ∞ they are ∞ and 1; NaN gives NaN.
template <typename T>
INLINE T gelu(T x, T* slope) {
  constexpr int TERMS = sizeof(T) == 4 ? 11 : 27;
  const T near = x < -40 ? T(-40) : x > 40 ? T(40) : x;  // beyond, Φ is 0 or 1 to the last bit
  const T size = near < 0 ? -near : near;
  const T square = near * near, upper = upper_half(near), lower = near - upper;
  const T rest = ((upper * upper - square) + 2 * upper * lower) + lower * lower;  // near² = square + rest
  const T e = exponential(square * T(-0.5), rest * T(-0.5));
  const T t = 1 / (1 + size * T(0.35355339059327376220)), u = 2 * t - 1;
  T one = 0, two = 0;  // Clenshaw's recurrence
  for (int j = TERMS - 1; j > 0; --j) {
    const T next = 2 * u * one - two + T(ERFCX[j]);
    two = one, one = next;
  }
  const T tail = T(0.5) * e * t * (u * one - two + T(ERFCX[0]));
  const T normal = near < 0 ? tail : 1 - tail;
  *slope = normal + near * e * T(0.39894228040143267794);
  return normal == 0 ? T(0) : x * normal;
}
