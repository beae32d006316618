// What test_product.py and test_wide.py compile: the products of product.h.
#include "product.h"

#define PRODUCTS(T, bytes)                                                                                      \
  extern "C" void T##_##bytes(const T* a, int64_t row, int64_t column, int64_t rows, const T* b, int64_t width, \
                              int64_t used, int64_t inner, T* c) {                                              \
    product<bytes>({a, row, column}, rows, b, width, used, inner, c);                                           \
  }
PRODUCTS(float, 16)
PRODUCTS(float, 32)
PRODUCTS(float, 64)
PRODUCTS(double, 16)
PRODUCTS(double, 32)
PRODUCTS(double, 64)
