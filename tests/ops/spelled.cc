// An op whose name does not stand in one REGISTER_OP("…"), and such a text that is no op: REGISTER_OP("DnnTestComment")
#include "tensorflow/core/framework/op.h"

#define PREFIX "DnnTest"
#define OP(name) REGISTER_OP (PREFIX name)

OP("Spelled").Input("x: float").Output("y: float");
