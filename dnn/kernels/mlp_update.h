// What an optimizer makes of a gradient: the formulas of dnn/nn/optimizers, with their slots. It needs no header of
// TensorFlow's. A method is chosen once for an array; its loop is one of vectors.
#pragma once

#include <cmath>

#include "adam_update.h"
#include "wide.h"

// As in mlp_optimizers.py, which says what the constants and the slots of each are.
enum class Method { ADAM, AMSGRAD, SGD, RMSPROP, COUNT };
constexpr int SLOTS = 3, CONSTANTS = 5;

// One step's numbers.
template <typename T>
struct Step {
  Method method;
  T rate, alpha, constants[CONSTANTS];

  // t: the number of steps taken, this one included.
  Step(Method method, double rate, const double* numbers, int64_t t) : method(method), rate(rate), alpha(0) {
    for (int i = 0; i < CONSTANTS; ++i) constants[i] = static_cast<T>(numbers[i]);
    if (method != Method::ADAM && method != Method::AMSGRAD) return;
    const T steps = static_cast<T>(t);
    alpha = this->rate * std::sqrt(1 - std::pow(constants[1], steps)) / (1 - std::pow(constants[0], steps));
  }
};

// constants: β₁, β₂, 1 − β₁, 1 − β₂, ε. Slots: m, v, v̂.
template <typename T>
void amsgrad(const Step<T>& n, T* p, T* m, T* v, T* largest, const T* gradient, int64_t size) {
#pragma omp simd
  for (int64_t i = 0; i < size; ++i) {
    const T g = gradient[i];
    m[i] += (g - m[i]) * n.constants[2];
    v[i] += (g * g - v[i]) * n.constants[3];
    largest[i] = v[i] > largest[i] ? v[i] : largest[i];
    p[i] -= m[i] * n.alpha / (std::sqrt(largest[i]) + n.constants[4]);
  }
}

// constants: μ, whether it is Nesterov's. Slots: u.
template <typename T>
void sgd(const Step<T>& n, T* p, T* u, const T* g, int64_t size) {
  const T momentum = n.constants[0];
  const bool nesterov = n.constants[1] != 0;
#pragma omp simd
  for (int64_t i = 0; i < size; ++i) {
    const T step = n.rate * g[i];
    u[i] = momentum * u[i] + step;
    p[i] -= nesterov ? momentum * u[i] + step : u[i];
  }
}

// constants: ρ, 1 − ρ, μ, ε, 1 if it is centered, else 0. Slots: v, a, u.
template <typename T>
void rmsprop(const Step<T>& n, T* p, T* v, T* a, T* u, const T* gradient, int64_t size) {
  const T rho = n.constants[0], rest = n.constants[1], momentum = n.constants[2], centered = n.constants[4];
#pragma omp simd
  for (int64_t i = 0; i < size; ++i) {
    const T g = gradient[i];
    v[i] = rho * v[i] + rest * (g * g);
    a[i] = centered * (rho * a[i] + rest * g);
    const T variance = v[i] - a[i] * a[i];
    u[i] = momentum * u[i] + n.rate * g / std::sqrt((variance < 0 ? T(0) : variance) + n.constants[3]);
    p[i] -= u[i];
  }
}

template <typename T>
void update(const Step<T>& n, T* p, T* const* s, const T* g, int64_t size) {
  switch (n.method) {
    case Method::ADAM:
      return update<T>({p, s[0], s[1], g, p, s[0], s[1]}, 0, size,
                       {n.alpha, n.constants[2], n.constants[3], n.constants[4]});
    case Method::AMSGRAD:
      return amsgrad(n, p, s[0], s[1], s[2], g, size);
    case Method::SGD:
      return sgd(n, p, s[0], g, size);
    default:
      return rmsprop(n, p, s[0], s[1], s[2], g, size);
  }
}

// g += the derivative of l1 Σ |p| + l2 Σ p², which is returned; 0 at 0.
template <typename T>
double penalize(const T* p, double l1, double l2, int64_t size, T* g) {
  const T first = l1, second = 2 * l2;
  double absolute = 0, square = 0;
#pragma omp simd reduction(+ : absolute, square)
  for (int64_t i = 0; i < size; ++i) {
    const T sign = p[i] > 0 ? first : p[i] < 0 ? -first : T(0);
    g[i] += sign + second * p[i];
    absolute += p[i] < 0 ? -p[i] : p[i];
    square += double(p[i]) * p[i];
  }
  return l1 * absolute + l2 * square;
}

// p ← p − p λ η
template <typename T>
void decay(T* p, T lambda, T rate, int64_t size) {
#pragma omp simd
  for (int64_t i = 0; i < size; ++i) p[i] -= p[i] * lambda * rate;
}
