// What test_each_once.py compiles: units of work in threads of each_once.h, for pools that are busy in several ways.
#include "each_once.h"

#include <functional>
#include <thread>
#include <vector>

// counts[unit] += 1 and highest[thread] = 1. pool: 0 has a thread for each function, 1 runs them at once, 2 runs them
// after all, 3 never.
extern "C" void each_once_in(int64_t units, int64_t threads, int pool, int64_t* counts, int64_t* seen) {
  std::vector<std::thread> running;
  std::vector<std::function<void()>> late;
  const auto schedule = [&](std::function<void()> call) {
    if (pool == 0) running.emplace_back(call);
    if (pool == 1) call();
    if (pool == 2) late.push_back(call);
  };
  each_once(units, threads, schedule, [&](int64_t unit, int64_t thread) {
    counts[unit] += 1;
    seen[thread] = 1;
  });
  for (auto& call : late) call();
  for (auto& thread : running) thread.join();
}
