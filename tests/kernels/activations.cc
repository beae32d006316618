// What test_activations.py compiles: the activations of activations.h, over arrays.
#include "activations.h"

#define OVER(T, function)                                                                \
  extern "C" void function##_##T(const T* x, int64_t size, T* y, T* slopes) {            \
    for (int64_t i = 0; i < size; ++i) y[i] = function(x[i], slopes + i);                \
  }
#define BOTH(function) OVER(float, function) OVER(double, function)
BOTH(leaky_relu)
BOTH(elu)
BOTH(selu)
BOTH(gelu)
BOTH(sigmoid)
BOTH(tanh_of)
BOTH(softplus)
BOTH(silu)
BOTH(mish)
