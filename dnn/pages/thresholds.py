"""The table of thresholds, and a few lines of JavaScript that find the one that costs least in it."""

import math
from collections.abc import Mapping
from typing import Any

from dnn.pages.outcome_charts import CONFUSIONS
from dnn.pages.page import Told, escaped, html_table, paragraph

HEADER = ("threshold", "true positives", "false positives", "false negatives", "true negatives", "precision", "recall")

THRESHOLD_SCRIPT = """
const thresholds = [...document.querySelectorAll("#thresholds tbody tr")].map(
  row => [...row.cells].map(cell => Number(cell.dataset.value)));
const shownFirst = document.querySelector("#thresholds tbody td").textContent;
const costs = ["cost-false-positive", "cost-false-negative"].map(id => document.getElementById(id));
const answer = document.getElementById("cheapest");

function showCheapest() {
  const [ofFalsePositive, ofFalseNegative] = costs.map(input => input.valueAsNumber);
  if (!(ofFalsePositive >= 0 && ofFalseNegative >= 0 && ofFalsePositive + ofFalseNegative > 0)) {
    answer.textContent = "Both costs must be numbers of 0 or more, and not both 0.";
    return;
  }
  const total = row => ofFalsePositive * row[2] + ofFalseNegative * row[3];
  const best = thresholds.reduce((cheapest, row) => total(row) < total(cheapest) ? row : cheapest);
  const [threshold, truePositives, falsePositives, falseNegatives, trueNegatives] = best;
  const told = best === thresholds[0] ? shownFirst : Number(threshold.toPrecision(4));
  answer.textContent = `Threshold ${told}: ${truePositives} true positives, ` +
    `${falsePositives} false positives, ${falseNegatives} false negatives, ${trueNegatives} true negatives; ` +
    `total cost ${Number(total(best).toPrecision(6))}.`;
}

document.getElementById("costs").hidden = false;
costs.forEach(input => input.addEventListener("input", showCheapest));
showCheapest();
"""

INPUTS = """<form id="costs" class="screen-only" hidden onsubmit="return false">
<p><label>Cost of a false positive <input id="cost-false-positive" type="number" min="0" step="any" value="1"></label>
<label>Cost of a false negative <input id="cost-false-negative" type="number" min="0" step="any" value="1"></label></p>
<p><output id="cheapest" for="cost-false-positive cost-false-negative"></output></p>
</form>"""


def thresholds_part(thresholds: Mapping[str, Any], name: str) -> str:
    """Return the two inputs for the costs, and the table, which does without the script.

    Args:
        thresholds: As `threshold_table` returns.
        name: Of the positive class.

    Returns:
        HTML; it needs `THRESHOLD_SCRIPT` in its page.
    """
    kept, distinct = len(thresholds["threshold"]), thresholds["distinct"]
    told = f"A row is taken for “{name}” if its probability is at least the threshold."
    told += "" if kept == distinct else f" {kept:,} evenly spaced ones of {distinct:,} thresholds are shown."
    told += " These rows are the test rows: choose on validation rows what is to be measured here (dnn train --cost)."
    rows = zip(thresholds["threshold"], *(thresholds[each] for each in CONFUSIONS), strict=True)
    first, *others = (_with_shares(*row) for row in rows)
    above = (Told(first[0], f"above {math.nextafter(first[0], 0):.4g}"), *first[1:])  # the highest probability
    table = html_table(HEADER, [above, *others], name="thresholds", tall=True)
    return "\n".join([f"<h3>{escaped('Threshold by cost')}</h3>", paragraph(told), INPUTS, table])


def _with_shares(
    threshold: float, hits: int, alarms: int, misses: int, rest: int
) -> tuple[float, int, int, int, int, float | None, float | None]:
    precision = hits / (hits + alarms) if hits + alarms else None
    return threshold, hits, alarms, misses, rest, precision, hits / (hits + misses) if hits + misses else None
