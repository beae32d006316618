// A thin layer over TensorFlow's C API for ops, whose headers are read in a tenth of a second, those of its C++ in six.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tensorflow/c/kernels.h"
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_datatype.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

// What an op refuses, and by which code.
struct Refusal {
  TF_Code code;
  std::string message;
};

class OpStatus {
 public:
  ~OpStatus() { TF_DeleteStatus(status_); }
  operator TF_Status*() { return status_; }
  void check() const {
    if (TF_GetCode(status_) != TF_OK) throw Refusal{TF_GetCode(status_), TF_Message(status_)};
  }

 private:
  TF_Status* status_ = TF_NewStatus();
};

class OpTensor {
 public:
  explicit OpTensor(TF_Tensor* tensor) : tensor_(tensor) {}
  OpTensor(OpTensor&& other) : tensor_(std::exchange(other.tensor_, nullptr)) {}
  ~OpTensor() {
    if (tensor_) TF_DeleteTensor(tensor_);
  }
  template <typename T>
  T* data() const {
    return static_cast<T*>(TF_TensorData(tensor_));
  }
  int dims() const { return TF_NumDims(tensor_); }
  int64_t dim(int i) const { return TF_Dim(tensor_, i); }
  int64_t size() const { return TF_TensorElementCount(tensor_); }
  bool has_shape(const int64_t* sizes, int count) const {
    bool same = dims() == count;
    for (int i = 0; same && i < count; ++i) same = dim(i) == sizes[i];
    return same;
  }
  std::vector<int64_t> shape() const {
    std::vector<int64_t> sizes;
    for (int i = 0; i < dims(); ++i) sizes.push_back(dim(i));
    return sizes;
  }

 private:
  TF_Tensor* tensor_;
};

inline OpTensor input_of(TF_OpKernelContext* context, int i) {
  OpStatus status;
  TF_Tensor* tensor = nullptr;
  TF_GetInput(context, i, &tensor, status);
  status.check();
  return OpTensor(tensor);
}

template <typename T>
OpTensor output_of(TF_OpKernelContext* context, int i, const std::vector<int64_t>& shape, TF_DataType type) {
  OpStatus status;
  int64_t size = sizeof(T);
  for (int64_t each : shape) size *= each;
  TF_Tensor* tensor = TF_AllocateOutput(context, i, type, shape.data(), shape.size(), size, status);
  status.check();
  return OpTensor(tensor);
}

inline int64_t integer_of(TF_OpKernelConstruction* construction, const char* name) {
  OpStatus status;
  int64_t value = 0;
  TF_OpKernelConstruction_GetAttrInt64(construction, name, &value, status);
  status.check();
  return value;
}

inline std::vector<int64_t> integers_of(TF_OpKernelConstruction* construction, const char* name) {
  OpStatus status;
  int32_t count = 0, unused = 0;
  TF_OpKernelConstruction_GetAttrSize(construction, name, &count, &unused, status);
  status.check();
  std::vector<int64_t> values(count);
  TF_OpKernelConstruction_GetAttrInt64List(construction, name, values.data(), count, status);
  status.check();
  return values;
}
