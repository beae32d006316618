// The steps that a member of an ensemble, or a network, takes in an epoch. It needs no header of TensorFlow's.
#pragma once

#include <algorithm>

#include "mlp_epoch.h"

// Calls move(variable, its member's first number, layer, rows, array) for each array of parameters that is kept.
template <typename T, typename Move>
void each_array(const Epoch<T>& e, Network<T>& n, int64_t member, const Move& move) {
  const int64_t parameters = 2 * n.layers.size();
  for (int64_t i = 0; i < parameters; ++i) {
    Layer<T>& l = n.layers[i / 2];
    const Parameter<T>& each = i % 2 ? l.bias : l.kernel;
    const int64_t rows = i % 2 ? 1 : l.inputs, first = member * rows * l.units;
    move(i, first, l, rows, each.p);
    for (size_t j = 0; j < e.slots.size(); ++j) move((j + 1) * parameters + i, first, l, rows, each.slots[e.slots[j]]);
  }
}

template <typename T>
COLD void begin(const Epoch<T>& e, int64_t member, Network<T>& n) {
  const int64_t layers = n.layers.size();
  for (int64_t i = 0; i < layers; ++i) {
    Layer<T>& l = n.layers[i];
    for (Parameter<T>* each : {&l.kernel, &l.bias}) {
      const int64_t rows = each == &l.kernel ? l.inputs : 1;
      for (T* slot : each->slots) std::fill_n(slot, rows * l.width, T(0));
      const double* factors = e.factors + 3 * (2 * (member * layers + i) + (each == &l.bias));
      each->decay = factors[0], each->l1 = factors[1], each->l2 = factors[2];
    }
    if (i + 1 == layers) break;
    const int64_t place = member * (layers - 1) + i;
    const double rate = e.dropout[place];
    l.drops = rate > 0, l.kept = static_cast<T>(1 - rate), l.least = static_cast<uint32_t>(rate * 0x1p32);
    l.seed = static_cast<uint32_t>(e.seeds[place]);
  }
  each_array(e, n, member, [&](int64_t i, int64_t first, const Layer<T>& l, int64_t rows, T* to) {
    widen(e.state[i] + first, rows, l.units, l.width, to);
  });
  std::fill_n(n.sums, 2, 0);
}

template <typename T>
Fault train(const Epoch<T>& e, int64_t member, Network<T>& n) {
  begin(e, member, n);
  for (int64_t i = 0; i < e.steps; ++i) {
    const int64_t first = i * e.batch_size;
    const int32_t* order = e.order + member * e.count + first;
    const Fault fault = gather(e.rows, order, std::min(e.batch_size, e.count - first), n);
    if (fault.what) return fault;
    for (Layer<T>& l : n.layers) l.bits_key = hash_of(l.seed, hash_of(e.number, static_cast<uint32_t>(i)));
    step(n, Step<T>(e.method, e.rates[member * e.steps + i], e.constants, e.t + i + 1));
  }
  each_array(e, n, member, [&](int64_t i, int64_t first, const Layer<T>& l, int64_t rows, const T* from) {
    narrow(from, rows, l.units, l.width, e.new_state[i] + first);
  });
  return {};
}
