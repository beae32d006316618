// What test_wide.py compiles: the product of product.h.
#include "product.h"

WIDE void multiply(View<float> a, int64_t rows, const float* b, int64_t width, int64_t inner, float* c) {
  product(a, rows, b, width, inner, c);
}

WIDE void multiply(View<double> a, int64_t rows, const double* b, int64_t width, int64_t inner, double* c) {
  product(a, rows, b, width, inner, c);
}
