// A multilayer perceptron: outputs, loss and all derivatives. It needs no header of TensorFlow's.
//
//   h₀ = x,  h_l = drop(f(h_{l−1} W_l + b_l)),  the last without f and drop: z
//   drop(h) = h / (1 − rate) where the random bits of the place are at least rate · 2³², else 0
//   D_L = ∂loss/∂z / rows,  D_{l−1} = 0 where f' or drop is 0, else D_l W_lᵀ f' / (1 − rate), also if NaN
//   ∂W_l = h_{l−1}ᵀ D_l,  ∂b_l = Σ D_l,  summed over the rows
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "activations.h"
#include "mlp_losses.h"
#include "mlp_update.h"
#include "product.h"
#include "random_bits.h"
#include "wide.h"

// A kernel or a bias, with the optimizer's slots and its derivative: [inputs, width] or [width] each.
template <typename T>
struct Parameter {
  T *p, *slots[SLOTS], *sums;
  T* part;            // the derivative of a block of rows
  double decay, l1, l2;  // λ, and the factors of the penalties
};

// A layer: its sizes, its parameters, and what a step computes for it. `width` is `units`, rounded up to whole vectors;
// the columns beyond the units hold 0 or NaN or what f makes of it, and no unit depends on them.
template <typename T>
struct Layer {
  int64_t inputs, units, width, input_width;
  Parameter<T> kernel, bias;
  T* turned_kernel;        // [units, input_width], 0 beyond the inputs
  T* turned_part;          // likewise: the derivative of a block of rows; beyond the inputs, anything
  T* outputs;              // [rows, width]: h
  T* derivative;           // [rows, width]: D
  T* slopes;               // [rows, width]: f' / (1 − rate), or 0 where it is dropped; where they are kept
  Activation activation;
  bool drops;              // whether its rate is more than 0
  T kept;                  // 1 − rate
  uint32_t least;          // rate · 2³²
  uint32_t seed, bits_key; // of the epoch, of the step
};

// Of a relu they are seen from the outputs.
inline bool keeps_slopes(Activation activation) { return activation > Activation::RELU; }

template <typename T>
void drop(Layer<T>& l, int64_t rows) {
  for (int64_t i = 0; i < rows; ++i) {
    T* row = l.outputs + i * l.width;
    const uint32_t place = static_cast<uint32_t>(i * l.units);
#pragma omp simd
    for (int64_t j = 0; j < l.width; ++j) {
      const T kept = row[j] / l.kept;
      row[j] = mixed(l.bits_key ^ (place + static_cast<uint32_t>(j))) >= l.least ? kept : T(0);
    }
    if (!keeps_slopes(l.activation)) continue;
    T* slopes = l.slopes + i * l.width;
#pragma omp simd
    for (int64_t j = 0; j < l.width; ++j) {
      const T kept = slopes[j] / l.kept;
      slopes[j] = mixed(l.bits_key ^ (place + static_cast<uint32_t>(j))) >= l.least ? kept : T(0);
    }
  }
}

// outputs ← f(outputs + b), f(x, &slope): vector by vector of the width, in a loop over the rows that keeps f's constants
// in registers.
template <typename T, typename F>
void each_sum(Layer<T>& l, int64_t rows, const F& f) {
  constexpr int64_t LANES = VECTOR_BYTES / sizeof(T);
  const bool keeps = keeps_slopes(l.activation);
  for (int64_t k = 0; k < l.width; k += LANES) {
    for (int64_t i = 0; i < rows; ++i) {
      T *row = l.outputs + i * l.width + k, *slopes = keeps ? l.slopes + i * l.width + k : nullptr;
#pragma omp simd
      for (int64_t j = 0; j < LANES; ++j) row[j] = f(row[j] + l.bias.p[k + j], slopes + j);
    }
  }
}

#define EACH(activation, function) \
  case Activation::activation:     \
    return each_sum(l, rows, [](T x, T* slope) { return function(x, slope); })
template <typename T>
void activate(Layer<T>& l, int64_t rows) {
  switch (l.activation) {
    case Activation::RELU:
      return each_sum(l, rows, [](T x, T*) { return x < 0 ? T(0) : x; });
    EACH(LEAKY_RELU, leaky_relu);
    EACH(ELU, elu);
    EACH(SELU, selu);
    EACH(GELU, gelu);
    EACH(SIGMOID, sigmoid);
    EACH(TANH, tanh_of);
    EACH(SOFTPLUS, softplus);
    EACH(SILU, silu);
    EACH(MISH, mish);
    default:
      return each_sum(l, rows, [](T x, T*) { return x; });
  }
}
#undef EACH

template <typename T>
void forward(View<T> h, Layer<T>& l, int64_t rows) {
  product<VECTOR_BYTES>(h, rows, static_cast<const T*>(l.kernel.p), l.width, l.units, l.inputs, l.outputs);
  activate(l, rows);
  if (l.drops) drop(l, rows);
}

// sums += part
template <typename T>
void add(const T* part, int64_t size, T* sums) {
#pragma omp simd
  for (int64_t j = 0; j < size; ++j) sums[j] += part[j];
}

// to[j, i] = from[i, j]
template <typename T>
void turn(const T* from, int64_t rows, int64_t columns, int64_t width, T* to, int64_t to_width) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) to[j * to_width + i] = from[i * width + j];
  }
}

// ∂W of some rows; of few units it is ∂Wᵀ = Dᵀ h, turned: the same sums in fewer vectors.
template <typename T>
void sum_products(View<T> h, Layer<T>& l, const T* derivative, int64_t rows, T* kernel) {
  if (h.row == l.input_width && l.units * l.input_width < l.inputs * l.width) {
    product<VECTOR_BYTES>({derivative, 1, l.width}, l.units, h.data, h.row, l.inputs, rows, l.turned_part);
    return turn(static_cast<const T*>(l.turned_part), l.units, l.inputs, l.input_width, kernel, l.width);
  }
  product<VECTOR_BYTES>({h.data, h.column, h.row}, l.inputs, derivative, l.width, l.units, rows, kernel);
}

// ∂W and ∂b of a layer with inputs h: sums over blocks of rows, then over the blocks, since one running sum of many
// float32 numbers would lose digits. Σ D is a product too, with a row of ones.
template <typename T>
void sum_rows(View<T> h, Layer<T>& l, int64_t rows) {
  constexpr int64_t SUMMED = 256;
  const T one = 1;
  for (int64_t first = 0; first < rows; first += SUMMED) {
    T *kernel = first ? l.kernel.part : l.kernel.sums, *bias = first ? l.bias.part : l.bias.sums;
    const T* derivative = l.derivative + first * l.width;
    const int64_t some = std::min(SUMMED, rows - first);
    sum_products({h.data + first * h.row, h.row, h.column}, l, derivative, some, kernel);
    product<VECTOR_BYTES>({&one, 0, 0}, 1, derivative, l.width, l.units, some, bias);
    if (first) add(kernel, l.inputs * l.width, l.kernel.sums), add(bias, l.width, l.bias.sums);
  }
}

// D of the layer below.
template <typename T>
void backward(const Layer<T>& l, Layer<T>& below, int64_t rows) {
  turn(static_cast<const T*>(l.kernel.p), l.inputs, l.units, l.width, l.turned_kernel, l.input_width);
  product<VECTOR_BYTES>({l.derivative, l.width, 1}, rows, static_cast<const T*>(l.turned_kernel), l.input_width, l.inputs,
                        l.units, below.derivative);
  if (keeps_slopes(below.activation)) {
#pragma omp simd
    for (int64_t i = 0; i < rows * below.width; ++i) {
      below.derivative[i] = below.slopes[i] == 0 ? T(0) : below.derivative[i] * below.slopes[i];
    }
    return;
  }
#pragma omp simd
  for (int64_t i = 0; i < rows * below.width; ++i) {
    below.derivative[i] = below.outputs[i] <= 0 ? T(0) : below.derivative[i];
  }
  if (!below.drops) return;
#pragma omp simd
  for (int64_t i = 0; i < rows * below.width; ++i) below.derivative[i] /= below.kept;
}

template <typename T>
void differentiate(const T* x, Loss loss, Batch& batch, std::vector<Layer<T>>& layers, double* sums) {
  const int64_t rows = batch.rows;
  const size_t last = layers.size() - 1;
  const auto inputs = [&](size_t i) {
    return i ? View<T>{layers[i - 1].outputs, layers[i - 1].width, 1} : View<T>{x, layers[0].inputs, 1};
  };
  for (size_t i = 0; i <= last; ++i) forward(inputs(i), layers[i], rows);
  const Layer<T>& l = layers[last];
  losses(loss, l.outputs, l.units, l.width, batch, l.derivative, sums);
  for (size_t i = last; i > 0; --i) backward(layers[i], layers[i - 1], rows);
  for (size_t i = 0; i <= last; ++i) sum_rows(inputs(i), layers[i], rows);
}
