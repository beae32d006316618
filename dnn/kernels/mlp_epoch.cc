// An epoch of a multilayer perceptron as an op: rows, forward pass, loss, derivatives and the optimizer. See mlp_epoch.py.
//
// It is a function of tensors: the parameters and slots go in, and come out as they are after the epoch.
// REAL, float or double, is set by who compiles it, as are the vectors of the machine: all take six times as long.

#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <initializer_list>

#include "c_op.h"
#include "mlp_members.h"

namespace {

// MEMBERS: of an ensemble; 1 of a network. All of them are in the order of the inputs.
const char* const INPUTS[] = {
    "x: T",               // [rows, features]
    "labels: int32",      // [rows], of a softmax
    "targets: double",    // [rows, outputs], of other losses
    "weights: double",    // [rows], or [0]: each is 1
    "counted: bool",      // [rows], or [0]: all are
    "order: int32",       // [MEMBERS, any]: indices of rows
    "seeds: int32",       // [MEMBERS, layers − 1], of the dropout after a layer, in this epoch
    "dropout: double",    // [MEMBERS, layers − 1], the rates of the same
    "epoch: int32",       // [], its number
    "t: int64",           // [], the steps that were taken before
    "rates: double",      // [MEMBERS, steps]: η of each
    "constants: double",  // [5], of the method
    "factors: double",    // [MEMBERS, parameters, 3]: λ of the decay, l1 and l2 of the penalty
    "state: S * T",       // kernel and bias of each layer, then as many for each slot; MEMBERS may be the first axis
};
const char* const OUTPUTS[] = {
    "new_state: S * T",
    "sums: double",  // of the losses and of the scores
};
const char* const ATTRIBUTES[] = {
    "batch_size: int >= 1", "loss: int >= 0",  "method: int >= 0",    "activations: list(int) >= 0",
    "slots: list(int) >= 0", "threads: int >= 1", "S: int >= 2", "T: {float, double}", "one_thread: bool = true",
};
enum Input { X, LABELS, TARGETS, WEIGHTS, COUNTED, ORDER, SEEDS, DROPOUT, EPOCH, T_BEFORE, RATES, FIXED, FACTORS, STATE };

// The message is formatted as by printf.
[[noreturn]] COLD __attribute__((format(printf, 1, 2))) void refuse(const char* format, ...) {
  char message[512];
  va_list values;
  va_start(values, format);
  std::vsnprintf(message, sizeof message, format, values);
  va_end(values);
  throw Refusal{TF_INVALID_ARGUMENT, message};
}

COLD std::string text(const std::vector<int64_t>& shape) {
  std::string all;
  for (int64_t size : shape) all += (all.empty() ? "" : ", ") + std::to_string(size);
  return "[" + all + "]";
}

COLD void require_shape(const OpTensor& tensor, const char* name, std::initializer_list<int64_t> shape) {
  if (!tensor.has_shape(shape.begin(), shape.size())) {
    refuse("%s must be %s, got %s", name, text(shape).c_str(), text(tensor.shape()).c_str());
  }
}

struct Attributes {
  int64_t batch_size, loss, method, threads;
  std::vector<int64_t> activations, slots;

  COLD explicit Attributes(TF_OpKernelConstruction* of)
      : batch_size(integer_of(of, "batch_size")), loss(integer_of(of, "loss")), method(integer_of(of, "method")),
        threads(integer_of(of, "threads")), activations(integers_of(of, "activations")), slots(integers_of(of, "slots")) {
    const auto all_below = [](const std::vector<int64_t>& values, int64_t end) {
      return std::all_of(values.begin(), values.end(), [end](int64_t value) { return value >= 0 && value < end; });
    };
    if (!all_below({loss}, int64_t(Loss::COUNT)) || !all_below({method}, int64_t(Method::COUNT)) ||
        !all_below(activations, int64_t(Activation::COUNT)) || !all_below(slots, SLOTS)) {
      refuse("there is no such loss, method, activation or slot");
    }
  }
};

COLD void* create(TF_OpKernelConstruction* construction) {
  try {
    return new Attributes(construction);
  } catch (const Refusal& refusal) {
    OpStatus status;
    TF_SetStatus(status, refusal.code, refusal.message.c_str());
    TF_OpKernelConstruction_Failure(construction, status);
    return nullptr;
  }
}

void destroy(void* attributes) { delete static_cast<Attributes*>(attributes); }

// A call of the op: its inputs, checked, as an epoch.
class Call {
 public:
  COLD Call(const Attributes& a, TF_OpKernelContext* context) : a_(a), context_(context) {
    inputs_.reserve(TF_NumInputs(context));
    for (int i = 0; i < TF_NumInputs(context); ++i) inputs_.push_back(input_of(context, i));
    const OpTensor &x = inputs_[X], &order = inputs_[ORDER];
    if (x.dims() != 2 || order.dims() != 2) {
      refuse("x must be [rows, features] and order [members, any], got %s and %s", text(x.shape()).c_str(),
             text(order.shape()).c_str());
    }
    e_.loss = static_cast<Loss>(a.loss), e_.method = static_cast<Method>(a.method);
    for (int64_t activation : a.activations) e_.activations.push_back(static_cast<Activation>(activation));
    e_.slots = a.slots, e_.batch_size = a.batch_size, e_.threads = a.threads;
    e_.members = order.dim(0), e_.count = order.dim(1);
    e_.steps = e_.count / e_.batch_size + (e_.count % e_.batch_size > 0);
    fill_state();
    fill_rows();
    fill_rest();
  }

  void run() {
    const int64_t arrays = e_.state.size();
    std::vector<OpTensor> outputs;
    for (int64_t i = 0; i < arrays; ++i) {
      outputs.push_back(output_of<REAL>(context_, i, inputs_[STATE + i].shape(), TF_InputDatatype(context_, X)));
      e_.new_state.push_back(outputs.back().data<REAL>());
    }
    const OpTensor sums = output_of<double>(context_, arrays, {2}, TF_DOUBLE);
    const Fault fault = ::run(e_, sums.data<double>());
    if (!fault.what) return;
    const std::string row = fault.row < 0 ? "" : " in row " + std::to_string(fault.row);
    refuse("%s in [0, %" PRId64 "), got %" PRId64 "%s", fault.what, fault.end, fault.got, row.c_str());
  }

 private:
  template <typename Number>
  const Number* given(Input i, const char* name, std::initializer_list<int64_t> shape) {
    require_shape(inputs_[i], name, shape);
    return inputs_[i].data<Number>();
  }

  // The widths of the layers, from the shapes of the state, which must fit each other and x.
  COLD void fill_state() {
    const int64_t layers = a_.activations.size() + 1, parameters = 2 * layers;
    if (static_cast<int64_t>(inputs_.size()) - STATE != parameters * static_cast<int64_t>(1 + a_.slots.size())) {
      refuse("state must hold a kernel and a bias for each of %" PRId64 " layers, and so each slot", layers);
    }
    const bool alone = inputs_[STATE].dims() != 3;  // no axis of the members
    if (alone && e_.members != 1) refuse("state must have the %" PRId64 " members in front", e_.members);
    e_.widths = {inputs_[X].dim(1)};
    for (int64_t i = 0; i < static_cast<int64_t>(inputs_.size()) - STATE; ++i) {
      const OpTensor& array = inputs_[STATE + i];
      const int64_t place = i % parameters;
      if (i < parameters && i % 2 == 0) e_.widths.push_back(array.dims() ? array.dim(array.dims() - 1) : 0);
      const int64_t units = e_.widths[place / 2 + 1], inputs = place % 2 ? 1 : e_.widths[place / 2];
      const int64_t sizes[] = {e_.members, inputs, units}, *expected = sizes + (alone ? 1 + place % 2 : 0);
      if (!array.has_shape(expected, sizes + 3 - expected)) {
        const std::vector<int64_t> shape(expected, sizes + 3);
        refuse("state %" PRId64 " must be %s, got %s", i, text(shape).c_str(), text(array.shape()).c_str());
      }
      e_.state.push_back(array.data<REAL>());
    }
  }

  COLD void fill_rows() {
    const int64_t rows = inputs_[X].dim(0), outputs = e_.widths.back(), softmax = e_.loss == Loss::SOFTMAX;
    e_.rows = {inputs_[X].data<REAL>(), nullptr, nullptr, nullptr, nullptr, rows, e_.widths[0], outputs};
    if (softmax) e_.rows.labels = given<int32_t>(LABELS, "labels", {rows});
    else e_.rows.targets = given<double>(TARGETS, "targets", {rows, outputs});
    if (inputs_[WEIGHTS].size()) e_.rows.weights = given<double>(WEIGHTS, "weights", {rows});
    if (inputs_[COUNTED].size()) e_.rows.counted = given<bool>(COUNTED, "counted", {rows});
    e_.order = inputs_[ORDER].data<int32_t>();
  }

  COLD void fill_rest() {
    const int64_t layers = a_.activations.size() + 1, members = e_.members;
    e_.seeds = given<int32_t>(SEEDS, "seeds", {members, layers - 1});
    e_.dropout = given<double>(DROPOUT, "dropout", {members, layers - 1});
    for (int64_t i = 0; i < inputs_[DROPOUT].size(); ++i) {
      if (!(e_.dropout[i] >= 0 && e_.dropout[i] < 1)) refuse("dropout must be in [0, 1), got %f", e_.dropout[i]);
    }
    e_.number = *given<int32_t>(EPOCH, "epoch", {});
    e_.t = *given<int64_t>(T_BEFORE, "t", {});
    if (e_.t < 0 || e_.t > INT64_MAX - e_.steps) refuse("t must be in [0, 2^63 - steps), got %" PRId64, e_.t);
    e_.rates = given<double>(RATES, "rates", {members, e_.steps});
    e_.constants = given<double>(FIXED, "constants", {CONSTANTS});
    e_.factors = given<double>(FACTORS, "factors", {members, 2 * layers, 3});
  }

  const Attributes& a_;
  TF_OpKernelContext* context_;
  std::vector<OpTensor> inputs_;
  Epoch<REAL> e_ = {};
};

void compute(void* attributes, TF_OpKernelContext* context) {
  OpStatus status;
  try {
    return Call(*static_cast<Attributes*>(attributes), context).run();
  } catch (const Refusal& refusal) {
    TF_SetStatus(status, refusal.code, refusal.message.c_str());
  } catch (const std::bad_alloc&) {
    TF_SetStatus(status, TF_RESOURCE_EXHAUSTED, "a batch is too large for this memory");
  } catch (const std::exception& error) {
    TF_SetStatus(status, TF_INTERNAL, error.what());
  }
  TF_OpKernelContext_Failure(context, status);
}

void infer_shapes(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  const int arrays = TF_ShapeInferenceContextNumInputs(context) - STATE;
  for (int i = 0; i < arrays && TF_GetCode(status) == TF_OK; ++i) {
    TF_ShapeInferenceContextGetInput(context, STATE + i, shape, status);
    TF_ShapeInferenceContextSetOutput(context, i, shape, status);
  }
  TF_DeleteShapeHandle(shape);
  shape = TF_ShapeInferenceContextVectorFromSize(context, 2);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, arrays, shape, status);
  TF_DeleteShapeHandle(shape);
}

constexpr const char* NAME = sizeof(REAL) == sizeof(float) ? "DnnMlpEpochFloat" : "DnnMlpEpochDouble";

void register_op(OpStatus& status) {
  TF_OpDefinitionBuilder* op = TF_NewOpDefinitionBuilder(NAME);
  for (const char* each : ATTRIBUTES) TF_OpDefinitionBuilderAddAttr(op, each);
  for (const char* each : INPUTS) TF_OpDefinitionBuilderAddInput(op, each);
  for (const char* each : OUTPUTS) TF_OpDefinitionBuilderAddOutput(op, each);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(op, infer_shapes);
  TF_RegisterOpDefinition(op, status);
}

void register_kernel(OpStatus& status) {
  TF_KernelBuilder* kernel = TF_NewKernelBuilder(NAME, "CPU", create, compute, destroy);
  TF_KernelBuilder_TypeConstraint(kernel, "T", sizeof(REAL) == sizeof(float) ? TF_FLOAT : TF_DOUBLE, status);
  TF_RegisterKernelBuilder(NAME, kernel, status);
}

const struct Registered {
  Registered() {
    OpStatus of_op, of_kernel;
    register_op(of_op);
    register_kernel(of_kernel);
    for (const TF_Status* each : {static_cast<TF_Status*>(of_op), static_cast<TF_Status*>(of_kernel)}) {
      if (TF_GetCode(each) != TF_OK) std::fprintf(stderr, "%s was not registered: %s\n", NAME, TF_Message(each));
    }
  }
} REGISTERED;

}  // namespace
