// The rows of an epoch, and how those of a batch are gathered. It needs no header of TensorFlow's.
#pragma once

#include <algorithm>

#include "mlp_network.h"

template <typename T>
struct Rows {
  const T* x;              // [count, features]
  const int32_t* labels;   // [count], of a softmax; the others:
  const double* targets;   // [count, outputs]
  const double* weights;   // [count], or null
  const bool* counted;     // [count], or null
  int64_t count, features, outputs;
};

// What is wrong with a row: "what in [0, end), got got in row row"; nothing if there is no `what`.
struct Fault {
  const char* what = nullptr;
  int64_t end = 0, got = 0, row = -1;
};

// Copies a row to the batch as its i-th; returns what is wrong with it. The copy of a label is what is checked and used,
// since memory that others share could change.
template <typename T>
Fault take_row(const Rows<T>& rows, int32_t row, int64_t i, Network<T>& n) {
  if (row < 0 || row >= rows.count) return {"order must hold indices", rows.count, row};
  Batch& batch = n.batch;
  if (n.loss == Loss::SOFTMAX) {
    const int32_t label = batch.labels[i] = *const_cast<const volatile int32_t*>(rows.labels + row);
    if (label < 0 || label >= rows.outputs) return {"labels must be", rows.outputs, label, row};
  } else {
    std::copy_n(rows.targets + row * rows.outputs, rows.outputs, &batch.targets[i * rows.outputs]);
  }
  if (rows.counted) batch.counted[i] = rows.counted[row];
  if (rows.weights || rows.counted) {
    batch.weights[i] = rows.counted && !batch.counted[i] ? 0 : rows.weights ? rows.weights[row] : 1;
  }
  std::copy_n(rows.x + row * rows.features, rows.features, n.x + i * rows.features);
  return {};
}

// Copies the rows of a batch; returns what is wrong with the first bad one.
template <typename T>
Fault gather(const Rows<T>& rows, const int32_t* order, int64_t count, Network<T>& n) {
  Batch& batch = n.batch;
  batch.rows = count;
  if (n.loss == Loss::SOFTMAX) batch.labels.resize(count);
  else batch.targets.resize(count * rows.outputs + 1);
  if (rows.counted) batch.counted.resize(count);
  if (rows.weights || rows.counted) batch.weights.resize(count);
  for (int64_t i = 0; i < count; ++i) {
    const Fault fault = take_row(rows, *const_cast<const volatile int32_t*>(order + i), i, n);
    if (fault.what) return fault;
  }
  return {};
}
