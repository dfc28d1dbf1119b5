"""docs/labels.md: accuracy and log loss of each consensus method on simulated crowds."""

from __future__ import annotations

import sys

from pages import markdown, run, write

METHODS = ("bayesian", "dawid-skene", "mace", "majority", "wawa")


def short(value: float, digits: int) -> str:
    """A share without its leading zero.

    >>> short(0.9461, 3), short(1.0, 3)
    ('.946', '1')
    """
    return f"{value:.{digits}f}".removeprefix("0") if value < 1 - 0.5 * 10**-digits else "1"


def main() -> None:
    """Run `botbench consensus-compare` and write its table, the best log loss bold."""
    arguments = sys.argv[1:] or ["--repeats", "2"]
    document = run("consensus-compare", "--methods", ",".join(METHODS), *arguments)
    crowds: dict[str, dict[str, dict[str, float]]] = {}
    for row in document["crowds"]:
        crowds.setdefault(row["crowd"], {})[row["method"]] = row
    lines = []
    for crowd, by_method in crowds.items():
        best = min(row["log_loss"] for row in by_method.values())
        cells = []
        for method in METHODS:
            row = by_method[method]
            loss = short(row["log_loss"], 3)
            loss = f"**{loss}**" if row["log_loss"] == best else loss
            cells.append(f"{short(row['accuracy'], 3)} / {loss}")
        coverage = by_method["bayesian"].get("coverage")
        lines.append([crowd, *cells, "" if coverage is None else short(coverage, 2)])
    write("labels.md", "crowds", markdown(["simulated crowd", *METHODS, "coverage"], lines))


if __name__ == "__main__":
    main()
