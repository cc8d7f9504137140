"""Each metric has one name and one set of labels, in every program that exposes it."""

import ast
import re
from collections import defaultdict
from pathlib import Path

TRACKER = Path(__file__).parents[2] / "tracker"


def labels_by_metric() -> dict[str, set[tuple[str, ...]]]:
    """Return the label sets that the code gives to each metric name."""
    found: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for path in sorted(TRACKER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.args[0]
            if isinstance(name, ast.Constant) and str(name.value).startswith("tracker_"):
                found[str(name.value)].add(_labels(node))
    return found


def _labels(call: ast.Call) -> tuple[str, ...]:
    given = [
        value
        for value in [*call.args[1:], *(keyword.value for keyword in call.keywords)]
        if isinstance(value, ast.List | ast.Tuple)
    ]
    return tuple(
        str(label.value)
        for value in given
        for label in value.elts
        if isinstance(label, ast.Constant)
    )


def test_a_metric_has_one_set_of_labels() -> None:
    found = labels_by_metric()
    assert len(found) > 15
    assert {name: sets for name, sets in found.items() if len(sets) > 1} == {}


def test_no_two_metrics_of_read_models_use_different_words_for_it() -> None:
    of_read_models = {
        name: sets for name, sets in labels_by_metric().items() if "projection" in name
    }
    assert of_read_models
    assert all("projection" in labels for sets in of_read_models.values() for labels in sets)


def test_the_runbook_names_every_metric_with_its_labels() -> None:
    runbook = (TRACKER.parent / "ops" / "README.md").read_text(encoding="utf-8")
    rows = {
        cells[1].strip(" `"): tuple(re.findall(r"`(\w+)`", cells[2]))
        for cells in (line.split("|") for line in runbook.splitlines())
        if cells[0] == "" and len(cells) > 3 and cells[1].startswith(" `tracker_")
    }
    assert rows == {name: labels for name, (labels,) in labels_by_metric().items()}
