// A network at work: its arrays in one piece of memory; parameters are loaded, change in steps, and are stored again.
// It needs no header of TensorFlow's.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "adam_update.h"
#include "mlp.h"

namespace {

// Allocates arrays in one piece of memory, one after the other; without memory, counts what is needed, `MOST` at most.
template <typename T>
class Room {
 public:
  static constexpr int64_t MOST = int64_t{1} << 60;

  explicit Room(T* data) : data_(data) {}
  T* take(int64_t rows, int64_t columns = 1) {
    T* array = data_ ? data_ + used_ : nullptr;
    int64_t numbers = 0;
    const bool too_many = __builtin_mul_overflow(rows, columns, &numbers) || numbers >= MOST;
    used_ = too_many ? MOST : std::min(MOST, used_ + whole<T>(numbers));
    return array;
  }
  int64_t used() const { return used_; }

 private:
  T* data_;
  int64_t used_ = 0;
};

// Everything that a step works on.
template <typename T>
struct Network {
  std::vector<Layer<T>> layers;
  std::vector<int32_t> labels;  // of the batch
  T* x;                         // of the batch: [batch, features]
  double sums[2];

  // widths: features, then the units of each layer. activations: of all layers but the last. rows: of a batch, at most.
  Network(const std::vector<int64_t>& widths, const std::vector<Activation>& activations, int64_t rows, Room<T>& room)
      : x(room.take(rows, widths[0])) {
    for (size_t i = 1; i < widths.size(); ++i) {
      const Activation activation = i <= activations.size() ? activations[i - 1] : Activation::NONE;
      layers.push_back(placed(widths[i - 1], widths[i], activation, rows, room));
    }
  }

 private:
  static Layer<T> placed(int64_t inputs, int64_t units, Activation activation, int64_t rows, Room<T>& room) {
    const int64_t width = whole<T>(units), input_width = whole<T>(inputs);
    Layer<T> l = {inputs, units, width, input_width};
    for (T** array : {&l.kernel.p, &l.kernel.m, &l.kernel.v, &l.kernel.sums, &l.kernel.part}) {
      *array = room.take(inputs, width);
    }
    for (T** array : {&l.bias.p, &l.bias.m, &l.bias.v, &l.bias.sums, &l.bias.part}) *array = room.take(width);
    l.turned_kernel = room.take(units, input_width);
    l.outputs = room.take(rows, width), l.derivative = room.take(rows, width);
    l.activation = activation, l.slopes = room.take(activation == Activation::GELU ? rows : 0, width);
    return l;
  }
};

// [rows, units] to and from the [rows, width] of a layer. Without units there may be 2³¹ rows.
template <typename T>
void widen(const T* from, int64_t rows, int64_t units, int64_t width, T* to) {
  std::fill_n(to, rows * width, T(0));
  for (int64_t i = 0; units && i < rows; ++i) std::copy_n(from + i * units, units, to + i * width);
}

template <typename T>
void narrow(const T* from, int64_t rows, int64_t units, int64_t width, T* to) {
  for (int64_t i = 0; units && i < rows; ++i) std::copy_n(from + i * width, units, to + i * units);
}

// Calls move(variable, numbers before the member's, layer, rows, array) for each array of parameters, where the
// variables are kernel and bias of each layer: all p, then all m, then all v.
template <typename T, typename Move>
void each_array(const Network<T>& n, int64_t member, const Move& move) {
  const int64_t layers = n.layers.size();
  for (int64_t i = 0; i < layers; ++i) {
    const Layer<T>& l = n.layers[i];
    T* const arrays[] = {l.kernel.p, l.bias.p, l.kernel.m, l.bias.m, l.kernel.v, l.bias.v};
    for (int64_t j = 0; j < 6; ++j) {
      const int64_t rows = j % 2 ? 1 : l.inputs;
      move(2 * (j / 2 * layers + i) + j % 2, member * rows * l.units, l, rows, arrays[j]);
    }
  }
}

template <int BYTES, typename T>
INLINE void step_of(Network<T>& n, const Rule<T>& rule) {
  differentiate<BYTES>(static_cast<const T*>(n.x), n.labels, n.layers, n.sums);
  for (Layer<T>& l : n.layers) {
    const Parameter<T>&k = l.kernel, &b = l.bias;
    update<T>({k.p, k.m, k.v, k.sums, k.p, k.m, k.v}, 0, l.inputs * l.width, rule);
    update<T>({b.p, b.m, b.v, b.sums, b.p, b.m, b.v}, 0, l.width, rule);
  }
}

// As WIDE in wide.h, but each with its own vector size, and with fused multiply-add from AVX2 on.
#define STEP(name, bytes, ...)                                                                                   \
  __VA_ARGS__ void name(Network<float>& n, const Rule<float>& rule) { step_of<bytes>(n, rule); }       \
  __VA_ARGS__ void name(Network<double>& n, const Rule<double>& rule) { step_of<bytes>(n, rule); }
STEP(step_16, 16, )
#ifdef MANY_WIDTHS
STEP(step_32, 32, __attribute__((target("avx2,fma"))))
STEP(step_64, 64, __attribute__((target("avx512f"))))
#endif
#undef STEP

template <typename T>
void step(Network<T>& n, const Rule<T>& rule) {
#ifdef MANY_WIDTHS
  if (__builtin_cpu_supports("avx512f")) return step_64(n, rule);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return step_32(n, rule);
#endif
  step_16(n, rule);
}

}  // namespace
