// new_name: y = x / (1 + |x|), and ∂x = ∂y / (1 + |x|)². Replace the formula with yours. See new_name.py.
#include <cmath>

#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/util/work_sharder.h"

namespace {

using namespace tensorflow;

REGISTER_OP("MyNewNameOp")
    .Input("x: T")
    .Output("y: T")
    .Attr("T: {float, double}")
    .SetShapeFn(shape_inference::UnchangedShape);  // also for an unknown number of rows

REGISTER_OP("MyNewNameOpGrad")
    .Input("y_gradient: T")
    .Input("x: T")
    .Output("x_gradient: T")
    .Attr("T: {float, double}")
    .SetShapeFn(shape_inference::UnchangedShape);

template <typename T>
class MyNewNameOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& x = context->input(0);
    Tensor* y = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, x.shape(), &y));
    const T* from = x.flat<T>().data();
    T* to = y->flat<T>().data();
    // Parts of the range run on TensorFlow's threads; 5 is the approximate cost of one number in nanoseconds.
    const auto& workers = *context->device()->tensorflow_cpu_worker_threads();
    Shard(workers.num_threads, workers.workers, x.NumElements(), 5, [=](int64_t first, int64_t end) {
      for (int64_t i = first; i < end; ++i) to[i] = from[i] / (1 + std::abs(from[i]));
    });
  }
};

template <typename T>
class MyNewNameOpGrad : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor &y_gradient = context->input(0), &x = context->input(1);
    OP_REQUIRES(context, y_gradient.shape() == x.shape(),
                absl::InvalidArgumentError(absl::StrCat("y_gradient and x must be of one shape, got ",
                                                        y_gradient.shape().DebugString(), " and ",
                                                        x.shape().DebugString())));
    Tensor* x_gradient = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, x.shape(), &x_gradient));
    const T *g = y_gradient.flat<T>().data(), *from = x.flat<T>().data();
    T* to = x_gradient->flat<T>().data();
    const auto& workers = *context->device()->tensorflow_cpu_worker_threads();
    Shard(workers.num_threads, workers.workers, x.NumElements(), 5, [=](int64_t first, int64_t end) {
      for (int64_t i = first; i < end; ++i) {
        const T d = 1 / (1 + std::abs(from[i]));
        to[i] = g[i] * d * d;
      }
    });
  }
};

#define REGISTER(T)                                                                                       \
  REGISTER_KERNEL_BUILDER(Name("MyNewNameOp").Device(DEVICE_CPU).TypeConstraint<T>("T"), MyNewNameOp<T>); \
  REGISTER_KERNEL_BUILDER(Name("MyNewNameOpGrad").Device(DEVICE_CPU).TypeConstraint<T>("T"), MyNewNameOpGrad<T>)
REGISTER(float);
REGISTER(double);

}  // namespace
