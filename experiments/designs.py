"""docs/sampling.md: labels that each sampling design needs, and the bias of its estimates."""

from __future__ import annotations

import sys

from pages import markdown, number, run, write


def main() -> None:
    """Run `botbench designs --simulate` and write both tables."""
    document = run("designs", "--simulate", *(sys.argv[1:] or ("--repeats", "10")))
    labels = markdown(
        ["design", "labels", "of uniform", "first", "last"],
        [
            [
                f"`{row['design']}`",
                number(row["labels"], ".0f"),
                number(row["of_uniform"], ".2f"),
                number(row["first"], ".2f"),
                number(row["last"], ".2f"),
            ]
            for row in document["labels_needed"]
        ],
    )
    bias = markdown(
        ["estimate", "truth", "mean", "off", "error", "stated"],
        [
            [
                row["estimate"],
                number(row["truth"], ".4f"),
                number(row["mean"], ".4f"),
                number(row["off"], "+.1f"),
                number(row["standard_error"], ".4f"),
                number(row["stated"], ".4f"),
            ]
            for row in document["bias"]
        ],
    )
    write("sampling.md", "labels needed", labels)
    write("sampling.md", "bias", bias)


if __name__ == "__main__":
    main()
