// The steps of an epoch, for REAL: a part of mlp_epoch.cc, to be compiled at the same time.
#include "mlp_train.h"

template Fault train<REAL>(const Epoch<REAL>&, int64_t, Network<REAL>&);
