// Epochs of a multilayer perceptron: each step, forward, loss, derivatives and Adam, in one op. See mlp_adam.py.
//
// The data of a small step stays in the first caches, and its arithmetic takes less time than TensorFlow needs
// to run a hundred operations, or to hand one to a thread. So one thread does it all.
#include <algorithm>
#include <limits>
#include <vector>

#include "tensorflow/core/framework/bounds_check.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"

#include "adam.h"
#include "mlp.h"

namespace {

using namespace tensorflow;

REGISTER_OP("DnnMlpAdam")
    .Input("x: T")
    .Input("labels: int32")
    .Input("order: int32")     // indices of rows
    .Input("p: N * resource")  // kernel and bias of each layer, the first layer first
    .Input("m: N * resource")
    .Input("v: N * resource")
    .Input("t: resource")
    .Input("rule: T")  // η, β₁, β₂, 1 − β₁, 1 − β₂, ε
    .Output("sums: double")  // of the losses; and the number of rows whose label has the largest logit
    .Attr("batch_size: int >= 1")
    .Attr("N: int >= 2")
    .Attr("T: {float, double}")
    .SetIsStateful()
    .SetShapeFn([](shape_inference::InferenceContext* c) {
      shape_inference::ShapeHandle shape;
      shape_inference::DimensionHandle size;
      TF_RETURN_IF_ERROR(c->WithRank(c->input(0), 2, &shape));
      TF_RETURN_IF_ERROR(c->WithRank(c->input(1), 1, &shape));
      TF_RETURN_IF_ERROR(c->Merge(c->Dim(c->input(0), 0), c->Dim(shape, 0), &size));
      TF_RETURN_IF_ERROR(c->WithRank(c->input(2), 1, &shape));
      TF_RETURN_IF_ERROR(c->WithRank(c->input(c->num_inputs() - 1), 1, &shape));
      TF_RETURN_IF_ERROR(c->WithValue(c->Dim(shape, 0), 6, &size));
      c->set_output(0, c->Vector(2));
      return absl::OkStatus();
    });

constexpr int64_t WIDEST = std::numeric_limits<int32_t>::max();  // units: so no kernel's size exceeds int64

// Everything that a step works on.
template <typename T>
struct Network {
  std::vector<Layer<T>> layers;
  std::vector<Slices<T>> slices;  // of each layer the kernel, then the bias
  std::vector<int32_t> labels;    // of the batch
  T* x;                           // of the batch: [batch, features]
  double sums[2] = {0, 0};
};

template <int BYTES, typename T>
INLINE void step_of(Network<T>& n, const Numbers<T>& numbers) {
  differentiate<BYTES>(static_cast<const T*>(n.x), n.labels, n.layers, n.sums);
  for (size_t i = 0; i < n.slices.size(); ++i) {
    const Layer<T>& l = n.layers[i / 2];
    update(n.slices[i], 0, i % 2 ? l.units : l.inputs * l.units, numbers);
  }
}

// As WIDE in wide.h, but each with its own vector size, and with fused multiply-add from AVX2 on.
#define STEP(name, bytes, ...)                                                                                   \
  __VA_ARGS__ void name(Network<float>& n, const Numbers<float>& numbers) { step_of<bytes>(n, numbers); }       \
  __VA_ARGS__ void name(Network<double>& n, const Numbers<double>& numbers) { step_of<bytes>(n, numbers); }
STEP(step_16, 16, )
#ifdef MANY_WIDTHS
STEP(step_32, 32, __attribute__((target("avx2,fma"))))
STEP(step_64, 64, __attribute__((target("avx512f"))))
#endif
#undef STEP

template <typename T>
void step(Network<T>& n, const Numbers<T>& numbers) {
#ifdef MANY_WIDTHS
  if (__builtin_cpu_supports("avx512f")) return step_64(n, numbers);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return step_32(n, numbers);
#endif
  step_16(n, numbers);
}

// Allocates arrays in one piece of memory, one after the other; without memory, counts what is needed, `MOST` at most.
template <typename T>
class Room {
 public:
  static constexpr int64_t MOST = int64_t{1} << 60;

  explicit Room(T* data) : data_(data) {}
  T* take(int64_t rows, int64_t columns = 1) {
    T* array = data_ ? data_ + used_ : nullptr;
    int64_t numbers = 0;
    const bool too_many = __builtin_mul_overflow(rows, columns, &numbers) || numbers >= MOST;
    used_ = too_many ? MOST : std::min(MOST, used_ + whole<T>(numbers));
    return array;
  }
  int64_t used() const { return used_; }

 private:
  T* data_;
  int64_t used_ = 0;
};

template <typename T>
class MlpAdamOp : public OpKernel {
 public:
  explicit MlpAdamOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("N", &count_));
    OP_REQUIRES_OK(context, context->GetAttr("batch_size", &batch_size_));
    OP_REQUIRES(context, count_ % 2 == 0, absl::InvalidArgumentError("p must hold a kernel and a bias for each layer"));
  }

  void Compute(OpKernelContext* context) override {
    Variables variables(3 * count_ + 1);  // all of p, of m, of v, and t
    for (int i = 0; i <= 3 * count_; ++i) {
      OP_REQUIRES_OK(context, LookupResource(context, HandleFromInput(context, 3 + i), &variables[i]));
    }
    Locks locks;
    OP_REQUIRES_OK(context, Lock(variables, &locks));
    Tensor *sums = nullptr, memory;
    OP_REQUIRES_OK(context, context->allocate_output(0, TensorShape({2}), &sums));
    OP_REQUIRES_OK(context, CheckInputs(context));
    std::vector<Tensor> written(3 * count_ + 1);
    OP_REQUIRES_OK(context, PrepareAll(context, variables, &written));
    Network<T> network;
    OP_REQUIRES_OK(context, Allocate(context, written, network, &memory));
    const absl::Status done = Epoch(context, network, &written.back().scalar<int64_t>()());
    for (int i = 0; i <= 3 * count_; ++i) *variables[i]->tensor() = written[i];  // also those before a bad label
    OP_REQUIRES_OK(context, done);
    std::copy_n(network.sums, 2, sums->flat<double>().data());
  }

 private:
  const Tensor& Rule(OpKernelContext* context) { return context->input(context->num_inputs() - 1); }

  int64_t Steps(OpKernelContext* context) {
    const int64_t rows = context->input(2).NumElements();
    return rows / batch_size_ + (rows % batch_size_ > 0);
  }

  absl::Status CheckInputs(OpKernelContext* context) {
    const TensorShape &x = context->input(0).shape(), &labels = context->input(1).shape();
    const TensorShape &order = context->input(2).shape(), &rule = Rule(context).shape();
    if (x.dims() == 2 && labels == TensorShape({x.dim_size(0)}) && order.dims() == 1 && rule == TensorShape({6})) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat(
        "x must be [rows, features], labels [rows], order [any] and rule [6], got ", x.DebugString(), ", ",
        labels.DebugString(), ", ", order.DebugString(), " and ", rule.DebugString()));
  }

  // Checks that kernels and biases fit each other and x, with their slots and t; makes writable copies where needed.
  absl::Status PrepareAll(OpKernelContext* context, const Variables& variables, std::vector<Tensor>* written) {
    const Tensor& x = context->input(0);
    TF_RETURN_IF_ERROR(Counter(context, *variables.back()->tensor(), Steps(context), &written->back()));
    int64_t inputs = x.dim_size(1);
    for (int i = 0; i < count_; ++i) {
      const int64_t units = variables[i | 1]->tensor()->NumElements();
      if (std::max(inputs, units) > WIDEST) return absl::InvalidArgumentError("a layer must be narrower than 2^31");
      const TensorShape shape = i % 2 ? TensorShape({units}) : TensorShape({inputs, units});
      for (int slot = i; slot < 3 * count_; slot += count_) {
        TF_RETURN_IF_ERROR(Prepare(context, *variables[slot], x.dtype(), shape, i, &(*written)[slot]));
        const Tensor& old = *variables[slot]->tensor();
        if (!old.SharesBufferWith((*written)[slot])) {
          std::copy_n(old.flat<T>().data(), old.NumElements(), (*written)[slot].template flat<T>().data());
        }
      }
      if (i % 2) inputs = units;
    }
    return absl::OkStatus();
  }

  absl::Status Allocate(OpKernelContext* context, std::vector<Tensor>& written, Network<T>& network, Tensor* memory) {
    Room<T> none(nullptr);
    Place(context, written, network, none);
    if (none.used() == Room<T>::MOST) return absl::ResourceExhaustedError("a batch is too large for any memory");
    TF_RETURN_IF_ERROR(context->allocate_temp(DataTypeToEnum<T>::value, TensorShape({none.used()}), memory));
    memory->flat<T>().setZero();  // the parameters' columns beyond the units stay 0
    Room<T> room(memory->flat<T>().data());
    Place(context, written, network, room);
    return absl::OkStatus();
  }

  void Place(OpKernelContext* context, std::vector<Tensor>& written, Network<T>& network, Room<T>& room) {
    const auto data = [&](int i) { return written[i].flat<T>().data(); };
    const TensorShape& x = context->input(0).shape();  // without rows, it may have more features than any memory
    const int64_t rows = x.dim_size(0) ? std::min<int64_t>(batch_size_, context->input(2).NumElements()) : 0;
    network.x = room.take(rows, x.dim_size(1));
    network.layers.clear();
    network.slices.clear();
    for (int i = 0; i < count_; i += 2) {
      const int64_t inputs = written[i].dim_size(0), units = written[i].dim_size(1);
      network.layers.push_back(Placed(inputs, units, rows, room));
      Layer<T>& l = network.layers.back();
      l.kernel = data(i), l.bias = data(i + 1);
      for (int j : {i, i + 1}) {
        T *p = data(j), *m = data(j + count_), *v = data(j + 2 * count_);
        network.slices.push_back({p, m, v, j == i ? l.kernel_gradient : l.bias_gradient, p, m, v});
      }
    }
  }

  Layer<T> Placed(int64_t inputs, int64_t units, int64_t rows, Room<T>& room) {
    const int64_t width = whole<T>(units), input_width = whole<T>(inputs);
    Layer<T> l = {inputs, units, width, input_width};
    l.wide_kernel = room.take(inputs, width), l.wide_bias = room.take(width);
    l.turned_kernel = room.take(units, input_width);
    l.outputs = room.take(rows, width), l.derivative = room.take(rows, width);
    l.kernel_sums = room.take(inputs, width), l.bias_sums = room.take(width);
    l.kernel_part = room.take(inputs, width), l.bias_part = room.take(width);
    l.kernel_gradient = room.take(inputs, units), l.bias_gradient = room.take(units);
    return l;
  }

  // t: the number of steps taken.
  absl::Status Epoch(OpKernelContext* context, Network<T>& network, int64_t* t) {
    const int64_t rows = context->input(2).NumElements();
    const Tensor& rule = Rule(context);
    for (int64_t first = 0; first < rows; first += batch_size_) {
      TF_RETURN_IF_ERROR(Gather(context, first, std::min(first + batch_size_, rows), network));
      step(network, Numbers<T>(rule.flat<T>().data(), ++*t));
    }
    return absl::OkStatus();
  }

  // Copies the rows of a batch. Each index and label is read once: shared memory could change after the check.
  absl::Status Gather(OpKernelContext* context, int64_t first, int64_t end, Network<T>& network) {
    const int64_t features = context->input(0).dim_size(1), rows = context->input(0).dim_size(0);
    const T* x = context->input(0).flat<T>().data();
    const int32_t* labels = context->input(1).flat<int32_t>().data();
    const int32_t* order = context->input(2).flat<int32_t>().data();
    const int64_t classes = network.layers.back().units;
    network.labels.clear();
    for (int64_t i = first; i < end; ++i) {
      const int32_t row = internal::SubtleMustCopy(order[i]);
      if (row < 0 || row >= rows) {
        return absl::InvalidArgumentError(absl::StrCat("order must hold indices in [0, ", rows, "), got ", row));
      }
      const int32_t label = internal::SubtleMustCopy(labels[row]);
      if (label < 0 || label >= classes) {
        return absl::InvalidArgumentError(
            absl::StrCat("labels must be in [0, ", classes, "), got ", label, " in row ", row));
      }
      network.labels.push_back(label);
      std::copy_n(x + row * features, features, network.x + (i - first) * features);
    }
    return absl::OkStatus();
  }

  int count_;
  int64_t batch_size_;
};

REGISTER_KERNEL_BUILDER(Name("DnnMlpAdam").Device(DEVICE_CPU).TypeConstraint<float>("T"), MlpAdamOp<float>);
REGISTER_KERNEL_BUILDER(Name("DnnMlpAdam").Device(DEVICE_CPU).TypeConstraint<double>("T"), MlpAdamOp<double>);

}  // namespace
