"""An op called with its gradients, as TensorFlow differentiates it."""

import tensorflow as tf

from dnn.testing.ops.subject import cotangents, is_float, outputs


def with_gradients(function, arguments, weights) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """The outputs, and by each argument of floats the gradient of Σ c·r over all outputs r of floats and weights c.

    0 where nothing depends on an argument.
    """
    return with_all_gradients(function, arguments, weights, ())


def with_all_gradients(function, arguments, weights, variables) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """The same, and after the gradients by the arguments those by these variables."""
    results, sources, gradients = _differentiated(function, arguments, weights, variables)
    gradients = [tf.zeros_like(by) if one is None else one for one, by in zip(gradients, sources, strict=True)]
    return results, [_of_its_shape(*pair, place) for place, pair in enumerate(zip(gradients, sources, strict=True))]


def _differentiated(function, arguments, weights, variables) -> tuple[list, list, list]:
    """The outputs, what the gradients are by, and the gradients, None where nothing depends on it."""
    arguments = list(map(tf.convert_to_tensor, arguments))
    sources = [*filter(is_float, arguments), *variables]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        results = outputs(function, arguments)
    targets = [result for result in results if is_float(result)]
    return results, sources, tape.gradient(targets, sources, output_gradients=list(weights))


def lacks_a_gradient(function, arrays, variables) -> tuple[str, frozenset[int]]:
    """The op that has none, as TensorFlow says, "" if each has one; and by which argument or variable it is None."""
    try:
        *_, gradients = _differentiated(function, arrays, cotangents(outputs(function, arrays)), variables)
        return "", frozenset(place for place, gradient in enumerate(gradients) if gradient is None)
    except Exception as error:
        unregistered = type(error) is LookupError and "gradient registry has no entry" in str(error)
        return str(error) if unregistered else "", frozenset()


def _of_its_shape(gradient, by, place: int) -> tf.Tensor:
    """Raises: AssertionError, where a gradient is not of the shape of what it is by; of a graph another law asks."""
    gradient = tf.convert_to_tensor(gradient)
    if tf.executing_eagerly() and gradient.shape != by.shape:
        wrong = f"has shape {gradient.shape} instead of {by.shape}"
        raise AssertionError(f"the gradient by float argument or variable {place} {wrong}")
    return gradient
