"""The native road: the epochs of an optimizer in C++, by `NativeEpochs` in its place, on the very same variables.

It computes the same formulas with sums in another order, so its weights differ as those of graph mode and XLA do.
"""

import importlib
import math

from dnn.nn.optimizers.skip import SkipNotFinite
from dnn.train.epoch import step_multiply_adds, trace_training, train_epoch
from dnn.train.guarded_epoch import train_guarded_epoch
from dnn.train.members import members_of
from dnn.train.runtime import Compiled, Program
from dnn.train.xla import SMALL_STEP_SAVED

PAYS = 4e11  # multiply-adds after which XLA has taken as long as the kernel's compilation may, two to four seconds
MOST_PARAMETERS = 50_000  # of a network, beyond which XLA with two threads is faster
MOST_MULTIPLY_ADDS = 1e7  # of a step of a network, likewise


def is_whole(program: Program) -> bool:
    """Whether it is of a whole epoch, as the kernel takes them."""
    return program.function in (train_epoch, train_guarded_epoch)


def native_epochs(program: Program) -> Compiled:
    """Trace the epochs in C++ that compute what a program of epochs in TensorFlow's operations does.

    Raises:
        RuntimeError: If there is no compiler for the kernel.
        ValueError: If the kernel does not compute this model, loss, optimizer, metric or these rows; it says why.
        TypeError: Likewise.
    """
    model, loss, optimizer, metrics = program.constants[:4]
    kernels = importlib.import_module("dnn.kernels.native_epochs")  # by name: to train, no kernel is needed
    if isinstance(optimizer, SkipNotFinite):
        raise ValueError("on_nan='skip' looks at each step, and the kernel takes whole epochs")
    native = kernels.in_place_of(optimizer)
    native.check(model, loss, metrics, program.specs[0])
    constants = model, loss, native, *program.constants[3:]
    return trace_training(program._replace(constants=constants, one_thread=True))  # beside its own


def native_after(program: Program) -> float:
    """Return `epochs_before_native` of a program of whole epochs."""
    model, _, optimizer, _, batch_size = program.constants[:5]
    steps = math.ceil(program.specs[0].x.shape[0] / batch_size)
    work, members = step_multiply_adds(model, batch_size, optimizer), members_of(model)
    return epochs_before_native(steps, work, work // batch_size // members, members)


def epochs_before_native(steps: int, multiply_adds: int, parameters: int, members: int = 1) -> float:
    """Return how many epochs "auto" runs before the kernel takes over: as much work as pays for compiling it.

    Whether it is compiled already is not looked at: what is computed depends on the arguments alone.

    Args:
        steps: of an epoch.
        multiply_adds: of a step, as `dnn.train.epoch.step_multiply_adds` counts them.
        parameters: of one network.
        members: of an ensemble, each of which takes XLA about as long as a network.
    """
    too_large = parameters > MOST_PARAMETERS or multiply_adds > members * MOST_MULTIPLY_ADDS
    return math.inf if too_large else PAYS // (steps * (multiply_adds + members * SMALL_STEP_SAVED))
