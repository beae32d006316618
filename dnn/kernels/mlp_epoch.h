// What an epoch of a multilayer perceptron is given, or of an ensemble of them. It needs no header of TensorFlow's.
#pragma once

#include <vector>

#include "mlp_network.h"
#include "mlp_rows.h"

// What an epoch is given. Arrays of members have their axis in front, also of a network: of one member.
template <typename T>
struct Epoch {
  Rows<T> rows;
  Loss loss;
  Method method;
  std::vector<int64_t> widths;          // features, then the units of each layer
  std::vector<Activation> activations;  // of all layers but the last
  std::vector<int64_t> slots;           // which of the method's are kept between epochs
  std::vector<const T*> state;          // all p, then all of each slot: kernel and bias of each layer
  std::vector<T*> new_state;
  const int32_t *order, *seeds;         // [members, count], [members, layers − 1]
  const double *dropout;                // [members, layers − 1]
  const double *rates, *constants;      // [members, steps], [CONSTANTS]
  const double *factors;                // [members, parameters, 3]: λ, l1, l2
  int64_t members, count, batch_size, steps, t, threads;
  int32_t number;                       // of the epoch
};

// The steps of a member; returns what is wrong with the first bad row, before whose batch they end. In mlp_train.h.
template <typename T>
Fault train(const Epoch<T>& e, int64_t member, Network<T>& n);
