"""A progress bar on a terminal of 100 columns stays on its line."""

import io

from rich.console import Console

from botbench.terminal import progress_lines


def test_a_bar_with_a_long_name_fits_100_columns(monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with progress_lines.bar(console, quiet=False, tell=print) as shown:
        task = shown.add_task(
            "gradient-boosting on cresci-2015-e13-int-users@1, fold 3 " * 2, total=1_000_000
        )
        shown.update(task, completed=999_999)
        [row] = console.render_lines(shown.get_renderable(), console.options, pad=False)
    text = "".join(segment.text for segment in row)
    assert len(text) <= 100 and "999999/1000000" in text and "…" in text
    assert text.startswith("gradient-boosting on cresci-2015")
