// Sparse softmax cross-entropy and its gradient, in one pass over the logits. See softmax_cross_entropy.py.
//
// A row is read three times, but from memory once: it stays in the cache while its thread works on it.
#include <vector>

#include "tensorflow/core/framework/bounds_check.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "tensorflow/core/util/work_sharder.h"

#include "cross_entropy.h"
#include "wide.h"

namespace {

using namespace tensorflow;

REGISTER_OP("DnnSoftmaxCrossEntropy")
    .Input("labels: L")
    .Input("logits: T")
    .Output("loss: T")
    .Output("gradient: T")
    .Attr("L: {int32, int64, uint64}")
    .Attr("T: {float, double}")
    .Attr("one_thread: bool = true")  // synchronous, and calls no function of the graph
    .SetShapeFn([](shape_inference::InferenceContext* c) {
      shape_inference::ShapeHandle labels, logits;
      shape_inference::DimensionHandle batch;
      TF_RETURN_IF_ERROR(c->WithRank(c->input(0), 1, &labels));
      TF_RETURN_IF_ERROR(c->WithRank(c->input(1), 2, &logits));
      TF_RETURN_IF_ERROR(c->Merge(c->Dim(labels, 0), c->Dim(logits, 0), &batch));
      c->set_output(0, c->Vector(batch));
      c->set_output(1, c->Matrix(batch, c->Dim(logits, 1)));
      return absl::OkStatus();
    });

WIDE void row(const float* z, int64_t classes, int64_t label, float* loss, float* gradient) {
  one_row(z, classes, label, loss, gradient);
}

WIDE void row(const double* z, int64_t classes, int64_t label, double* loss, double* gradient) {
  one_row(z, classes, label, loss, gradient);
}

template <typename T, typename L>
class SoftmaxCrossEntropyOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor& labels = context->input(0);
    const Tensor& logits = context->input(1);
    OP_REQUIRES(context, labels.dims() == 1 && logits.dims() == 2 && labels.dim_size(0) == logits.dim_size(0),
                absl::InvalidArgumentError(absl::StrCat(
                    "labels must be [batch] and logits [batch, classes], got ", labels.shape().DebugString(), " and ",
                    logits.shape().DebugString())));
    const int64_t batch = logits.dim_size(0), classes = logits.dim_size(1);
    // A copy, read once: shared memory could change between the check and the use.
    const L* given = labels.flat<L>().data();
    std::vector<int64_t> label(batch);
    for (int64_t i = 0; i < batch; ++i) {
      label[i] = static_cast<int64_t>(internal::SubtleMustCopy(given[i]));
      OP_REQUIRES(context, 0 <= label[i] && label[i] < classes,
                  absl::InvalidArgumentError(absl::StrCat("labels must be in [0, ", classes, "), got ",
                                                          static_cast<L>(label[i]), " in row ", i)));
    }
    Tensor* loss = nullptr;
    Tensor* gradient = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, labels.shape(), &loss));
    OP_REQUIRES_OK(context, context->allocate_output(1, logits.shape(), &gradient));
    if (batch == 0) return;

    const T* z = logits.flat<T>().data();
    T* l = loss->flat<T>().data();
    T* g = gradient->flat<T>().data();
    const auto& workers = *context->device()->tensorflow_cpu_worker_threads();
    Shard(workers.num_threads, workers.workers, batch, 100 + 4 * classes, [&](int64_t first, int64_t end) {
      for (int64_t i = first; i < end; ++i) row(z + i * classes, classes, label[i], l + i, g + i * classes);
    });
  }
};

#define REGISTER(T, L)                                                                                 \
  REGISTER_KERNEL_BUILDER(                                                                             \
      Name("DnnSoftmaxCrossEntropy").Device(DEVICE_CPU).TypeConstraint<T>("T").TypeConstraint<L>("L"), \
      SoftmaxCrossEntropyOp<T, L>)
REGISTER(float, int32_t);
REGISTER(float, int64_t);
REGISTER(float, uint64_t);
REGISTER(double, int32_t);
REGISTER(double, int64_t);
REGISTER(double, uint64_t);
#undef REGISTER

}  // namespace
