"""Exercise 6: early stopping."""


def best_and_last(losses, patience):
    """Return the number of the best epoch, and of the last one that ran, counted from 1.

    The best epoch has the smallest loss up to then, the first of equal ones. Training stops after `patience` epochs in
    a row that were not better than the best before them; or with the last loss.

    Args:
        losses: the validation losses that the epochs would have, at least one.
        patience: 1 or more.
    """
    raise NotImplementedError("go through the losses, and count how long the best was long ago")
