"""Networks of other packages, in PyTorch: `tabm`, trained as its authors' example does, and `pytabkit`'s estimators."""

import copy
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

import dnn
from benchmarks.accuracy.method import Fitted, Method
from benchmarks.accuracy.splits import Probabilities, Split

TABM: Mapping[str, Any] = {"k": 16, "n_blocks": 2, "d_block": 64, "dropout": 0.1}
LEARNING_RATE, WEIGHT_DECAY, BATCH, PATIENCE, EPOCHS = 2e-3, 3e-4, 256, 16, 200


def tabm(settings: Mapping[str, Any], split: Split, threads: int) -> Fitted:
    """Train a TabM on the arrays that our network gets; the epoch with the least log loss of the mean is kept."""
    import torch
    from tabm import TabM

    torch.set_num_threads(threads)
    torch.manual_seed(split.seed)
    (x, y), (held, its_y) = (
        (torch.from_numpy(split.encoded(part)), torch.from_numpy(split.classes(part)).long())
        for part in (split.train, split.validation)
    )
    model = TabM.make(n_num_features=x.shape[1], d_out=split.labels.classes, **settings)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    best, epoch, waited, kept = np.inf, 0, 0, model.state_dict()
    while epoch < EPOCHS and waited < PATIENCE:
        _train_epoch(model, optimizer, x, y)
        loss = float(torch.nn.functional.nll_loss(_mean_probabilities(model, held).log(), its_y))
        epoch, waited = epoch + 1, waited + 1
        if loss < best:
            best, waited, kept = loss, 0, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)

    def predict(part: dnn.Part) -> Probabilities:
        return _mean_probabilities(model, torch.from_numpy(split.encoded(part))).double().numpy()

    return Fitted(predict, epoch)


def _train_epoch(model: Any, optimizer: Any, x: Any, y: Any) -> None:
    """Take a step for each batch, by the sum over batch and members of the cross-entropy, averaged."""
    import torch

    model.train()
    for rows in torch.randperm(len(y)).split(BATCH):
        logits = model(x[rows])  # [rows, k, classes]
        members = logits.shape[1]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), y[rows].repeat_interleave(members))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _mean_probabilities(model: Any, x: Any) -> Any:
    import torch

    model.eval()
    with torch.inference_mode():
        return torch.cat([model(rows).softmax(-1).mean(1) for rows in x.split(8192)])


def pytabkit(name: str, split: Split, threads: int) -> Fitted:
    """Train one of its estimators with its defaults, stopped by our validation rows; missing cells are filled."""
    import logging

    import pytabkit

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    model = getattr(pytabkit, name)(device="cpu", random_state=split.seed, n_threads=threads)
    frames = [split.frame(part, fill=True) for part in (split.train, split.validation)]
    classes = [split.classes(part) for part in (split.train, split.validation)]
    model.fit(frames[0], classes[0], frames[1], classes[1], cat_col_names=list(split.categories))

    def predict(part: dnn.Part) -> Probabilities:
        return np.asarray(model.predict_proba(split.frame(part, fill=True)), np.float64)

    return Fitted(predict)


METHODS: Sequence[Method] = [
    Method("TabM (tabm)", partial(tabm, TABM), TABM, ("tabm", "torch"), "network"),
    Method("TabM_D (pytabkit)", partial(pytabkit, "TabM_D_Classifier"), {}, ("pytabkit",), "network"),
    Method("RealMLP_TD_S (pytabkit)", partial(pytabkit, "RealMLP_TD_S_Classifier"), {}, ("pytabkit",), "network"),
]
