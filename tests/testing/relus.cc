// Seven ops that give relu(x) of float32: one is right, two infer a wrong shape, one shares its memory among threads, one
// among the calls of a kernel, one writes over its argument, and one is wrong where a large one is split.
// They are written in TensorFlow's C interface, whose headers compile within a second or two.

#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

namespace {

// Without it a busy machine may run the calls one after the other, and there is no race.
void LetAnotherThreadCome() { std::this_thread::sleep_for(std::chrono::microseconds(100)); }

struct Relu {
  const float* x;
  float* y;
  int64_t size;
  std::vector<float>* of_kernel;

  void InOwnMemory() const {
    for (int64_t i = 0; i < size; ++i) y[i] = x[i] < 0 ? 0 : x[i];
  }

  void InSharedMemory() const {
    static float scratch[1 << 21];
    const int64_t count = size < (1 << 21) ? size : (1 << 21);
    for (int64_t i = 0; i < count; ++i) scratch[i] = x[i] < 0 ? 0 : x[i];
    LetAnotherThreadCome();
    for (int64_t i = 0; i < count; ++i) y[i] = scratch[i];
  }

  void InMemoryOfItsKernel() const {
    of_kernel->assign(x, x + size);
    LetAnotherThreadCome();
    for (int64_t i = 0; i < size; ++i) y[i] = (*of_kernel)[i] < 0 ? 0 : (*of_kernel)[i];
  }

  // The last number of each shard but the first is left out.
  void InShards() const {
    const int64_t shard = 100000;
    for (int64_t i = 0; i < size; ++i) {
      const bool left_out = i >= shard && (i == size - 1 || i % shard == shard - 1);
      y[i] = left_out ? -1 : x[i] < 0 ? 0 : x[i];
    }
  }

  void OverItsArgument() const {
    float* over = const_cast<float*>(x);
    for (int64_t i = 0; i < size; ++i) y[i] = over[i] = x[i] < 0 ? 0 : x[i];
  }
};

void* NewKernel(TF_OpKernelConstruction*) { return new std::vector<float>; }

void DeleteKernel(void* kernel) { delete static_cast<std::vector<float>*>(kernel); }

template <void (Relu::*compute)() const>
void Compute(void* kernel, TF_OpKernelContext* context) {
  TF_Status* status = TF_NewStatus();
  TF_Tensor* x = nullptr;
  TF_GetInput(context, 0, &x, status);
  std::vector<int64_t> shape(TF_NumDims(x));
  for (size_t axis = 0; axis < shape.size(); ++axis) shape[axis] = TF_Dim(x, static_cast<int>(axis));
  TF_Tensor* y = TF_AllocateOutput(context, 0, TF_FLOAT, shape.data(), static_cast<int>(shape.size()),
                                   TF_TensorByteSize(x), status);
  const Relu relu{static_cast<float*>(TF_TensorData(x)), static_cast<float*>(TF_TensorData(y)), TF_TensorElementCount(x),
                  static_cast<std::vector<float>*>(kernel)};
  (relu.*compute)();
  TF_DeleteTensor(y);
  TF_DeleteTensor(x);
  TF_DeleteStatus(status);
}

void ShapeOfInput(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, 0, shape, status);
  TF_ShapeInferenceContextSetOutput(context, 0, shape, status);
  TF_DeleteShapeHandle(shape);
}

void ShapeOfInputTwice(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, 0, shape, status);
  TF_ShapeInferenceContextConcatenateShapes(context, shape, shape, shape, status);
  TF_ShapeInferenceContextSetOutput(context, 0, shape, status);
  TF_DeleteShapeHandle(shape);
}

void UnknownShape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

using Infer = void (*)(TF_ShapeInferenceContext*, TF_Status*);
using Run = void (*)(void*, TF_OpKernelContext*);

void Register(const char* name, Infer infer, Run run) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* op = TF_NewOpDefinitionBuilder(name);
  TF_OpDefinitionBuilderAddInput(op, "x: float");
  TF_OpDefinitionBuilderAddOutput(op, "y: float");
  TF_OpDefinitionBuilderSetShapeInferenceFunction(op, infer);
  TF_RegisterOpDefinition(op, status);
  TF_RegisterKernelBuilder(name, TF_NewKernelBuilder(name, "CPU", NewKernel, run, DeleteKernel), status);
  TF_DeleteStatus(status);
}

const bool registered = [] {
  Register("RightRelu", ShapeOfInput, Compute<&Relu::InOwnMemory>);
  Register("MisshapenRelu", ShapeOfInputTwice, Compute<&Relu::InOwnMemory>);
  Register("ShapelessRelu", UnknownShape, Compute<&Relu::InOwnMemory>);
  Register("RacingRelu", ShapeOfInput, Compute<&Relu::InSharedMemory>);
  Register("RememberingRelu", ShapeOfInput, Compute<&Relu::InMemoryOfItsKernel>);
  Register("ShardedRelu", ShapeOfInput, Compute<&Relu::InShards>);
  Register("OverwritingRelu", ShapeOfInput, Compute<&Relu::OverItsArgument>);
  return true;
}();

}  // namespace
