// Five ops that give relu(x) of float32: one is right, two infer a wrong shape, one shares its memory among threads, and
// one writes over its argument.
// They are written in TensorFlow's C interface, whose headers compile within a second or two.

#include <cstdint>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

namespace {

struct Relu {
  const float* x;
  float* y;
  int64_t size;

  void InOwnMemory() const {
    for (int64_t i = 0; i < size; ++i) y[i] = x[i] < 0 ? 0 : x[i];
  }

  void InSharedMemory() const {
    static float scratch[1 << 16];
    const int64_t count = size < (1 << 16) ? size : (1 << 16);
    for (int64_t i = 0; i < count; ++i) scratch[i] = x[i] < 0 ? 0 : x[i];
    for (int64_t i = 0; i < count; ++i) y[i] = scratch[i];
  }

  void OverItsArgument() const {
    float* over = const_cast<float*>(x);
    for (int64_t i = 0; i < size; ++i) y[i] = over[i] = x[i] < 0 ? 0 : x[i];
  }
};

template <void (Relu::*compute)() const>
void Compute(void*, TF_OpKernelContext* context) {
  TF_Status* status = TF_NewStatus();
  TF_Tensor* x = nullptr;
  TF_GetInput(context, 0, &x, status);
  std::vector<int64_t> shape(TF_NumDims(x));
  for (size_t axis = 0; axis < shape.size(); ++axis) shape[axis] = TF_Dim(x, static_cast<int>(axis));
  TF_Tensor* y = TF_AllocateOutput(context, 0, TF_FLOAT, shape.data(), static_cast<int>(shape.size()),
                                   TF_TensorByteSize(x), status);
  const Relu relu{static_cast<float*>(TF_TensorData(x)), static_cast<float*>(TF_TensorData(y)), TF_TensorElementCount(x)};
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
  TF_RegisterKernelBuilder(name, TF_NewKernelBuilder(name, "CPU", nullptr, run, nullptr), status);
  TF_DeleteStatus(status);
}

const bool registered = [] {
  Register("RightRelu", ShapeOfInput, Compute<&Relu::InOwnMemory>);
  Register("MisshapenRelu", ShapeOfInputTwice, Compute<&Relu::InOwnMemory>);
  Register("ShapelessRelu", UnknownShape, Compute<&Relu::InOwnMemory>);
  Register("RacingRelu", ShapeOfInput, Compute<&Relu::InSharedMemory>);
  Register("OverwritingRelu", ShapeOfInput, Compute<&Relu::OverItsArgument>);
  return true;
}();

}  // namespace
