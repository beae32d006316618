// All kernels in one library, for test_sanitizers.py: TensorFlow's headers take most of a compilation, and so are read
// once. Each source is in a namespace of its own, since they share names; their headers come before them.
#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "tensorflow/core/framework/bounds_check.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/resource_mgr.h"
#include "tensorflow/core/framework/resource_var.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "tensorflow/core/util/work_sharder.h"

#include "adam.h"
#include "c_op.h"
#include "mlp_members.h"
#include "mlp_train.h"

namespace fused_adam {
#include "fused_adam.cc"
}
namespace layer_normalization {
#include "layer_normalization.cc"
}
#define REAL float
namespace mlp_epoch_float {
#include "mlp_epoch.cc"
}
#undef REAL
#define REAL double
namespace mlp_epoch_double {
#include "mlp_epoch.cc"
}
namespace softmax_cross_entropy {
#include "softmax_cross_entropy.cc"
}
