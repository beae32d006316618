// What test_wide.py compiles: the loop of wide.h that looks for the largest.
#include "wide.h"

WIDE float largest(const float* x, int64_t n) { return largest_of(x, n); }
WIDE double largest(const double* x, int64_t n) { return largest_of(x, n); }
