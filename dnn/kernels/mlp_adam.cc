// Epochs of a multilayer perceptron: each step, forward, loss, derivatives and Adam, in one op. See mlp_adam.py.
//
// The data of a small step stays in the first caches, and its arithmetic takes less time than TensorFlow needs
// to run a hundred operations, or to hand one to a thread. So one thread does it all; of an ensemble, all steps of a
// member. Each works on copies of the parameters, so no two threads write into one line of a cache.
#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"

#include "adam.h"
#include "each_once.h"
#include "mlp_network.h"
#include "mlp_rows.h"

namespace {

using namespace tensorflow;

// MEMBERS: none, or one axis in front, the members' of an ensemble.
REGISTER_OP("DnnMlpAdam")
    .Input("x: T")
    .Input("labels: int32")
    .Input("order: int32")     // MEMBERS × [any]: indices of rows
    .Input("seeds: int32")     // MEMBERS × [layers − 1], of the dropout after a layer, in this epoch
    .Input("rates: double")    // MEMBERS × [layers − 1], of the same
    .Input("epoch: int32")     // its number
    .Input("p: N * resource")  // kernel and bias of each layer, the first layer first
    .Input("m: N * resource")  // MEMBERS × [inputs, units] and [units], or [members, 1, units]
    .Input("v: N * resource")
    .Input("t: resource")
    .Input("rule: T")  // MEMBERS × [6]: η, β₁, β₂, 1 − β₁, 1 − β₂, ε
    .Output("sums: double")  // of the losses; and the number of rows whose label has the largest logit
    .Attr("batch_size: int >= 1")
    .Attr("activations: list({'relu', 'gelu'})")  // of each layer but the last
    .Attr("N: int >= 2")
    .Attr("T: {float, double}")
    .SetIsStateful()
    .SetShapeFn([](shape_inference::InferenceContext* c) {
      shape_inference::ShapeHandle x, labels, order;
      shape_inference::DimensionHandle rows;
      TF_RETURN_IF_ERROR(c->WithRank(c->input(0), 2, &x));
      TF_RETURN_IF_ERROR(c->WithRank(c->input(1), 1, &labels));
      TF_RETURN_IF_ERROR(c->Merge(c->Dim(x, 0), c->Dim(labels, 0), &rows));
      TF_RETURN_IF_ERROR(c->WithRankAtLeast(c->input(2), 1, &order));
      TF_RETURN_IF_ERROR(c->WithRankAtMost(order, 2, &order));
      c->set_output(0, c->Vector(2));
      return absl::OkStatus();
    });

constexpr int64_t WIDEST = std::numeric_limits<int32_t>::max();  // units

template <typename T>
class MlpAdamOp : public OpKernel {
 public:
  explicit MlpAdamOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("N", &count_));
    OP_REQUIRES_OK(context, context->GetAttr("batch_size", &batch_size_));
    OP_REQUIRES(context, count_ % 2 == 0, absl::InvalidArgumentError("p must hold a kernel and a bias for each layer"));
    std::vector<std::string> names;
    OP_REQUIRES_OK(context, context->GetAttr("activations", &names));
    for (const std::string& name : names) activations_.push_back(name == "gelu" ? Activation::GELU : Activation::RELU);
    OP_REQUIRES(context, 2 * static_cast<int64_t>(names.size() + 1) == count_,
                absl::InvalidArgumentError("activations must be those of all layers but the last"));
  }

  void Compute(OpKernelContext* context) override {
    Variables variables(3 * count_ + 1);  // all of p, of m, of v, and t
    for (int i = 0; i <= 3 * count_; ++i) {
      OP_REQUIRES_OK(context, LookupResource(context, HandleFromInput(context, FIRST + i), &variables[i]));
    }
    Locks locks;
    OP_REQUIRES_OK(context, Lock(variables, &locks));
    Tensor *sums = nullptr, memory;
    OP_REQUIRES_OK(context, context->allocate_output(0, TensorShape({2}), &sums));
    OP_REQUIRES_OK(context, CheckInputs(context));
    std::vector<Tensor> written(3 * count_ + 1);
    std::vector<int64_t> widths;
    OP_REQUIRES_OK(context, PrepareAll(context, variables, &written, &widths));
    std::vector<Network<T>> networks;
    OP_REQUIRES_OK(context, Allocate(context, widths, &networks, &memory));
    const absl::Status done = Epoch(context, variables, networks, written, sums->flat<double>().data());
    for (int i = 0; i <= 3 * count_; ++i) *variables[i]->tensor() = written[i];  // also those before a bad label
    OP_REQUIRES_OK(context, done);
  }

 private:
  static constexpr int FIRST = 6;  // the input that is the first of p

  const Tensor& Rule(OpKernelContext* context) { return context->input(context->num_inputs() - 1); }
  bool OfMembers(OpKernelContext* context) { return context->input(2).dims() == 2; }
  int64_t Members(OpKernelContext* context) { return OfMembers(context) ? context->input(2).dim_size(0) : 1; }
  int64_t Count(OpKernelContext* context) { return context->input(2).dim_size(OfMembers(context)); }
  int64_t Layers() { return count_ / 2; }

  int64_t Steps(OpKernelContext* context) {
    return Count(context) / batch_size_ + (Count(context) % batch_size_ > 0);
  }

  // A shape with the members' axis in front, if there is one.
  absl::Status Shape(OpKernelContext* context, std::vector<int64_t> sizes, TensorShape* shape) {
    if (OfMembers(context)) sizes.insert(sizes.begin(), Members(context));
    return TensorShape::BuildTensorShape(sizes, shape);
  }

  absl::Status CheckInputs(OpKernelContext* context) {
    const TensorShape &x = context->input(0).shape(), &labels = context->input(1).shape();
    const TensorShape &order = context->input(2).shape(), &rule = Rule(context).shape();
    TensorShape six, one_each;
    if (order.dims() == 1 || order.dims() == 2) {
      TF_RETURN_IF_ERROR(Shape(context, {6}, &six));
      TF_RETURN_IF_ERROR(Shape(context, {Layers() - 1}, &one_each));
    }
    const Tensor &seeds = context->input(3), &rates = context->input(4), &epoch = context->input(5);
    if (x.dims() != 2 || labels != TensorShape({x.dim_size(0)}) || six.dims() == 0 || rule != six) {
      return absl::InvalidArgumentError(absl::StrCat(
          "x must be [rows, features], labels [rows], order [any] and rule [6], the last two also with an axis of "
          "members in front, got ", x.DebugString(), ", ", labels.DebugString(), ", ", order.DebugString(), " and ",
          rule.DebugString()));
    }
    const auto is_rate = [](double rate) { return rate >= 0 && rate < 1; };
    const double* rate = rates.flat<double>().data();
    if (seeds.shape() != one_each || rates.shape() != one_each || epoch.dims() != 0 ||
        !std::all_of(rate, rate + rates.NumElements(), is_rate)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "seeds and rates must be ", one_each.DebugString(), ", each rate in [0, 1), and epoch a scalar, got ",
          seeds.shape().DebugString(), ", ", rates.DebugString(), " and ", epoch.shape().DebugString()));
    }
    return absl::OkStatus();
  }

  // Checks that kernels and biases fit each other and x, with their slots and t; makes tensors to write where needed.
  absl::Status PrepareAll(OpKernelContext* context, const Variables& variables, std::vector<Tensor>* written,
                          std::vector<int64_t>* widths) {
    const Tensor& x = context->input(0);
    TF_RETURN_IF_ERROR(Counter(context, *variables.back()->tensor(), Steps(context), &written->back()));
    widths->push_back(x.dim_size(1));
    for (int i = 0; i < count_; ++i) {
      const TensorShape& bias = variables[i | 1]->tensor()->shape();
      const int64_t inputs = widths->back(), units = bias.dims() ? bias.dim_size(bias.dims() - 1) : 0;
      if (std::max(inputs, units) > WIDEST) return absl::InvalidArgumentError("a layer must be narrower than 2^31");
      TensorShape shape({units});
      if (i % 2 == 0) TF_RETURN_IF_ERROR(Shape(context, {inputs, units}, &shape));
      if (i % 2 && OfMembers(context)) TF_RETURN_IF_ERROR(Shape(context, {1, units}, &shape));
      for (int slot = i; slot < 3 * count_; slot += count_) {
        TF_RETURN_IF_ERROR(Prepare(context, *variables[slot], x.dtype(), shape, i, &(*written)[slot]));
      }
      if (i % 2) widths->push_back(units);
    }
    return absl::OkStatus();
  }

  // A network for each thread.
  absl::Status Allocate(OpKernelContext* context, const std::vector<int64_t>& widths,
                        std::vector<Network<T>>* networks, Tensor* memory) {
    const TensorShape& x = context->input(0).shape();  // without rows, it may have more features than any memory
    const int64_t rows = x.dim_size(0) ? std::min(batch_size_, Count(context)) : 0;
    const int threads = context->device()->tensorflow_cpu_worker_threads()->num_threads;
    const int64_t some = std::max<int64_t>(1, std::min<int64_t>(Members(context), threads));
    const auto place = [&](Room<T> room) {
      networks->clear();
      for (int64_t i = 0; i < some; ++i) networks->emplace_back(widths, activations_, rows, room);
      return room.used();
    };
    const int64_t used = place(Room<T>(nullptr));
    if (used == Room<T>::MOST) return absl::ResourceExhaustedError("a batch is too large for any memory");
    TF_RETURN_IF_ERROR(context->allocate_temp(DataTypeToEnum<T>::value, TensorShape({used}), memory));
    memory->flat<T>().setZero();  // what is beyond the units stays 0
    place(Room<T>(memory->flat<T>().data()));
    return absl::OkStatus();
  }

  absl::Status Epoch(OpKernelContext* context, const Variables& variables, std::vector<Network<T>>& networks,
                     std::vector<Tensor>& written, double* sums) {
    const Tensor &x = context->input(0), &labels = context->input(1);
    const Rows<T> rows = {x.flat<T>().data(), labels.flat<int32_t>().data(), x.dim_size(0), x.dim_size(1),
                          networks[0].layers.back().units};
    const int32_t* order = context->input(2).flat<int32_t>().data();
    const int64_t members = Members(context), count = Count(context);
    absl::Status done;
    int64_t steps = Steps(context);
    for (int64_t i = 0; i < members; ++i) {
      steps = StepsBefore(rows, order + i * count, count, batch_size_, steps, &done);
    }
    std::vector<double> sums_of(2 * members);
    std::vector<char> whole(members, true);
    const auto train = [&](int64_t member, int64_t thread) {
      Network<T>& n = networks[thread];
      Begin(context, member, variables, n);
      whole[member] = Train(context, member, rows, order + member * count, steps, written.back(), n);
      End(member, n, written);
      std::copy_n(n.sums, 2, &sums_of[2 * member]);
    };
    thread::ThreadPool* pool = context->device()->tensorflow_cpu_worker_threads()->workers;
    each_once(members, networks.size(), [pool](std::function<void()> call) { pool->Schedule(std::move(call)); }, train);
    written.back().scalar<int64_t>()() += steps;
    if (!std::count(whole.begin(), whole.end(), false)) return Add(sums_of, sums), done;
    return absl::InvalidArgumentError("order or labels changed during the epoch");
  }

  void Begin(OpKernelContext* context, int64_t member, const Variables& variables, Network<T>& n) {
    each_array(n, member, [&](int64_t i, int64_t before, const Layer<T>& l, int64_t rows, T* to) {
      const Tensor& from = *variables[i]->tensor();
      widen(from.flat<T>().data() + before, rows, l.units, l.width, to);
    });
    for (int64_t i = 0; i + 1 < Layers(); ++i) {
      const int64_t place = member * (Layers() - 1) + i;
      const double rate = context->input(4).flat<double>()(place);
      Layer<T>& l = n.layers[i];
      l.drops = rate > 0, l.kept = static_cast<T>(1 - rate), l.least = static_cast<uint32_t>(rate * 0x1p32);
      l.seed = static_cast<uint32_t>(context->input(3).flat<int32_t>()(place));
    }
    std::fill_n(n.sums, 2, 0);
  }

  void End(int64_t member, Network<T>& n, std::vector<Tensor>& written) {
    each_array(n, member, [&](int64_t i, int64_t before, const Layer<T>& l, int64_t rows, const T* from) {
      narrow(from, rows, l.units, l.width, written[i].flat<T>().data() + before);
    });
  }

  // The steps of a member; false if a row is bad, which had been good.
  bool Train(OpKernelContext* context, int64_t member, const Rows<T>& rows, const int32_t* order, int64_t steps,
             const Tensor& t, Network<T>& n) {
    const T* rule = Rule(context).template flat<T>().data() + 6 * member;
    const int32_t epoch = context->input(5).scalar<int32_t>()();
    const int64_t before = t.scalar<int64_t>()(), count = Count(context);
    for (int64_t i = 0; i < steps; ++i) {
      const int64_t first = i * batch_size_;
      if (!Gather(rows, order + first, std::min(batch_size_, count - first), n)) return false;
      for (Layer<T>& l : n.layers) l.bits_key = hash_of(l.seed, hash_of(epoch, static_cast<uint32_t>(i)));
      step(n, Numbers<T>(rule, before + i + 1));
    }
    return true;
  }

  // In the order of the members, whatever thread was first.
  static void Add(const std::vector<double>& sums_of, double* sums) {
    std::fill_n(sums, 2, 0);
    for (size_t i = 0; i < sums_of.size(); ++i) sums[i % 2] += sums_of[i];
  }

  int count_;
  int64_t batch_size_;
  std::vector<Activation> activations_;
};

REGISTER_KERNEL_BUILDER(Name("DnnMlpAdam").Device(DEVICE_CPU).TypeConstraint<float>("T"), MlpAdamOp<float>);
REGISTER_KERNEL_BUILDER(Name("DnnMlpAdam").Device(DEVICE_CPU).TypeConstraint<double>("T"), MlpAdamOp<double>);

}  // namespace
