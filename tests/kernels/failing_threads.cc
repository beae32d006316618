// What test_threads.py runs: an epoch of six members in four threads, of which there is no second one ("none"), or whose
// memory is at an end in all but the caller ("memory").
#include <dlfcn.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "mlp_members.h"
#include "mlp_train.h"

bool none = false, memory = false;
std::atomic<bool> begun{false}, failed{false};
thread_local bool others = true;

void* operator new(size_t size) {
  if (memory && begun && others) {
    failed = true;
    throw std::bad_alloc();
  }
  while (memory && begun && !failed) std::this_thread::yield();  // the caller must not do all before the others begin
  return std::malloc(size);
}
void operator delete(void* data) noexcept { std::free(data); }
void operator delete(void* data, size_t) noexcept { std::free(data); }

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* how, void* (*function)(void*), void* data) {
  if (none && begun) return EAGAIN;
  begun = true;
  using Create = int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  return reinterpret_cast<Create>(dlsym(RTLD_NEXT, "pthread_create"))(thread, how, function, data);
}

int main(int, char** arguments) {
  others = false, none = !std::strcmp(arguments[1], "none"), memory = !std::strcmp(arguments[1], "memory");
  constexpr int MEMBERS = 6, ROWS = 80, STEPS = 10;
  std::vector<float> x(ROWS * 3, 0.5f), kernel(MEMBERS * 6, 0.1f), bias(MEMBERS * 2), new_kernel(kernel), new_bias(bias);
  std::vector<int32_t> labels(ROWS, 1), order(MEMBERS * ROWS);
  for (size_t i = 0; i < order.size(); ++i) order[i] = i % ROWS;
  std::vector<double> rates(MEMBERS * STEPS, 0.1), constants(CONSTANTS, 0.5), factors(MEMBERS * 6);
  Epoch<float> e = {};
  e.rows = {x.data(), labels.data(), nullptr, nullptr, nullptr, ROWS, 3, 2};
  e.widths = {3, 2}, e.state = {kernel.data(), bias.data()}, e.new_state = {new_kernel.data(), new_bias.data()};
  e.order = order.data(), e.rates = rates.data(), e.constants = constants.data(), e.factors = factors.data();
  e.members = MEMBERS, e.count = ROWS, e.batch_size = ROWS / STEPS, e.steps = STEPS, e.threads = 4;
  double sums[2] = {};
  try {
    const Fault fault = run(e, sums);
    std::printf("%.17g %g %s", sums[0], sums[1], fault.what ? fault.what : "");
  } catch (const std::bad_alloc&) {
    std::printf("no memory");
  }
}
