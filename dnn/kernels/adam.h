// Adam's update, and how an op changes variables: what the optimizers' kernels share.
//
// Everything is checked before anything is written, and all variables are locked meanwhile: a step is taken whole, or
// not at all.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/resource_mgr.h"
#include "tensorflow/core/framework/resource_var.h"

#include "adam_update.h"

namespace {

using namespace tensorflow;

template <typename T>
struct Numbers : Rule<T> {
  Numbers(const T* rule, int64_t t) : Rule<T>{0, rule[3], rule[4], rule[5]} {
    const T steps = static_cast<T>(t);  // Eigen's pow is TensorFlow's, to the last bit
    this->alpha = rule[0] * std::sqrt(1 - Eigen::numext::pow(rule[2], steps)) / (1 - Eigen::numext::pow(rule[1], steps));
  }
};

using Variables = std::vector<core::RefCountPtr<Var>>;
using Locks = std::vector<std::unique_ptr<mutex_lock>>;

// In the order of their addresses, so that two concurrent steps cannot wait for each other.
inline absl::Status Lock(const Variables& variables, Locks* locks) {
  std::vector<Var*> ordered;
  for (const auto& variable : variables) ordered.push_back(variable.get());
  std::sort(ordered.begin(), ordered.end());
  if (std::adjacent_find(ordered.begin(), ordered.end()) != ordered.end()) {
    return absl::InvalidArgumentError("a variable is given twice among p, m, v and t");
  }
  for (Var* variable : ordered) locks->push_back(std::make_unique<mutex_lock>(*variable->mu()));
  return absl::OkStatus();
}

// A copy of t, since a reader may still hold the old tensor; `more` steps can be added to it.
inline absl::Status Counter(OpKernelContext* context, const Tensor& t, int64_t more, Tensor* counter) {
  if (!t.IsInitialized() || t.dtype() != DT_INT64 || t.dims() != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("t must be an int64 scalar, got ", DataTypeString(t.dtype()), " ", t.shape().DebugString()));
  }
  const int64_t steps = t.scalar<int64_t>()();
  if (steps < 0 || steps > std::numeric_limits<int64_t>::max() - more) {
    return absl::InvalidArgumentError(absl::StrCat("t must be in [0, 2^63 - ", more, "), got ", steps));
  }
  TF_RETURN_IF_ERROR(context->allocate_temp(DT_INT64, TensorShape({}), counter));
  counter->scalar<int64_t>()() = steps;
  return absl::OkStatus();
}

// Where to write: into the variable's own buffer, or, if a reader still holds it, into a new one.
inline absl::Status Prepare(OpKernelContext* context, Var& variable, DataType dtype, const TensorShape& shape,
                            int index, Tensor* written) {
  const Tensor& old = *variable.tensor();
  if (!old.IsInitialized() && old.NumElements() > 0) {
    return absl::FailedPreconditionError(absl::StrCat("parameter ", index, " or a slot of it has no value yet"));
  }
  if (old.dtype() != dtype || old.shape() != shape) {
    return absl::InvalidArgumentError(absl::StrCat(
        "gradient ", index, " must match its parameter and slots, ", DataTypeString(old.dtype()), " ",
        old.shape().DebugString(), ", got ", DataTypeString(dtype), " ", shape.DebugString()));
  }
  if (old.RefCountIsOne()) {
    *written = old;
    return absl::OkStatus();
  }
  return context->allocate_temp(old.dtype(), old.shape(), written);
}

}  // namespace
