// The members of an ensemble, or a network as one of them, one after the other in each thread. It needs no header of
// TensorFlow's.
//
// The data of a small step stays in the first caches, and its arithmetic takes less time than TensorFlow needs
// to run a hundred operations, or to hand one to a thread. So one thread does it all; of an ensemble, all steps of a
// member. Each works on copies of the parameters, so no two threads write into one line of a cache.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <new>
#include <thread>
#include <vector>

#include "mlp_epoch.h"

namespace {

// Numbers between two whole vectors, all 0.
template <typename T>
struct Memory {
  explicit Memory(int64_t size)
      : data(static_cast<T*>(std::aligned_alloc(WIDEST_VECTOR, sizeof(T) * std::max<int64_t>(size, 16)))) {
    if (!data) throw std::bad_alloc();
    std::fill_n(data, size, T(0));
  }
  Memory(const Memory&) = delete;
  ~Memory() { std::free(data); }
  T* const data;
};

// Trains all members, and adds their sums in their order, whatever thread was first; returns what is wrong.
template <typename T>
Fault run(const Epoch<T>& e, double* sums) {
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
  place(Room<T>(memory.data));
  std::vector<double> sums_of(2 * e.members);
  std::vector<Fault> faults(e.members);
  std::atomic<int64_t> next{0};
  std::vector<std::exception_ptr> failures(networks.size());  // of each thread, which must let none out
  const auto take = [&](size_t place) {
    try {
      for (int64_t i; (i = next++) < e.members;) {
        faults[i] = train(e, i, networks[place]);
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
  for (const Fault& each : faults) {
    if (each.what) return each;
  }
  std::fill_n(sums, 2, 0);
  for (size_t i = 0; i < sums_of.size(); ++i) sums[i % 2] += sums_of[i];
  return {};
}

}  // namespace
