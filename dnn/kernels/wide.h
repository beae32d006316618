// Plain loops that any compiler vectorizes: what the kernels share. It needs no header of TensorFlow's.
//
// WIDE before a function: on x86-64 it is compiled three times, for SSE2, AVX2 and AVX-512, and the widest version that
// the machine supports is chosen when the library is loaded. Elsewhere (Arm: NEON) it is compiled once, and so it is
// under AddressSanitizer, whose checks prevent vectorization. So a library runs on every machine of its kind, and
// TensorFlow's headers are compiled as TensorFlow itself was, without vector flags.
// Functions that a WIDE function calls must be INLINE, to be compiled for the same vectors. A loop that sums needs
// `#pragma omp simd reduction(…)`, which permits another order of the terms; there is no OpenMP at run time.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

#define INLINE inline __attribute__((always_inline))
#define COLD __attribute__((cold))  // what runs once an epoch is compiled for size, which takes less time

// Before a loop that takes little time, and whose end GCC knows: not its body sixteen times, which takes GCC longer.
#if defined(__GNUC__) && !defined(__clang__)
#define NOT_UNROLLED _Pragma("GCC unroll 1")
#else
#define NOT_UNROLLED
#endif

#if defined(__x86_64__) && defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(ONE_WIDTH)
#define MANY_WIDTHS
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif

// The larger number; b if a is NaN.
template <typename T>
INLINE T larger(T a, T b) {
  return a > b ? a : b;
}

// The largest of n numbers, ignoring NaN; −∞ if there is none. With 16 running maxima, since clang does not vectorize a
// loop with one, with `omp simd reduction(max : …)` or without.
template <typename T>
INLINE T largest_of(const T* x, int64_t n) {
  constexpr int LANES = 16;
  T lanes[LANES];
  for (T& lane : lanes) lane = -std::numeric_limits<T>::infinity();
  int64_t k = 0;
  for (; k + LANES <= n; k += LANES) {
#pragma omp simd
    for (int j = 0; j < LANES; ++j) lanes[j] = larger(x[k + j], lanes[j]);
  }
  for (; k < n; ++k) lanes[0] = larger(x[k], lanes[0]);
  T largest = lanes[0];
  for (T lane : lanes) largest = larger(lane, largest);
  return largest;
}

template <typename T>
struct Exponential;

template <>
struct Exponential<float> {
  using Bits = uint32_t;
  static constexpr int SHIFT = 23;
  static constexpr Bits ONE = 0x3f800000;             // the bits of 1
  static constexpr float ROUNDER = 12582912.0f;       // 1.5 · 2^23: what it is added to is rounded to an integer
  static constexpr float LEAST = -87.33654f;          // below, e^x is no normal number
  static constexpr float LN2_HIGH = 0.693359375f;     // few bits, so that n times it is exact
  static constexpr float LN2_LOW = -2.12194440e-4f;
  static INLINE float tail(float r) {  // (e^r − 1 − r) / r², of the least error: 2^-28 of e^r for |r| <= ln 2 / 2
    return 0.4999999343f + r * (0.1666652039f + r * (0.04166839105f + r * (0.008368746299f + r * 0.00138145276f)));
  }
};

template <>
struct Exponential<double> {
  using Bits = uint64_t;
  static constexpr int SHIFT = 52;
  static constexpr Bits ONE = 0x3ff0000000000000;
  static constexpr double ROUNDER = 6755399441055744.0;  // 1.5 · 2^52
  static constexpr double LEAST = -708.39641853226408;
  static constexpr double LN2_HIGH = 6.93145751953125e-1;
  static constexpr double LN2_LOW = 1.42860682030941723212e-6;
  static INLINE double tail(double r) {
    return 1 / 2. + r * (1 / 6. + r * (1 / 24. + r * (1 / 120. + r * (1 / 720. + r * (1 / 5040. + r * (1 / 40320. +
           r * (1 / 362880. + r * (1 / 3628800. + r * (1 / 39916800. + r * (1 / 479001600. +
           r * (1 / 6227020800.)))))))))));
  }
};

// e^(x + rest) = power (1 + e^r − 1): the power of 2, and e^r − 1, for x <= 0 and a rest far below x's last digit.
// x = n ln 2 + r with |r| <= ln 2 / 2; e^r is a polynomial, its Taylor series in double.
// Source: W. Cody, W. Waite, "Software Manual for the Elementary Functions", 1980, chapter 6.
template <typename T>
INLINE T power_of_two(T x, T rest, T* e_less_one) {
  using E = Exponential<T>;
  const T rounded = x * T(1.44269504088896340736) + E::ROUNDER;
  typename E::Bits bits;
  std::memcpy(&bits, &rounded, sizeof bits);
  bits = (bits << E::SHIFT) + E::ONE;
  T power;
  std::memcpy(&power, &bits, sizeof power);
  const T n = rounded - E::ROUNDER;
  const T r = ((x - n * E::LN2_HIGH) - n * E::LN2_LOW) + rest;
  *e_less_one = r + r * r * E::tail(r);
  return power;
}

// e^(x + rest): within 2 units in the last place, and 0 where that is not a normal number. NaN gives NaN.
template <typename T>
INLINE T exponential(T x, T rest) {
  T e_less_one;
  const T power = power_of_two(x, rest, &e_less_one);
  const T e = power * (1 + e_less_one);  // power · e_less_one alone may be no normal number
  return x < Exponential<T>::LEAST ? T(0) : e;
}

// eˣ − 1 for x <= 0, within 3 units in the last place.
template <typename T>
INLINE T exponential_less_one(T x) {
  T e_less_one;
  const T power = power_of_two(x, T(0), &e_less_one);
  const T e = (power - 1) + power * e_less_one;
  return x < Exponential<T>::LEAST ? T(-1) : e;
}

// ln(1 + x) for x >= 0, within 3 units in the last place, in a loop of vectors, where std::log1p is none. NaN gives NaN.
// u = 1 + x rounded = 2^k m with m in [√½, √2); ln m = 2 atanh(s), s = (m − 1) / (m + 1), by its Taylor series, of which
// ten terms are left at |s| <= 0.1716; what the rounding of u left out is added as (x − (u − 1)) / u.
INLINE double log_of_one_plus(double x) {
  const double u = 1 + x, left_out = (x < 1 ? x - (u - 1) : 1 - (u - x)) / u;
  uint64_t bits;
  std::memcpy(&bits, &u, sizeof bits);
  uint64_t exponent_bits = bits >> 52 | 0x4330000000000000, mantissa_bits = (bits & 0xfffffffffffff) | 0x3ff0000000000000;
  double k, m;  // 2^52 + the exponent's bits is a double with these last bits
  std::memcpy(&k, &exponent_bits, sizeof k);
  std::memcpy(&m, &mantissa_bits, sizeof m);
  const bool upper = m > 1.4142135623730951;
  m = upper ? m / 2 : m, k = k - (4503599627370496.0 + 1023) + (upper ? 1 : 0);
  const double s = (m - 1) / (m + 1), z = s * s;
  const double tail = z * (1 / 3. + z * (1 / 5. + z * (1 / 7. + z * (1 / 9. + z * (1 / 11. + z * (1 / 13. + z * (1 / 15. +
                      z * (1 / 17. + z * (1 / 19. + z * (1 / 21.))))))))));
  return k * Exponential<double>::LN2_HIGH + (2 * s + (2 * s * tail + (k * Exponential<double>::LN2_LOW + left_out)));
}

// The rounding error of difference = a − b: a − b = difference + rest, exactly.
// Source: D. Knuth, "The Art of Computer Programming", volume 2, section 4.2.2, theorem B.
template <typename T>
INLINE T difference_rest(T a, T b, T difference) {
  const T b_part = a - difference;
  const T a_part = difference + b_part;
  return (a - a_part) + (b_part - b);
}
