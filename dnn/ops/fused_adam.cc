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
#include "tensorflow/core/platform/denormal.h"
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

template <typename T>
class FusedAdamOp : public OpKernel {
 public:
  explicit FusedAdamOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("N", &count_));
  }

  void Compute(OpKernelContext* context) override {
    std::vector<core::RefCountPtr<Var>> variables(3 * count_ + 1);  // all of p, of m, of v, and t
    for (int i = 0; i <= 3 * count_; ++i) {
      OP_REQUIRES_OK(context, LookupResource(context, HandleFromInput(context, i), &variables[i]));
    }
    // In the order of their addresses, so that two steps at once cannot wait for each other.
    std::vector<Var*> ordered;
    for (const auto& variable : variables) ordered.push_back(variable.get());
    std::sort(ordered.begin(), ordered.end());
    OP_REQUIRES(context, std::adjacent_find(ordered.begin(), ordered.end()) == ordered.end(),
                absl::InvalidArgumentError("a variable is given twice among p, m, v and t"));
    std::vector<std::unique_ptr<mutex_lock>> locks;
    for (Var* variable : ordered) locks.push_back(std::make_unique<mutex_lock>(*variable->mu()));

    const Tensor& rule = context->input(4 * count_ + 1);
    OP_REQUIRES(context, rule.dims() == 1 && rule.NumElements() == 6,
                absl::InvalidArgumentError(absl::StrCat("rule must be [6], got ", rule.shape().DebugString())));
    Tensor t;
    OP_REQUIRES_OK(context, Next(context, *variables.back()->tensor(), &t));
    const Numbers<T> numbers(rule.flat<T>().data(), t.scalar<int64_t>()());

    std::vector<Tensor> written(3 * count_);
    std::vector<Slices<T>> slices;
    std::vector<int64_t> starts;  // of each parameter, among all numbers
    int64_t total = 0;
    for (int i = 0; i < count_; ++i) {
      const Tensor& g = context->input(3 * count_ + 1 + i);
      for (int slot = 0; slot < 3; ++slot) {
        OP_REQUIRES_OK(context, Prepare(context, *variables[slot * count_ + i], g, i, &written[slot * count_ + i]));
      }
      slices.push_back({Old(variables, i), Old(variables, count_ + i), Old(variables, 2 * count_ + i),
                        g.flat<T>().data(), New(written, i), New(written, count_ + i), New(written, 2 * count_ + i)});
      starts.push_back(total);
      total += g.NumElements();
    }

    const auto& workers = *context->device()->tensorflow_cpu_worker_threads();
    Shard(workers.num_threads, workers.workers, total, 10, [&](int64_t first, int64_t end) {
      port::ScopedFlushDenormal flush;  // as in TensorFlow's own kernels
      size_t i = std::upper_bound(starts.begin(), starts.end(), first) - starts.begin() - 1;
      for (; i < starts.size() && starts[i] < end; ++i) {
        const int64_t size = (i + 1 < starts.size() ? starts[i + 1] : total) - starts[i];
        run(slices[i], std::max<int64_t>(first - starts[i], 0), std::min(end - starts[i], size), numbers);
      }
    });
    for (int i = 0; i < 3 * count_; ++i) *variables[i]->tensor() = written[i];
    *variables.back()->tensor() = t;
  }

 private:
  // t + 1, in memory of its own: somebody may have read t and still hold it.
  static absl::Status Next(OpKernelContext* context, const Tensor& t, Tensor* next) {
    if (!t.IsInitialized() || t.dtype() != DT_INT64 || t.dims() != 0) {
      return absl::InvalidArgumentError(absl::StrCat("t must be a number of int64, got ", DataTypeString(t.dtype()),
                                                     " ", t.shape().DebugString()));
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
    if (old.RefCountIsOne() && !variable.copy_on_read_mode) {
      *written = old;
      return absl::OkStatus();
    }
    return context->allocate_temp(old.dtype(), old.shape(), written);
  }

  static const T* Old(const std::vector<core::RefCountPtr<Var>>& variables, int i) {
    return static_cast<const Tensor*>(variables[i]->tensor())->flat<T>().data();
  }

  static T* New(std::vector<Tensor>& written, int i) { return written[i].flat<T>().data(); }

  int count_;
};

REGISTER_KERNEL_BUILDER(Name("DnnFusedAdam").Device(DEVICE_CPU).TypeConstraint<float>("T"), FusedAdamOp<float>);
REGISTER_KERNEL_BUILDER(Name("DnnFusedAdam").Device(DEVICE_CPU).TypeConstraint<double>("T"), FusedAdamOp<double>);

}  // namespace
