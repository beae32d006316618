// What step_limit.py compiles: a step of MlpAdam, and how fast one core multiplies and adds.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>
#include <vector>

#include "mlp_network.h"

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

template <typename Run>
double least(int64_t repeats, const Run& run) {
  double seconds = 1e9;
  for (int64_t i = 0; i < repeats; ++i) {
    const double before = now();
    run();
    seconds = std::min(seconds, now() - before);
  }
  return seconds;
}

// Multiply-adds of `SUMS` vectors that stay in registers, each of them after the last one of its own.
#ifdef __aarch64__
#define KEPT "+w"
#else
#define KEPT "+v"
#endif
constexpr int SUMS = 10, ROUNDS = 2000;

void multiply_and_add() {
  typedef float V __attribute__((vector_size(VECTOR_BYTES)));
  V a = V{} + 0.999f, b = V{} + 0.001f, s0 = b, s1 = b, s2 = b, s3 = b, s4 = b, s5 = b, s6 = b, s7 = b, s8 = b, s9 = b;
  for (int i = 0; i < ROUNDS; ++i) {
    s0 = s0 * a + b, s1 = s1 * a + b, s2 = s2 * a + b, s3 = s3 * a + b, s4 = s4 * a + b;
    s5 = s5 * a + b, s6 = s6 * a + b, s7 = s7 * a + b, s8 = s8 * a + b, s9 = s9 * a + b;
    asm volatile("" : KEPT(s0), KEPT(s1), KEPT(s2), KEPT(s3), KEPT(s4));  // else it would not be computed
    asm volatile("" : KEPT(s5), KEPT(s6), KEPT(s7), KEPT(s8), KEPT(s9));
  }
}

}  // namespace

// Multiply-adds of float32 in a second, at most, with the vectors that it is compiled for.
extern "C" double multiply_adds(int64_t repeats) {
  return ROUNDS * SUMS * VECTOR_BYTES / sizeof(float) / least(repeats, multiply_and_add);
}

// Seconds of a step, at least. widths: features, then the units of each layer. activation: its number in activations.h.
extern "C" double step_seconds(const int64_t* widths, int64_t count, int64_t activation, int64_t rows, int64_t repeats) {
  const std::vector<int64_t> sizes(widths, widths + count);
  Room<float> counted(nullptr);
  const std::vector<Activation> activations(count - 2, static_cast<Activation>(activation));
  Network<float> sketch(sizes, activations, Loss::SOFTMAX, rows, counted);
  std::vector<float> memory(counted.used() + 16);
  Room<float> room(memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) / sizeof(float) % 16);
  Network<float> n(sizes, activations, Loss::SOFTMAX, rows, room);
  std::mt19937 random(0);
  std::normal_distribution<float> normal;
  for (int64_t i = 0; i < rows * sizes[0]; ++i) n.x[i] = normal(random);
  n.batch.rows = rows;
  for (int64_t i = 0; i < rows; ++i) n.batch.labels.push_back(random() % sizes.back());
  for (Layer<float>& l : n.layers) {
    l.kept = 1;
    for (int64_t i = 0; i < l.inputs * l.width; ++i) l.kernel.p[i] = i % l.width < l.units ? normal(random) / 8 : 0;
  }
  const double constants[] = {0.9, 0.999, 0.1, 0.001, 1e-7};
  const Step<float> numbers(Method::ADAM, 1e-4, constants, 1000);
  return least(repeats, [&] { step(n, numbers); });
}
