// Adam for all parameters in one call. See fused_adam.py.
//
//   t ← t + 1,  m ← m + (g − m)(1 − β₁),  v ← v + (g² − v)(1 − β₂),  p ← p − m α / (√v + ε)
//   with α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ)
//
// p, m, v and g are read once, and p, m and v written once; op by op, TensorFlow makes some ten passes over memory.
#include <algorithm>
#include <vector>

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "tensorflow/core/util/work_sharder.h"

#include "adam.h"
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
    .Attr("one_thread: bool = true")  // synchronous, and calls no function of the graph
    .SetIsStateful()
    .SetShapeFn([](shape_inference::InferenceContext* c) {
      shape_inference::ShapeHandle rule;
      TF_RETURN_IF_ERROR(c->WithRank(c->input(c->num_inputs() - 1), 1, &rule));
      shape_inference::DimensionHandle six;
      return c->WithValue(c->Dim(rule, 0), 6, &six);
    });

WIDE void run(const Slices<float>& s, int64_t first, int64_t end, const Rule<float>& n) { update(s, first, end, n); }

WIDE void run(const Slices<double>& s, int64_t first, int64_t end, const Rule<double>& n) {
  update(s, first, end, n);
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
    TF_RETURN_IF_ERROR(Counter(context, *variables.back()->tensor(), 1, &written->back()));
    for (int i = 0; i < 3 * count_; ++i) {
      const int index = i % count_;
      const Tensor& g = Gradient(context, index);
      TF_RETURN_IF_ERROR(Prepare(context, *variables[i], g.dtype(), g.shape(), index, &(*written)[i]));
    }
    return absl::OkStatus();
  }

  // By all threads: the concatenation of all parameters is cut into parts of equal size.
  void Step(OpKernelContext* context, const Variables& variables, std::vector<Tensor>& written) {
    const Tensor& rule = Rule(context);
    const Numbers<T> numbers(rule.flat<T>().data(), ++written.back().scalar<int64_t>()());
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
