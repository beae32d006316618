"""Formulas of the package's pieces and the derivations of their derivatives, in LaTeX, which a page turns to MathML."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from dnn.nn.activations import elu, gelu, leaky_relu, relu, selu, sigmoid, silu, softplus, tanh
from dnn.nn.dropout import dropout
from dnn.nn.example_weights import weighted_mean
from dnn.nn.layers import dense
from dnn.nn.losses import binary_cross_entropy, mean_squared_error, softmax_cross_entropy, sparse_softmax_cross_entropy
from dnn.nn.mish import mish
from dnn.nn.normalization import layer_normalization
from dnn.nn.regularizers import L1, L1L2, L2


class Formula(NamedTuple):
    """value: what it computes. derivation: how its derivative follows, a line each. L is the mean loss."""

    value: str
    derivation: tuple[str, ...]


CROSS_ENTROPY = Formula(
    r"l_r = -\ln p_{r t_r}, \quad p_{rj} = \frac{e^{z_{rj} - \max_k z_{rk}}}{\sum_k e^{z_{rk} - \max_k z_{rk}}}",
    (
        r"l = \ln \sum_k e^{z_k} - z_t \quad \text{(the shift by the maximum cancels)}",
        r"\frac{\partial}{\partial z_j} \ln \sum_k e^{z_k} = \frac{e^{z_j}}{\sum_k e^{z_k}} = p_j",
        r"\frac{\partial l}{\partial z_j} = p_j - [j = t]",
    ),
)

FORMULAS: Mapping[Callable[..., Any], Formula] = MappingProxyType(
    {
        dense: Formula(
            r"z_{ru} = \sum_i x_{ri} W_{iu} + b_u",
            (
                r"\frac{\partial L}{\partial W_{iu}} = \sum_r \frac{\partial L}{\partial z_{ru}}"
                r" \frac{\partial z_{ru}}{\partial W_{iu}} = \sum_r x_{ri} \frac{\partial L}{\partial z_{ru}}",
                r"\frac{\partial L}{\partial b_u} = \sum_r \frac{\partial L}{\partial z_{ru}}",
                r"\frac{\partial L}{\partial x_{ri}} = \sum_u \frac{\partial L}{\partial z_{ru}} W_{iu}",
            ),
        ),
        relu: Formula(
            r"a = \max(0, z)",
            (
                r"z > 0: \; a = z, \; \frac{da}{dz} = 1",
                r"z \le 0: \; a = 0, \; \frac{da}{dz} = 0 \quad \text{(at 0 by convention, as in Keras)}",
                r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} [z > 0]",
            ),
        ),
        leaky_relu: Formula(
            r"a = z \text{ where } z > 0, \text{ else } s z",
            (
                r"z > 0: \; \frac{da}{dz} = 1",
                r"z \le 0: \; \frac{da}{dz} = s",
                r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} \frac{da}{dz}",
            ),
        ),
        elu: Formula(
            r"a = z \text{ where } z > 0, \text{ else } \alpha (e^z - 1)",
            (
                r"z > 0: \; \frac{da}{dz} = 1",
                r"z \le 0: \; \frac{da}{dz} = \alpha e^z = a + \alpha",
                r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} \frac{da}{dz}",
            ),
        ),
        selu: Formula(
            r"a = \lambda z \text{ where } z \ge 0, \text{ else } \lambda \alpha (e^z - 1)",
            (
                r"z \ge 0: \; \frac{da}{dz} = \lambda",
                r"z < 0: \; \frac{da}{dz} = \lambda \alpha e^z",
                r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} \frac{da}{dz}",
            ),
        ),
        gelu: Formula(
            r"a = z \Phi(z), \quad \Phi \text{ the normal distribution function}",
            (
                r"\frac{d\Phi}{dz} = \varphi(z) = \frac{e^{-z^2/2}}{\sqrt{2\pi}}",
                r"\frac{da}{dz} = \Phi(z) + z \varphi(z)",
                r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} \frac{da}{dz}",
            ),
        ),
        sigmoid: Formula(
            r"a = s(z) = \frac{1}{1 + e^{-z}}",
            (
                r"\frac{da}{dz} = \frac{e^{-z}}{(1 + e^{-z})^2}",
                r"= \frac{1}{1 + e^{-z}} \cdot \frac{1}{1 + e^{z}} = s(z) s(-z)",
                r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} s(z) s(-z)",
            ),
        ),
        tanh: Formula(
            r"a = \tanh z = \frac{e^z - e^{-z}}{e^z + e^{-z}}",
            (
                r"\frac{da}{dz} = \frac{(e^z + e^{-z})^2 - (e^z - e^{-z})^2}{(e^z + e^{-z})^2}",
                r"= 1 - \tanh^2 z",
                r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} (1 - a^2)",
            ),
        ),
        softplus: Formula(
            r"a = \ln(1 + e^z)",
            (
                r"\frac{da}{dz} = \frac{e^z}{1 + e^z}",
                r"= s(z), \text{ the sigmoid}",
                r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} s(z)",
            ),
        ),
        silu: Formula(
            r"a = z s(z)",
            (
                r"\frac{ds}{dz} = s(z) s(-z)",
                r"\frac{da}{dz} = s(z) + z s(z) s(-z)",
                r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} \frac{da}{dz}",
            ),
        ),
        mish: Formula(
            r"a = z g(z), \quad g(z) = \tanh \ln(1 + e^z)",
            (
                r"\frac{dg}{dz} = (1 - g^2) s(z), \quad s \text{ the sigmoid}",
                r"\frac{da}{dz} = g(z) + z (1 - g(z)^2) s(z)",
                r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} \frac{da}{dz}",
            ),
        ),
        dropout: Formula(
            r"a = \frac{z d}{1 - \text{rate}}, \quad d \in \{0, 1\}",
            (
                r"d \text{ is drawn from the key of the step, and constant}",
                r"\frac{da}{dz} = \frac{d}{1 - \text{rate}}",
                r"\frac{\partial L}{\partial z} = \frac{\partial L}{\partial a} \frac{d}{1 - \text{rate}}",
            ),
        ),
        layer_normalization: Formula(
            r"y_i = \gamma_i \hat{x}_i + \beta_i, \quad \hat{x}_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \epsilon}}",
            (
                r"g_i = \gamma_i \frac{\partial L}{\partial y_i}",
                r"\frac{\partial L}{\partial x_i} ="
                r" \frac{g_i - \bar{g} - \hat{x}_i \overline{g \hat{x}}}{\sqrt{\sigma^2 + \epsilon}}",
                r"\frac{\partial L}{\partial \gamma_i} = \sum_r \frac{\partial L}{\partial y_{ri}} \hat{x}_{ri}, \quad"
                r" \frac{\partial L}{\partial \beta_i} = \sum_r \frac{\partial L}{\partial y_{ri}}",
            ),
        ),
        sparse_softmax_cross_entropy: CROSS_ENTROPY,
        softmax_cross_entropy: CROSS_ENTROPY,
        binary_cross_entropy: Formula(
            r"l = \ln(1 + e^{-|z|}) + |z| (1 - t \text{ where } z \ge 0, \text{ else } t)",
            (
                r"l = -t \ln s(z) - (1 - t) \ln(1 - s(z))",
                r"\frac{d}{dz} \ln s(z) = 1 - s(z), \quad \frac{d}{dz} \ln(1 - s(z)) = -s(z)",
                r"\frac{\partial l}{\partial z} = \frac{s(z) - t}{\text{outputs}}",
            ),
        ),
        mean_squared_error: Formula(
            r"l = \frac{1}{n} \sum_j (y_j - p_j)^2",
            (
                r"\frac{\partial}{\partial p_j} (y_j - p_j)^2 = -2 (y_j - p_j)",
                r"\text{the other terms do not contain } p_j",
                r"\frac{\partial l}{\partial p_j} = \frac{2 (p_j - y_j)}{n}",
            ),
        ),
        weighted_mean: Formula(
            r"L = \frac{1}{n} \sum_r w_r l_r",
            (
                r"\text{a sum: each row counts for itself}",
                r"w_r = 1 \text{ where no weights are given}",
                r"\frac{\partial L}{\partial l_r} = \frac{w_r}{n}",
            ),
        ),
        L1: Formula(r"L_1 = \lambda \sum |w|", (r"\frac{\partial}{\partial w} = \lambda \, \text{sign}(w)",)),
        L2: Formula(r"L_2 = \lambda \sum w^2", (r"\frac{\partial}{\partial w} = 2 \lambda w",)),
        L1L2: Formula(
            r"\lambda_1 \sum |w| + \lambda_2 \sum w^2",
            (r"\frac{\partial}{\partial w} = \lambda_1 \text{sign}(w) + 2 \lambda_2 w",),
        ),
    }
)


def formula_of(piece: Any) -> Formula | None:
    """Return the formula of a function, or of an object's class; None for one that is not of this package."""
    function = getattr(piece, "func", piece)  # of a functools.partial
    try:
        return FORMULAS.get(function) or FORMULAS.get(type(function))
    except TypeError:  # what cannot be hashed
        return None
