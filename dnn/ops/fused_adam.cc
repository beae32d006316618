// Adam for all parameters in one call. See fused_adam.py.
//
//   t ← t + 1,  m ← m + (g − m)(1 − β₁),  v ← v + (g² − v)(1 − β₂),  p ← p − m α / (√v + ε)
//   with α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ)
//
// Each of p, m, v, g is read once, and p, m, v are written once; op by op, TensorFlow makes some ten passes.
// All is checked before anything is written, and all variables are locked meanwhile: a step is taken whole, or not.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/resource_mgr.h"
#include "tensorflow/core/framework/resource_var.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "tensorflow/core/util/work_sharder.h"

#include "wide.h"

namespace {

using namespace tensorflow;

REGISTER_OP("DnnFusedAdam")
    .Input("p: N * resource")
    .Input("m: N * resource")
    .Input("v: N * resource")
    .Input("t: resource")
    .Input("g: N * T")
    .Input("rule: T")  // η, β₁, β₂, 1 − β₁, 1 − β₂, ε
    .Attr("N: int >= 1")
    .Attr("T: {float, double}")
    .SetIsStateful()
    .SetShapeFn([](shape_inference::InferenceContext* c) {
      shape_inference::ShapeHandle rule;
      TF_RETURN_IF_ERROR(c->WithRank(c->input(c->num_inputs() - 1), 1, &rule));
      shape_inference::DimensionHandle six;
      return c->WithValue(c->Dim(rule, 0), 6, &six);
    });

template <typename T>
struct Numbers {
  T alpha, toward_1, toward_2, epsilon;

  Numbers(const T* rule, int64_t t) : toward_1(rule[3]), toward_2(rule[4]), epsilon(rule[5]) {
    const T steps = static_cast<T>(t);  // Eigen's pow: TensorFlow's own, to the last bit
    alpha = rule[0] * std::sqrt(1 - Eigen::numext::pow(rule[2], steps)) / (1 - Eigen::numext::pow(rule[1], steps));
  }
};

// What is updated of one parameter: read from one place and written to another, or the same.
template <typename T>
struct Slices {
  const T *p, *m, *v, *g;
  T *new_p, *new_m, *new_v;
};

template <typename T>
INLINE void update(const Slices<T>& s, int64_t first, int64_t end, const Numbers<T>& n) {
#pragma omp simd
  for (int64_t i = first; i < end; ++i) {
    const T g = s.g[i];
    const T m = s.m[i] + (g - s.m[i]) * n.toward_1;
    const T v = s.v[i] + (g * g - s.v[i]) * n.toward_2;
    s.new_m[i] = m;
    s.new_v[i] = v;
    s.new_p[i] = s.p[i] - m * n.alpha / (std::sqrt(v) + n.epsilon);
  }
}

WIDE void run(const Slices<float>& s, int64_t first, int64_t end, const Numbers<float>& n) { update(s, first, end, n); }

WIDE void run(const Slices<double>& s, int64_t first, int64_t end, const Numbers<double>& n) {
  update(s, first, end, n);
}

using Variables = std::vector<core::RefCountPtr<Var>>;
using Locks = std::vector<std::unique_ptr<mutex_lock>>;

// In the order of their addresses, so that two steps at once cannot wait for each other.
absl::Status Lock(const Variables& variables, Locks* locks) {
  std::vector<Var*> ordered;
  for (const auto& variable : variables) ordered.push_back(variable.get());
  std::sort(ordered.begin(), ordered.end());
  if (std::adjacent_find(ordered.begin(), ordered.end()) != ordered.end()) {
    return absl::InvalidArgumentError("a variable is given twice among p, m, v and t");
  }
  for (Var* variable : ordered) locks->push_back(std::make_unique<mutex_lock>(*variable->mu()));
  return absl::OkStatus();
}

// t + 1, in memory of its own: somebody may have read t and still hold it.
absl::Status Next(OpKernelContext* context, const Tensor& t, Tensor* next) {
  if (!t.IsInitialized() || t.dtype() != DT_INT64 || t.dims() != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("t must be a number of int64, got ", DataTypeString(t.dtype()), " ", t.shape().DebugString()));
  }
  const int64_t steps = t.scalar<int64_t>()();
  if (steps < 0 || steps == std::numeric_limits<int64_t>::max()) {
    return absl::InvalidArgumentError(absl::StrCat("t must be in [0, 2^63 - 1), got ", steps));
  }
  TF_RETURN_IF_ERROR(context->allocate_temp(DT_INT64, TensorShape({}), next));
  next->scalar<int64_t>()() = steps + 1;
  return absl::OkStatus();
}

// Where to write: into the variable's own buffer, or, where somebody has read it and still holds it, into a new one.
absl::Status Prepare(OpKernelContext* context, Var& variable, const Tensor& g, int place, Tensor* written) {
  const Tensor& old = *variable.tensor();
  if (!old.IsInitialized() && old.NumElements() > 0) {
    return absl::FailedPreconditionError(absl::StrCat("parameter ", place, " or a slot of it has no value yet"));
  }
  if (old.dtype() != g.dtype() || old.shape() != g.shape()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "gradient ", place, " must be as its parameter and slots, ", DataTypeString(old.dtype()), " ",
        old.shape().DebugString(), ", got ", DataTypeString(g.dtype()), " ", g.shape().DebugString()));
  }
  if (old.RefCountIsOne()) {
    *written = old;
    return absl::OkStatus();
  }
  return context->allocate_temp(old.dtype(), old.shape(), written);
}

template <typename T>
class FusedAdamOp : public OpKernel {
 public:
  explicit FusedAdamOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("N", &count_));
  }

  void Compute(OpKernelContext* context) override {
    Variables variables(3 * count_ + 1);  // all of p, of m, of v, and t
    for (int i = 0; i <= 3 * count_; ++i) {
      OP_REQUIRES_OK(context, LookupResource(context, HandleFromInput(context, i), &variables[i]));
    }
    Locks locks;
    OP_REQUIRES_OK(context, Lock(variables, &locks));
    std::vector<Tensor> written(3 * count_ + 1);
    OP_REQUIRES_OK(context, PrepareAll(context, variables, &written));
    Step(context, variables, written);
    for (int i = 0; i <= 3 * count_; ++i) *variables[i]->tensor() = written[i];
  }

 private:
  const Tensor& Gradient(OpKernelContext* context, int i) { return context->input(3 * count_ + 1 + i); }
  const Tensor& Rule(OpKernelContext* context) { return context->input(4 * count_ + 1); }

  absl::Status PrepareAll(OpKernelContext* context, const Variables& variables, std::vector<Tensor>* written) {
    const Tensor& rule = Rule(context);
    if (rule.dims() != 1 || rule.NumElements() != 6) {
      return absl::InvalidArgumentError(absl::StrCat("rule must be [6], got ", rule.shape().DebugString()));
    }
    TF_RETURN_IF_ERROR(Next(context, *variables.back()->tensor(), &written->back()));
    for (int i = 0; i < 3 * count_; ++i) {
      const int place = i % count_;
      TF_RETURN_IF_ERROR(Prepare(context, *variables[i], Gradient(context, place), place, &(*written)[i]));
    }
    return absl::OkStatus();
  }

  // By all threads: the numbers of all parameters, one after the other, are cut into parts of one size.
  void Step(OpKernelContext* context, const Variables& variables, std::vector<Tensor>& written) {
    const Tensor& rule = Rule(context);
    const Numbers<T> numbers(rule.flat<T>().data(), written.back().scalar<int64_t>()());
    const auto from = [&](int i) { return const_cast<const Tensor*>(variables[i]->tensor())->flat<T>().data(); };
    const auto to = [&](int i) { return written[i].flat<T>().data(); };
    std::vector<Slices<T>> slices;
    std::vector<int64_t> starts = {0};
    for (int i = 0, m = count_, v = 2 * count_; i < count_; ++i, ++m, ++v) {
      const Tensor& g = Gradient(context, i);
      slices.push_back({from(i), from(m), from(v), g.flat<T>().data(), to(i), to(m), to(v)});
      starts.push_back(starts.back() + g.NumElements());
    }
    const auto& workers = *context->device()->tensorflow_cpu_worker_threads();
    Shard(workers.num_threads, workers.workers, starts.back(), 10, [&](int64_t first, int64_t end) {
      size_t i = std::upper_bound(starts.begin(), starts.end(), first) - starts.begin() - 1;
      for (; i < slices.size() && starts[i] < end; ++i) {
        run(slices[i], std::max(first, starts[i]) - starts[i], std::min(end, starts[i + 1]) - starts[i], numbers);
      }
    });
  }

  int count_;
};

REGISTER_KERNEL_BUILDER(Name("DnnFusedAdam").Device(DEVICE_CPU).TypeConstraint<float>("T"), FusedAdamOp<float>);
REGISTER_KERNEL_BUILDER(Name("DnnFusedAdam").Device(DEVICE_CPU).TypeConstraint<double>("T"), FusedAdamOp<double>);

}  // namespace
