// The smallest op with a kernel: what the tests of loading load.
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"

#include "one.h"

using namespace tensorflow;

REGISTER_OP("DnnTestPlusOne").Input("x: float").Output("y: float").SetShapeFn(
    [](shape_inference::InferenceContext* c) {
      c->set_output(0, c->input(0));
      return absl::OkStatus();
    });

class PlusOneOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& x = context->input(0);
    Tensor* y = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, x.shape(), &y));
    y->flat<float>() = x.flat<float>() + ONE;
  }
};

REGISTER_KERNEL_BUILDER(Name("DnnTestPlusOne").Device(DEVICE_CPU), PlusOneOp);
