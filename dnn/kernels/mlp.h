// A multilayer perceptron: outputs, loss and all derivatives. It needs no header of TensorFlow's.
//
//   h₀ = x,  h_l = drop(f(h_{l−1} W_l + b_l)),  f relu or gelu, the last without f and drop: the logits z
//   drop(h) = h / (1 − rate) where the random bits of the place are at least rate · 2³², else 0
//   D_L = (softmax(z) − [k = y]) / rows,  D_{l−1} = 0 where f' or drop is 0, else D_l W_lᵀ f' / (1 − rate), also if NaN
//   ∂W_l = h_{l−1}ᵀ D_l,  ∂b_l = Σ D_l,  summed over the rows
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "cross_entropy.h"
#include "gelu.h"
#include "product.h"
#include "random_bits.h"
#include "wide.h"

// A kernel or a bias, with Adam's two means and its derivative: [inputs, width] or [width] each.
template <typename T>
struct Parameter {
  T *p, *m, *v, *sums;
  T* part;  // the derivative of a block of rows
};

enum class Activation { NONE, RELU, GELU };

// A layer: its sizes, its parameters, and what a step computes for it. `width` is `units`, rounded up to whole vectors;
// the columns beyond the units hold 0 or NaN, and no unit depends on them.
template <typename T>
struct Layer {
  int64_t inputs, units, width, input_width;
  Parameter<T> kernel, bias;
  T* turned_kernel;        // [units, input_width]
  T* outputs;              // [rows, width]: h
  T* derivative;           // [rows, width]: D
  T* slopes;               // [rows, width]: f' / (1 − rate), or 0 where it is dropped; only of gelu
  Activation activation;
  bool drops;              // whether its rate is more than 0
  T kept;                  // 1 − rate
  uint32_t least;          // rate · 2³²
  uint32_t seed, bits_key; // of the epoch, of the step
};

template <typename T>
INLINE void drop(Layer<T>& l, int64_t rows) {
  for (int64_t i = 0; i < rows; ++i) {
    T* row = l.outputs + i * l.width;
    const uint32_t place = static_cast<uint32_t>(i * l.units);
#pragma omp simd
    for (int64_t j = 0; j < l.width; ++j) {
      const T kept = row[j] / l.kept;
      row[j] = mixed(l.bits_key ^ (place + static_cast<uint32_t>(j))) >= l.least ? kept : T(0);
    }
    if (l.activation != Activation::GELU) continue;
    T* slopes = l.slopes + i * l.width;
#pragma omp simd
    for (int64_t j = 0; j < l.width; ++j) {
      const T kept = slopes[j] / l.kept;
      slopes[j] = mixed(l.bits_key ^ (place + static_cast<uint32_t>(j))) >= l.least ? kept : T(0);
    }
  }
}

// outputs ← f(outputs + b)
template <typename T>
INLINE void activate(Layer<T>& l, int64_t rows) {
  for (int64_t i = 0; i < rows; ++i) {
    T *row = l.outputs + i * l.width, *slopes = l.slopes + i * l.width;
    switch (l.activation) {
      case Activation::NONE:
#pragma omp simd
        for (int64_t j = 0; j < l.width; ++j) row[j] += l.bias.p[j];
        break;
      case Activation::RELU:
#pragma omp simd
        for (int64_t j = 0; j < l.width; ++j) {
          const T sum = row[j] + l.bias.p[j];
          row[j] = sum < 0 ? T(0) : sum;
        }
        break;
      case Activation::GELU:
#pragma omp simd
        for (int64_t j = 0; j < l.width; ++j) row[j] = gelu(row[j] + l.bias.p[j], slopes + j);
        break;
    }
  }
}

template <int BYTES, typename T>
INLINE void forward(View<T> h, Layer<T>& l, int64_t rows) {
  product<BYTES>(h, rows, static_cast<const T*>(l.kernel.p), l.width, l.inputs, l.outputs);
  activate(l, rows);
  if (l.drops) drop(l, rows);
}

// sums += part
template <typename T>
INLINE void add(const T* part, int64_t size, T* sums) {
#pragma omp simd
  for (int64_t j = 0; j < size; ++j) sums[j] += part[j];
}

// ∂W and ∂b of a layer with inputs h: sums over blocks of rows, then over the blocks, since one running sum of many
// float32 numbers would lose digits.
template <int BYTES, typename T>
INLINE void sum_rows(View<T> h, Layer<T>& l, int64_t rows) {
  constexpr int64_t SUMMED = 256;
  for (int64_t first = 0; first < rows; first += SUMMED) {
    T *kernel = first ? l.kernel.part : l.kernel.sums, *bias = first ? l.bias.part : l.bias.sums;
    const T* derivative = l.derivative + first * l.width;
    const int64_t some = std::min(SUMMED, rows - first);
    product<BYTES>({h.data + first * h.row, h.column, h.row}, l.inputs, derivative, l.width, some, kernel);
    std::fill_n(bias, l.width, T(0));
    for (int64_t i = 0; i < some; ++i) add(derivative + i * l.width, l.width, bias);
    if (first) add(kernel, l.inputs * l.width, l.kernel.sums), add(bias, l.width, l.bias.sums);
  }
}

// D of the layer below.
template <int BYTES, typename T>
INLINE void backward(const Layer<T>& l, Layer<T>& below, int64_t rows) {
  for (int64_t i = 0; i < l.inputs; ++i) {
    for (int64_t j = 0; j < l.units; ++j) l.turned_kernel[j * l.input_width + i] = l.kernel.p[i * l.width + j];
  }
  product<BYTES>({l.derivative, l.width, 1}, rows, static_cast<const T*>(l.turned_kernel), l.input_width, l.units,
          below.derivative);
  const T kept = below.drops ? below.kept : T(1);
  if (below.activation == Activation::GELU) {
#pragma omp simd
    for (int64_t i = 0; i < rows * below.width; ++i) {
      below.derivative[i] = below.slopes[i] == 0 ? T(0) : below.derivative[i] * below.slopes[i];
    }
    return;
  }
#pragma omp simd
  for (int64_t i = 0; i < rows * below.width; ++i) {
    below.derivative[i] = below.outputs[i] <= 0 ? T(0) : below.derivative[i] / kept;
  }
}

// As tf.argmax: the first of equal numbers; 0 if all are NaN or −∞.
template <typename T>
INLINE int64_t index_of_largest(const T* z, int64_t classes) {
  T largest = std::numeric_limits<T>::lowest();
  int64_t index = 0;
  for (int64_t k = 0; k < classes; ++k) {
    if (z[k] > largest) largest = z[k], index = k;
  }
  return index;
}

// The losses of the rows, and D of the last layer.
template <typename T>
INLINE void losses_of_few_classes(Layer<T>& l, const std::vector<int32_t>& labels, double* sums) {
  const int64_t rows = labels.size();
  const T count = static_cast<T>(rows);
  T z[FEW_CLASSES][GROUP] = {}, d[FEW_CLASSES][GROUP], loss[GROUP];
  int32_t label[GROUP] = {}, index[GROUP];
  for (int64_t first = 0; first < rows; first += GROUP) {
    const int64_t some = std::min<int64_t>(GROUP, rows - first);
    std::copy_n(labels.data() + first, some, label);
    for (int64_t i = 0; i < some; ++i) {
      for (int64_t k = 0; k < l.units; ++k) z[k][i] = l.outputs[(first + i) * l.width + k];
    }
    rows_side_by_side(z, l.units, label, loss, d, index);
    for (int64_t i = 0; i < some; ++i) {
      for (int64_t k = 0; k < l.units; ++k) l.derivative[(first + i) * l.width + k] = d[k][i] / count;
      sums[0] += loss[i];
      sums[1] += index[i] == label[i];
    }
  }
}

template <typename T>
INLINE void losses(Layer<T>& l, const std::vector<int32_t>& labels, double* sums) {
  if (l.units <= FEW_CLASSES) return losses_of_few_classes(l, labels, sums);
  const int64_t rows = labels.size();
  const T count = static_cast<T>(rows);
  for (int64_t i = 0; i < rows; ++i) {
    const T* z = l.outputs + i * l.width;
    T loss, *d = l.derivative + i * l.width;
    one_row(z, l.units, labels[i], &loss, d);
    sums[0] += loss;
    sums[1] += index_of_largest(z, l.units) == labels[i];
#pragma omp simd
    for (int64_t j = 0; j < l.width; ++j) d[j] /= count;
  }
}

template <int BYTES, typename T>
INLINE void differentiate(const T* x, const std::vector<int32_t>& labels, std::vector<Layer<T>>& layers, double* sums) {
  const int64_t rows = labels.size();
  const size_t last = layers.size() - 1;
  const auto inputs = [&](size_t i) {
    return i ? View<T>{layers[i - 1].outputs, layers[i - 1].width, 1} : View<T>{x, layers[0].inputs, 1};
  };
  for (size_t i = 0; i <= last; ++i) forward<BYTES>(inputs(i), layers[i], rows);
  losses(layers[last], labels, sums);
  for (size_t i = last; i > 0; --i) backward<BYTES>(layers[i], layers[i - 1], rows);
  for (size_t i = 0; i <= last; ++i) sum_rows<BYTES>(inputs(i), layers[i], rows);
}
