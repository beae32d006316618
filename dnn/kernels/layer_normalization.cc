// Layer normalization and its derivative, each in one pass over memory. See layer_normalization.py.
//
//   d = x − mean,  r = 1 / √(mean of d² + ε),  n = d r,  y = n γ + β
//   ∂x = r (a − mean a − n mean(a n))  with a = γ ∂y,   ∂γ = Σ n ∂y,   ∂β = Σ ∂y,  summed over the rows
//
// A row stays in the cache while its thread works on it. Means and sums are float64.
#include <algorithm>
#include <cmath>

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"
#include "tensorflow/core/util/work_sharder.h"

#include "wide.h"

namespace {

using namespace tensorflow;

REGISTER_OP("DnnLayerNormalization")
    .Input("x: T")
    .Input("gamma: T")
    .Input("beta: T")
    .Input("epsilon: T")
    .Output("y: T")
    .Output("statistics: double")  // of each row: the two parts of its mean, and r
    .Attr("T: {float, double}")
    .Attr("one_thread: bool = true")  // synchronous, and calls no function of the graph
    .SetShapeFn([](shape_inference::InferenceContext* c) {
      shape_inference::ShapeHandle x, vector, scalar, y, rows, statistics;
      shape_inference::DimensionHandle size;
      TF_RETURN_IF_ERROR(c->WithRankAtLeast(c->input(0), 1, &x));
      TF_RETURN_IF_ERROR(c->WithRank(c->input(1), 1, &vector));
      TF_RETURN_IF_ERROR(c->Merge(vector, c->input(2), &vector));
      TF_RETURN_IF_ERROR(c->WithRank(c->input(3), 0, &scalar));
      TF_RETURN_IF_ERROR(c->Merge(c->Dim(x, -1), c->Dim(vector, 0), &size));
      TF_RETURN_IF_ERROR(c->ReplaceDim(x, -1, size, &y));
      TF_RETURN_IF_ERROR(c->Subshape(x, 0, -1, &rows));
      TF_RETURN_IF_ERROR(c->Concatenate(rows, c->Vector(3), &statistics));
      c->set_output(0, y);
      c->set_output(1, statistics);
      return absl::OkStatus();
    });

REGISTER_OP("DnnLayerNormalizationGrad")
    .Input("y_gradient: T")
    .Input("x: T")
    .Input("gamma: T")
    .Input("statistics: double")
    .Output("x_gradient: T")
    .Output("gamma_gradient: T")
    .Output("beta_gradient: T")
    .Attr("T: {float, double}")
    .Attr("one_thread: bool = true")  // synchronous, and calls no function of the graph
    .SetShapeFn([](shape_inference::InferenceContext* c) {
      shape_inference::ShapeHandle x;
      TF_RETURN_IF_ERROR(c->Merge(c->input(0), c->input(1), &x));
      c->set_output(0, x);
      c->set_output(1, c->input(2));
      c->set_output(2, c->input(2));
      return absl::OkStatus();
    });

// x − mean, with mean = high + low, so that no digits are lost where x is near it.
template <typename T>
struct Mean {
  T high, low;
  explicit INLINE Mean(const double* parts) : high(static_cast<T>(parts[0])), low(static_cast<T>(parts[1])) {}
  INLINE T from(T x) const { return (x - high) - low; }
};

template <typename T>
INLINE void forward(const T* x, const T* gamma, const T* beta, T epsilon, int64_t size, T* y, double* statistics) {
  double sum = 0, rest = 0, squares = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t j = 0; j < size; ++j) sum += x[j];
  statistics[0] = static_cast<T>(sum / size);
  statistics[1] = sum / size - statistics[0];
  const Mean<T> rounded(statistics);
#pragma omp simd reduction(+ : rest, squares)
  for (int64_t j = 0; j < size; ++j) {
    const double d = rounded.from(x[j]);
    rest += d;
    squares += d * d;
  }
  rest /= size;  // the rounding error of the mean: 0 if x is float32
  statistics[1] += rest;
  const double variance = std::isinf(squares) ? squares : squares / size - rest * rest;  // not ∞ − ∞, a NaN
  statistics[2] = 1 / std::sqrt(variance + epsilon);
  const Mean<T> mean(statistics);
  const T r = static_cast<T>(statistics[2]);
#pragma omp simd
  for (int64_t j = 0; j < size; ++j) y[j] = mean.from(x[j]) * r * gamma[j] + beta[j];
}

template <typename T>
INLINE void backward(const T* dy, const T* x, const T* gamma, const double* statistics, int64_t size, T* dx,
                     double* gamma_sums, double* beta_sums) {
  const Mean<T> mean(statistics);
  const T r = static_cast<T>(statistics[2]);
  double sum = 0, products = 0;
#pragma omp simd reduction(+ : sum, products)
  for (int64_t j = 0; j < size; ++j) {
    const T n = mean.from(x[j]) * r, a = dy[j] * gamma[j];
    sum += a;
    products += double(a) * double(n);
    gamma_sums[j] += double(dy[j]) * double(n);
    beta_sums[j] += dy[j];
  }
  const T level = static_cast<T>(sum / size), slope = static_cast<T>(products / size);
#pragma omp simd
  for (int64_t j = 0; j < size; ++j) dx[j] = (dy[j] * gamma[j] - level - mean.from(x[j]) * r * slope) * r;
}

#define FOR_EACH_TYPE(T)                                                                                       \
  WIDE void forward_row(const T* x, const T* gamma, const T* beta, T epsilon, int64_t size, T* y, double* s) { \
    forward(x, gamma, beta, epsilon, size, y, s);                                                              \
  }                                                                                                            \
  WIDE void backward_row(const T* dy, const T* x, const T* gamma, const double* s, int64_t size, T* dx,        \
                         double* gamma_sums, double* beta_sums) {                                              \
    backward(dy, x, gamma, s, size, dx, gamma_sums, beta_sums);                                                \
  }
FOR_EACH_TYPE(float)
FOR_EACH_TYPE(double)
#undef FOR_EACH_TYPE

struct Sizes {
  int64_t rows = 1, size = 0;
};

Sizes SizesOf(const TensorShape& x) {
  Sizes sizes;
  for (int i = 0; i + 1 < x.dims(); ++i) sizes.rows *= x.dim_size(i);
  sizes.size = x.dim_size(x.dims() - 1);
  return sizes;
}

// The shape of x with 3 as its last size. It may be too large where x itself is empty.
absl::Status StatisticsShape(const TensorShape& x, TensorShape* shape) {
  *shape = x;
  return shape->SetDimWithStatus(x.dims() - 1, 3);
}

template <typename T>
class LayerNormalizationOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor &x = context->input(0), &gamma = context->input(1), &beta = context->input(2);
    const Tensor& epsilon = context->input(3);
    OP_REQUIRES(context,
                x.dims() >= 1 && gamma.dims() == 1 && gamma.dim_size(0) == x.dim_size(x.dims() - 1) &&
                    beta.shape() == gamma.shape() && epsilon.dims() == 0,
                absl::InvalidArgumentError(absl::StrCat(
                    "x must be [..., size], gamma and beta [size] and epsilon [], got ", x.shape().DebugString(), ", ",
                    gamma.shape().DebugString(), ", ", beta.shape().DebugString(), " and ",
                    epsilon.shape().DebugString())));
    TensorShape of_statistics;
    OP_REQUIRES_OK(context, StatisticsShape(x.shape(), &of_statistics));
    Tensor *y = nullptr, *statistics = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, x.shape(), &y));
    OP_REQUIRES_OK(context, context->allocate_output(1, of_statistics, &statistics));

    const auto [rows, size] = SizesOf(x.shape());
    const T *x_data = x.flat<T>().data(), *g = gamma.flat<T>().data(), *b = beta.flat<T>().data();
    const T e = *epsilon.flat<T>().data();
    T* y_data = y->flat<T>().data();
    double* s = statistics->flat<double>().data();
    const auto& workers = *context->device()->tensorflow_cpu_worker_threads();
    Shard(workers.num_threads, workers.workers, rows, 50 + 4 * size, [&, size = size](int64_t first, int64_t end) {
      for (int64_t i = first; i < end; ++i) {
        forward_row(x_data + i * size, g, b, e, size, y_data + i * size, s + 3 * i);
      }
    });
  }
};

template <typename T>
class LayerNormalizationGradOp : public OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(OpKernelContext* context) override {
    const Tensor &y_gradient = context->input(0), &x = context->input(1), &gamma = context->input(2);
    const Tensor& statistics = context->input(3);
    TensorShape of_statistics;
    OP_REQUIRES(context, x.dims() >= 1, absl::InvalidArgumentError("x must be [..., size], got a number"));
    OP_REQUIRES_OK(context, StatisticsShape(x.shape(), &of_statistics));
    OP_REQUIRES(context,
                y_gradient.shape() == x.shape() && gamma.dims() == 1 &&
                    gamma.dim_size(0) == x.dim_size(x.dims() - 1) && statistics.shape() == of_statistics,
                absl::InvalidArgumentError(absl::StrCat(
                    "y_gradient and x must be [..., size], gamma [size] and statistics [..., 3], got ",
                    y_gradient.shape().DebugString(), ", ", x.shape().DebugString(), ", ",
                    gamma.shape().DebugString(), " and ", statistics.shape().DebugString())));
    Tensor *x_gradient = nullptr, *gamma_gradient = nullptr, *beta_gradient = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, x.shape(), &x_gradient));
    OP_REQUIRES_OK(context, context->allocate_output(1, gamma.shape(), &gamma_gradient));
    OP_REQUIRES_OK(context, context->allocate_output(2, gamma.shape(), &beta_gradient));

    const auto [rows, size] = SizesOf(x.shape());
    // Sums over blocks of rows, which do not depend on the number of threads, so neither does the result.
    const int64_t block = std::max<int64_t>(16, (rows + 63) / 64), blocks = (rows + block - 1) / block;
    Tensor sums;
    OP_REQUIRES_OK(context, context->allocate_temp(DT_DOUBLE, TensorShape({blocks, 2, size}), &sums));
    double* sum = sums.flat<double>().data();
    std::fill_n(sum, sums.NumElements(), 0.0);
    const T *dy = y_gradient.flat<T>().data(), *x_data = x.flat<T>().data(), *g = gamma.flat<T>().data();
    const double* s = statistics.flat<double>().data();
    T* dx = x_gradient->flat<T>().data();
    const auto& workers = *context->device()->tensorflow_cpu_worker_threads();
    Shard(workers.num_threads, workers.workers, blocks, block * (50 + 6 * size),
          [&, rows = rows, size = size](int64_t first, int64_t end) {
            for (int64_t i = first * block; i < std::min(end * block, rows); ++i) {
              double* of_block = sum + i / block * 2 * size;
              backward_row(dy + i * size, x_data + i * size, g, s + 3 * i, size, dx + i * size, of_block,
                           of_block + size);
            }
          });
    T *d_gamma = gamma_gradient->flat<T>().data(), *d_beta = beta_gradient->flat<T>().data();
    for (int64_t j = 0; j < size; ++j) {
      double of_gamma = 0, of_beta = 0;
      for (int64_t k = 0; k < blocks; ++k) {
        of_gamma += sum[2 * k * size + j];
        of_beta += sum[(2 * k + 1) * size + j];
      }
      d_gamma[j] = static_cast<T>(of_gamma);
      d_beta[j] = static_cast<T>(of_beta);
    }
  }
};

#define REGISTER(T)                                                                                    \
  REGISTER_KERNEL_BUILDER(Name("DnnLayerNormalization").Device(DEVICE_CPU).TypeConstraint<T>("T"),     \
                          LayerNormalizationOp<T>);                                                    \
  REGISTER_KERNEL_BUILDER(Name("DnnLayerNormalizationGrad").Device(DEVICE_CPU).TypeConstraint<T>("T"), \
                          LayerNormalizationGradOp<T>)
REGISTER(float);
REGISTER(double);
#undef REGISTER

}  // namespace
