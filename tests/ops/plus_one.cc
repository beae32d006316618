// The smallest op with a kernel: what the tests of loading load. TensorFlow's C API, since its headers compile fast.
#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"

#include "one.h"

static void SameShape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeHandle* shape = TF_NewShapeHandle();
  TF_ShapeInferenceContextGetInput(context, 0, shape, status);
  TF_ShapeInferenceContextSetOutput(context, 0, shape, status);
  TF_DeleteShapeHandle(shape);
}

static void PlusOne(void*, TF_OpKernelContext* context) {
  TF_Status* status = TF_NewStatus();
  TF_Tensor* x = nullptr;
  TF_GetInput(context, 0, &x, status);
  int64_t sizes[8];
  for (int axis = 0; axis < TF_NumDims(x); ++axis) sizes[axis] = TF_Dim(x, axis);
  TF_Tensor* y = TF_AllocateOutput(context, 0, TF_FLOAT, sizes, TF_NumDims(x), TF_TensorByteSize(x), status);
  const float* from = static_cast<float*>(TF_TensorData(x));
  float* to = static_cast<float*>(TF_TensorData(y));
  for (int64_t i = 0; i < TF_TensorElementCount(x); ++i) to[i] = from[i] + ONE;
  TF_DeleteTensor(x);
  TF_DeleteTensor(y);
  TF_DeleteStatus(status);
}

static bool Register() {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* op = TF_NewOpDefinitionBuilder("DnnTestPlusOne");
  TF_OpDefinitionBuilderAddInput(op, "x: float");
  TF_OpDefinitionBuilderAddOutput(op, "y: float");
  TF_OpDefinitionBuilderSetShapeInferenceFunction(op, SameShape);
  TF_RegisterOpDefinition(op, status);
  TF_RegisterKernelBuilder("PlusOne", TF_NewKernelBuilder("DnnTestPlusOne", "CPU", nullptr, PlusOne, nullptr), status);
  TF_DeleteStatus(status);
  return true;
}

static bool registered = Register();
