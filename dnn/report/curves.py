"""Loss and accuracy over the epochs, as a picture."""

from pathlib import Path

from matplotlib.figure import Figure


def save_curves(epochs: list[dict], best_epoch: int | None, path: str | Path) -> None:
    """Write a PNG: training and validation loss, and accuracy, one point an epoch, the best epoch marked.

    epochs: the records of a `History`.
    """
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, name, unit in zip(figure.subplots(1, 2), ("loss", "accuracy"), ("nats", "share of rows"), strict=True):
        numbers = [record["epoch"] for record in epochs]
        axes.plot(numbers, [record[name] for record in epochs], label="training", marker=".")
        axes.plot(numbers, [record[f"val_{name}"] for record in epochs], label="validation", marker=".")
        if best_epoch is not None:
            axes.axvline(best_epoch, color="0.6", linestyle="--", label=f"best epoch ({best_epoch})")
        axes.set(xlabel="epoch", ylabel=unit, title=name)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    figure.savefig(path, dpi=120)
