// A network at work: its arrays in one piece of memory; parameters are loaded, change in steps, and are stored again.
// It needs no header of TensorFlow's.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "mlp.h"

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
  Loss loss;
  Batch batch;
  T* x;  // of the batch: [batch, features]
  double sums[2];

  // widths: features, then the units of each layer. activations: of all layers but the last. rows: of a batch, at most.
  COLD Network(const std::vector<int64_t>& widths, const std::vector<Activation>& activations, Loss loss, int64_t rows,
               Room<T>& room)
      : loss(loss), x(room.take(rows, widths[0])) {
    for (size_t i = 1; i < widths.size(); ++i) {
      const Activation activation = i <= activations.size() ? activations[i - 1] : Activation::NONE;
      layers.push_back(placed(widths[i - 1], widths[i], activation, rows, room));
    }
  }

 private:
  static Layer<T> placed(int64_t inputs, int64_t units, Activation activation, int64_t rows, Room<T>& room) {
    const int64_t width = whole<T>(units), input_width = whole<T>(inputs);
    Layer<T> l = {inputs, units, width, input_width};
    l.kernel = parameter(inputs, width, room), l.bias = parameter(1, width, room);
    l.turned_kernel = room.take(units, input_width), l.turned_part = room.take(units, input_width);
    l.outputs = room.take(rows, width), l.derivative = room.take(rows, width);
    l.activation = activation, l.slopes = room.take(keeps_slopes(activation) ? rows : 0, width);
    return l;
  }

  static Parameter<T> parameter(int64_t rows, int64_t width, Room<T>& room) {
    Parameter<T> made = {};
    for (T** array : {&made.p, &made.slots[0], &made.slots[1], &made.slots[2], &made.sums, &made.part}) {
      *array = room.take(rows, width);
    }
    return made;
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

// One step, by what the method says; adds its losses, with what the penalties add to each row, and scores to the sums.
template <typename T>
void step(Network<T>& n, const Step<T>& step) {
  differentiate(static_cast<const T*>(n.x), n.loss, n.batch, n.layers, n.sums);
  double penalty = 0;
  for (Layer<T>& l : n.layers) {
    for (const Parameter<T>* each : {&l.kernel, &l.bias}) {
      const int64_t size = (each == &l.kernel ? l.inputs : 1) * l.width;
      if (each->l1 > 0 || each->l2 > 0) penalty += penalize(each->p, each->l1, each->l2, size, each->sums);
      if (each->decay > 0) decay(each->p, static_cast<T>(each->decay), step.rate, size);
      update(step, each->p, each->slots, each->sums, size);
    }
  }
  n.sums[0] += penalty * n.batch.counts();
}
