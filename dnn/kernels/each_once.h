// Units of work, each done once, by the calling thread and others of a pool. It needs no header of TensorFlow's.
//
// The caller takes units like the others, and in the end waits only for those that another thread has begun. So it never
// waits for a thread to become free: there can be no dead-lock, also on one core, or where it belongs to the pool itself.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

// Calls work(unit, thread) for each unit < units; `thread` < threads is another number in each thread, 0 the caller's.
// schedule(function): has a thread of the pool call the function, at any time.
template <typename Schedule, typename Work>
void each_once(int64_t units, int64_t threads, const Schedule& schedule, const Work& work) {
  struct Shared {
    std::atomic<int64_t> next{0};
    int64_t done = 0;
    std::mutex mutex;
    std::condition_variable all_done;
  };
  const auto shared = std::make_shared<Shared>();  // a function that the pool calls late finds it, and no unit left
  const auto take = [shared, units, &work](int64_t thread) {
    for (int64_t unit; (unit = shared->next.fetch_add(1)) < units;) {
      work(unit, thread);
      const std::lock_guard<std::mutex> lock(shared->mutex);
      if (++shared->done == units) shared->all_done.notify_one();
    }
  };
  for (int64_t thread = 1; thread < std::min(units, threads); ++thread) schedule([take, thread] { take(thread); });
  take(0);
  std::unique_lock<std::mutex> lock(shared->mutex);
  shared->all_done.wait(lock, [&] { return shared->done == units; });
}
