// Activations and their derivatives, in a loop of vectors, as dnn/nn/activations.py has them: f(x, &slope).
// It needs no header of TensorFlow's. Each comment states what is not the formula itself.
#pragma once

#include "gelu.h"
#include "wide.h"

// As in mlp_layers.py. NONE: of the last layer.
enum class Activation { NONE, RELU, LEAKY_RELU, ELU, SELU, GELU, SIGMOID, TANH, SOFTPLUS, SILU, MISH, COUNT };

template <typename T>
INLINE T minus_size(T x) {
  return x < 0 ? x : -x;
}

// Within ±1000 (the C library has a function `finite`), where an infinity times 0 would be NaN; e^−1000 is 0.
template <typename T>
INLINE T bounded(T x) {
  return x < -1000 ? T(-1000) : x > 1000 ? T(1000) : x;
}

template <typename T>
INLINE T leaky_relu(T x, T* slope) {
  *slope = x <= 0 ? T(0.2) : T(1);
  return x <= 0 ? T(0.2) * x : x;
}

template <typename T>
INLINE T elu(T x, T* slope) {
  const T below = x > 0 ? T(0) : x;
  *slope = x > 0 ? T(1) : exponential(below, T(0));
  return x > 0 ? x : exponential_less_one(below);
}

template <typename T>
INLINE T selu(T x, T* slope) {
  constexpr T SCALE = 1.0507009873554804934193349852946, BELOW = SCALE * 1.6732632423543772848170429916717;
  const T below = x >= 0 ? T(0) : x;
  *slope = x >= 0 ? SCALE : BELOW * exponential(below, T(0));
  return x >= 0 ? SCALE * x : BELOW * exponential_less_one(below);
}

template <typename T>
INLINE T sigmoid(T x, T* slope) {
  const T e = exponential(minus_size(x), T(0)), inverse = 1 / (1 + e);
  *slope = e * inverse * inverse;
  return (x < 0 ? e : T(1)) * inverse;
}

// (e² − 1) / (e² + 1) with e = e^−|x|; 1 − tanh² = 4 e² / (1 + e²)², with nothing to cancel.
template <typename T>
INLINE T tanh_of(T x, T* slope) {
  const T twice = 2 * minus_size(x), less = exponential_less_one(twice), inverse = 1 / (2 + less);
  *slope = 4 * exponential(twice, T(0)) * inverse * inverse;
  return (x < 0 ? less : -less) * inverse;
}

template <typename T>
INLINE T softplus(T x, T* slope) {
  const T e = exponential(minus_size(x), T(0));
  *slope = (x < 0 ? e : T(1)) / (1 + e);
  return (x < 0 ? T(0) : x) + T(log_of_one_plus(e));
}

template <typename T>
INLINE T silu(T x, T* slope) {
  const T near = bounded(x);
  T curve;
  const T gate = sigmoid(near, &curve);
  *slope = gate + near * curve;
  return gate == 0 ? T(0) : x * gate;
}

// The gate g = tanh(ln(1 + eˣ)) as in mish.py; its derivative is (1 − g)(1 + g) times the sigmoid.
template <typename T>
INLINE T mish(T x, T* slope) {
  const T near = bounded(x), e = exponential(minus_size(near), T(0)), below = e * (e + 2);
  const T above = 1 + 2 * e, inverse = 1 / (x < 0 ? below + 2 : above + 2 * e * e);
  const T gate = (x < 0 ? below : above) * inverse, rest = (x < 0 ? T(2) : 2 * e * e) * inverse;
  *slope = gate + near * rest * (1 + gate) * (x < 0 ? e : T(1)) / (1 + e);
  return gate == 0 ? T(0) : x * gate;
}
