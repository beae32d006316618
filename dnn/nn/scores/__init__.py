"""Scores of all rows at once, in NumPy: scikit-learn's names, with its arguments, defaults and answers.

| file | scores |
|---|---|
| `confusion.py` | `confusion_matrix`, `accuracy_score` |
| `top_k.py` | `top_k_accuracy_score` |
| `precision_recall.py` | `precision_score`, `recall_score`, `f1_score`, `fbeta_score` |
| `agreement.py` | `balanced_accuracy_score`, `matthews_corrcoef`, `cohen_kappa_score` |
| `ranking.py` | `roc_auc_score`, `average_precision_score` |
| `calibration.py` | `log_loss`, `brier_score_loss`, `expected_calibration_error` |
| `regression.py` | `r2_score`, `mean_absolute_error`, `mean_absolute_percentage_error`, `root_mean_squared_error` |
| `thresholds.py` | `threshold_of_cost`, `threshold_of_recall`, which scikit-learn has not |

What is measured in a fit, one number for each row and in TensorFlow, stands in `dnn/nn/metrics.py`.
"""

from dnn.lazy import import_when_used as _import_when_used

_import_when_used(__name__)
