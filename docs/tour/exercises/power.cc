// TourPower: y = xⁿ, for a whole n >= 0. Its gradient is in Python.
#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/util/work_sharder.h"

namespace {

using namespace tensorflow;

REGISTER_OP("TourPower")
    .Input("x: float")
    .Output("y: float")
    .Attr("n: int >= 0")
    .SetShapeFn(shape_inference::UnchangedShape);  // the result has the shape of x, also for an unknown number of rows

class TourPowerOp : public OpKernel {
 public:
  explicit TourPowerOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("n", &n_));
  }

  void Compute(OpKernelContext* context) override {
    const Tensor& x = context->input(0);
    Tensor* y = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, x.shape(), &y));
    const float* from = x.flat<float>().data();
    float* to = y->flat<float>().data();
    const auto& workers = *context->device()->tensorflow_cpu_worker_threads();
    Shard(workers.num_threads, workers.workers, x.NumElements(), 2 * (n_ + 1), [=](int64_t first, int64_t end) {
      for (int64_t i = first; i < end; ++i) {
        float product = 1;
        for (int64_t factor = 0; factor < n_; ++factor) product *= from[i];
        to[i] = product;
      }
    });
  }

 private:
  int64_t n_;
};

REGISTER_KERNEL_BUILDER(Name("TourPower").Device(DEVICE_CPU), TourPowerOp);

}  // namespace
