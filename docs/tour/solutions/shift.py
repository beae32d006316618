"""A solution of exercise 3."""

# The logarithm of the largest float32, 3.4e38, is 88.7; that of the largest float64, 1.8e308, is 709.8.
FIRST_NAN_IN_FLOAT32 = 89
FIRST_NAN_IN_FLOAT64 = 710

RED_TEST = "test_extreme_logits_have_exact_probabilities"
