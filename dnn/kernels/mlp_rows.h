// The rows of an epoch, in the memory of tensors. Each index and label is read once where it is used: shared memory could
// change after a check.
#pragma once

#include <algorithm>
#include <vector>

#include "tensorflow/core/framework/bounds_check.h"
#include "tensorflow/core/framework/op_kernel.h"

#include "mlp_network.h"

namespace {

using namespace tensorflow;

template <typename T>
struct Rows {
  const T* x;             // [count, features]
  const int32_t* labels;  // [count]
  int64_t count, features, classes;
};

// What is wrong with a row of this index.
template <typename T>
absl::Status Check(const Rows<T>& rows, int32_t row) {
  if (row < 0 || row >= rows.count) {
    return absl::InvalidArgumentError(absl::StrCat("order must hold indices in [0, ", rows.count, "), got ", row));
  }
  const int32_t label = internal::SubtleMustCopy(rows.labels[row]);
  if (label < 0 || label >= rows.classes) {
    return absl::InvalidArgumentError(
        absl::StrCat("labels must be in [0, ", rows.classes, "), got ", label, " in row ", row));
  }
  return absl::OkStatus();
}

// How many batches come before the first bad row, at most `steps`; then *bad says what is wrong with it.
template <typename T>
int64_t StepsBefore(const Rows<T>& rows, const int32_t* order, int64_t count, int64_t batch_size, int64_t steps,
                    absl::Status* bad) {
  for (int64_t i = 0; i < count; ++i) {
    const absl::Status status = Check(rows, internal::SubtleMustCopy(order[i]));
    if (status.ok()) continue;
    if (i / batch_size < steps) *bad = status;
    return std::min(steps, i / batch_size);
  }
  return steps;
}

// Copies the rows of a batch; false if one is bad.
template <typename T>
bool Gather(const Rows<T>& rows, const int32_t* order, int64_t count, Network<T>& n) {
  n.labels.clear();
  for (int64_t i = 0; i < count; ++i) {
    const int32_t row = internal::SubtleMustCopy(order[i]);
    if (row < 0 || row >= rows.count) return false;
    n.labels.push_back(internal::SubtleMustCopy(rows.labels[row]));
    if (n.labels.back() < 0 || n.labels.back() >= rows.classes) return false;
    std::copy_n(rows.x + row * rows.features, rows.features, n.x + i * rows.features);
  }
  return true;
}

}  // namespace
