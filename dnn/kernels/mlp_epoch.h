// An epoch of a multilayer perceptron or of an ensemble of them, a member after the other in each thread. It needs no
// header of TensorFlow's.
//
// The data of a small step stays in the first caches, and its arithmetic takes less time than TensorFlow needs
// to run a hundred operations, or to hand one to a thread. So one thread does it all; of an ensemble, all steps of a
// member. Each works on copies of the parameters, so no two threads write into one line of a cache.
#pragma once

#include <atomic>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "mlp_network.h"
#include "mlp_rows.h"

namespace {

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

// Numbers between two whole vectors, all 0.
template <typename T>
struct Memory {
  explicit Memory(int64_t size)
      : data(static_cast<T*>(std::aligned_alloc(WIDEST_VECTOR, sizeof(T) * std::max<int64_t>(size, 16))), std::free) {
    if (!data) throw std::bad_alloc();
    std::fill_n(data.get(), size, T(0));
  }
  std::unique_ptr<T, void (*)(void*)> data;
};

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

// The steps of a member; returns what is wrong with the first bad row, before whose batch they end.
template <typename T>
std::string train(const Epoch<T>& e, int64_t member, Network<T>& n) {
  begin(e, member, n);
  for (int64_t i = 0; i < e.steps; ++i) {
    const int64_t first = i * e.batch_size;
    const std::string wrong =
        gather(e.rows, e.order + member * e.count + first, std::min(e.batch_size, e.count - first), n);
    if (!wrong.empty()) return wrong;
    for (Layer<T>& l : n.layers) l.bits_key = hash_of(l.seed, hash_of(e.number, static_cast<uint32_t>(i)));
    step(n, Step<T>(e.method, e.rates[member * e.steps + i], e.constants, e.t + i + 1));
  }
  each_array(e, n, member, [&](int64_t i, int64_t first, const Layer<T>& l, int64_t rows, const T* from) {
    narrow(from, rows, l.units, l.width, e.new_state[i] + first);
  });
  return "";
}

// Trains all members, and adds their sums in their order, whatever thread was first; returns what is wrong.
template <typename T>
std::string run(const Epoch<T>& e, double* sums) {
  std::vector<Network<T>> networks;
  const int64_t rows = e.rows.count ? std::min(e.batch_size, e.count) : 0;  // without any, x may be wider than any memory
  const auto place = [&](Room<T> room) {
    networks.clear();
    for (int64_t i = 0; i < std::max<int64_t>(1, std::min(e.members, e.threads)); ++i) {
      networks.emplace_back(e.widths, e.activations, e.loss, rows, room);
    }
    return room.used();
  };
  const int64_t used = place(Room<T>(nullptr));
  if (used == Room<T>::MOST) throw std::bad_alloc();
  const Memory<T> memory(used);
  place(Room<T>(memory.data.get()));
  std::vector<double> sums_of(2 * e.members);
  std::vector<std::string> wrong(e.members);
  std::atomic<int64_t> next{0};
  std::vector<std::exception_ptr> failures(networks.size());  // of each thread, which must let none out
  const auto take = [&](size_t place) {
    try {
      for (int64_t i; (i = next++) < e.members;) {
        wrong[i] = train(e, i, networks[place]);
        std::copy_n(networks[place].sums, 2, &sums_of[2 * i]);
      }
    } catch (...) {
      failures[place] = std::current_exception();
    }
  };
  std::vector<std::thread> threads;  // they have the caller's treatment of numbers below the normal ones
  threads.reserve(networks.size());
  try {
    for (size_t i = 1; i < networks.size(); ++i) threads.emplace_back(take, i);
  } catch (...) {  // no more threads are to be had: those there are do all
  }
  take(0);
  for (std::thread& each : threads) each.join();
  for (const std::exception_ptr& each : failures) {
    if (each) std::rethrow_exception(each);
  }
  for (const std::string& each : wrong) {
    if (!each.empty()) return each;
  }
  std::fill_n(sums, 2, 0);
  for (size_t i = 0; i < sums_of.size(); ++i) sums[i % 2] += sums_of[i];
  return "";
}

}  // namespace
