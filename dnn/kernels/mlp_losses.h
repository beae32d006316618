// The losses of a batch, and the derivative by the outputs of the last layer. It needs no header of TensorFlow's.
//
// Sums are float64. Squares and sigmoids are computed in it too, as in dnn/nn/losses.py: there are few outputs.
#pragma once

#include <algorithm>
#include <vector>

#include "cross_entropy.h"
#include "wide.h"

enum class Loss { SOFTMAX, BINARY, SQUARED, COUNT };  // as in mlp_losses.py

// Rows of a step.
struct Batch {
  int64_t rows = 0;
  std::vector<int32_t> labels;   // of SOFTMAX: [rows]
  std::vector<double> targets;   // of the others: [rows, outputs]
  std::vector<double> weights;   // [rows]; empty: each is 1
  std::vector<char> counted;     // [rows]; empty: all are
  std::vector<double> losses, scores;  // [rows], what a step finds: the loss without weights, and the metric
  double counts() const { return counted.empty() ? rows : std::count(counted.begin(), counted.end(), 1); }
};

// As tf.argmax: the first of equal numbers; 0 if all are NaN or −∞.
template <typename T>
INLINE int64_t index_of_largest(const T* z, int64_t classes) {
  T largest = std::numeric_limits<T>::lowest();
  int64_t index = 0;
  for (int64_t k = 0; k < classes; ++k) {
    if (z[k] > largest) largest = z[k], index = k;
  }
  return index;
}

template <typename T>
void softmax_of_few_classes(const T* outputs, int64_t classes, int64_t width, T count, Batch& batch, T* derivative) {
  T z[FEW_CLASSES][GROUP] = {}, d[FEW_CLASSES][GROUP], loss[GROUP];
  int32_t label[GROUP] = {}, index[GROUP];
  for (int64_t first = 0; first < batch.rows; first += GROUP) {
    const int64_t some = std::min<int64_t>(GROUP, batch.rows - first);
    std::copy_n(batch.labels.data() + first, some, label);
    for (int64_t i = 0; i < some; ++i) {
      for (int64_t k = 0; k < classes; ++k) z[k][i] = outputs[(first + i) * width + k];
    }
    rows_side_by_side(z, classes, label, loss, d, index);
    for (int64_t k = 0; k < classes; ++k) {
#pragma omp simd
      for (int i = 0; i < GROUP; ++i) d[k][i] /= count;
    }
    for (int64_t i = 0; i < some; ++i) {
      for (int64_t k = 0; k < classes; ++k) derivative[(first + i) * width + k] = d[k][i];
      batch.losses[first + i] = loss[i], batch.scores[first + i] = index[i] == label[i];
    }
  }
}

template <typename T>
void softmax(const T* outputs, int64_t classes, int64_t width, T count, Batch& batch, T* derivative) {
  if (classes <= FEW_CLASSES) return softmax_of_few_classes(outputs, classes, width, count, batch, derivative);
  for (int64_t i = 0; i < batch.rows; ++i) {
    const T* z = outputs + i * width;
    T loss, *d = derivative + i * width;
    one_row(z, classes, batch.labels[i], &loss, d);
    batch.losses[i] = loss, batch.scores[i] = index_of_largest(z, classes) == batch.labels[i];
#pragma omp simd
    for (int64_t j = 0; j < classes; ++j) d[j] /= count;
  }
}

// f(output, target, &derivative, &score) -> loss, of each output; a row's loss and score are means over them.
template <typename T, typename F>
void each_output(const T* outputs, int64_t units, int64_t width, T count, Batch& batch, T* derivative, const F& f) {
  std::fill_n(batch.losses.begin(), batch.rows, 0), std::fill_n(batch.scores.begin(), batch.rows, 0);
  double z[GROUP] = {}, t[GROUP] = {}, d[GROUP], loss[GROUP], score[GROUP];
  for (int64_t k = 0; k < units; ++k) {
    for (int64_t first = 0; first < batch.rows; first += GROUP) {
      const int64_t some = std::min<int64_t>(GROUP, batch.rows - first);
      NOT_UNROLLED
      for (int64_t i = 0; i < some; ++i) {
        z[i] = outputs[(first + i) * width + k], t[i] = batch.targets[(first + i) * units + k];
      }
#pragma omp simd
      for (int i = 0; i < GROUP; ++i) loss[i] = f(z[i], t[i], d + i, score + i);
      NOT_UNROLLED
      for (int64_t i = 0; i < some; ++i) {
        derivative[(first + i) * width + k] = static_cast<T>(d[i] / units) / count;
        batch.losses[first + i] += loss[i] / units, batch.scores[first + i] += score[i] / units;
      }
    }
  }
}

// Its score is the loss itself, which may be a metric too.
INLINE double squared(double p, double y, double* d, double* score) {
  *d = 2 * (p - y);
  return *score = (p - y) * (p - y);
}

// ln(1 + e^−|z|) + |z| against, against = 1 − t where z >= 0, else t: as in losses.py, an infinite |z| times 0 is 0.
INLINE double binary(double z, double t, double* d, double* score) {
  const bool positive = z >= 0;
  const double size = positive ? z : -z, e = exponential(-size, 0.0), against = positive ? 1 - t : t;
  const double slope = against - e / (1 + e);
  *d = positive ? slope : -slope;
  *score = (z > 0) == (t != 0) ? 1 : 0;
  return log_of_one_plus(e) + (against == 0 ? 0 : size * against);
}

// Of a row that weighs 0, nothing counts, also if it is NaN.
template <typename T>
void weigh(const Batch& batch, int64_t units, int64_t width, T* derivative) {
  for (int64_t i = 0; i < batch.rows; ++i) {
    const T weight = batch.weights[i];
    T* d = derivative + i * width;
    for (int64_t k = 0; k < units; ++k) d[k] = weight == 0 ? T(0) : d[k] * weight;
  }
}

// Adds the losses, weighted, and the scores of the rows that count to sums; derivative: of their mean, by the outputs.
template <typename T>
void losses(Loss kind, const T* outputs, int64_t units, int64_t width, Batch& batch, T* derivative, double* sums) {
  const T count = static_cast<T>(batch.counts());
  batch.losses.resize(batch.rows), batch.scores.resize(batch.rows);
  const auto each = [&](const auto& f) { each_output(outputs, units, width, count, batch, derivative, f); };
  if (kind == Loss::SOFTMAX) softmax(outputs, units, width, count, batch, derivative);
  if (kind == Loss::BINARY) each([](auto... given) { return binary(given...); });
  if (kind == Loss::SQUARED) each([](auto... given) { return squared(given...); });
  if (!batch.weights.empty()) weigh(batch, units, width, derivative);
  for (int64_t i = 0; i < batch.rows; ++i) {
    const double weight = batch.weights.empty() ? 1 : batch.weights[i];
    sums[0] += weight == 0 ? 0 : weight * batch.losses[i];
    sums[1] += batch.counted.empty() || batch.counted[i] ? batch.scores[i] : 0;
  }
}
