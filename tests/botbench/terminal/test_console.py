"""Tables that keep ids whole, JSON that keeps its texts, one definition of --memory."""

import io
import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from botbench.commands import memory
from botbench.core.errors import UserError
from botbench.terminal import console, progress_lines
from botbench.text.escaping import HIDDEN

IDS = ["0f8fad5b-d9cb-469f-a165-70867728950e", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4"]
TEXT = "one word after the other " * 8


class Screen(io.StringIO):
    def __init__(self, is_terminal):
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self):
        return self.is_terminal


def printed(monkeypatch, is_terminal):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    screen = Screen(is_terminal)
    monkeypatch.setattr("sys.stdout", screen)
    rows = [(i, i[::-1], TEXT, 1197) for i in IDS]
    console.table("accounts", ("account", "other", "what", "posts"), rows)
    return screen.getvalue()


def test_a_table_on_a_terminal_that_is_too_narrow_is_a_record_for_each_row(monkeypatch):
    lines = printed(monkeypatch, True).splitlines()
    for whole in IDS:
        assert f"  account  {whole}" in lines and f"  other    {whole[::-1]}" in lines
    assert lines.count("  posts    1,197") == 2 and lines[0] == "accounts"


def test_a_table_that_fits_breaks_no_id_and_folds_the_text(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    screen = Screen(True)
    monkeypatch.setattr("sys.stdout", screen)
    console.table("", ("account", "what"), [(i, TEXT) for i in IDS])
    lines = screen.getvalue().splitlines()
    assert all(sum(i in line for line in lines) == 1 for i in IDS)
    assert len(lines) > 10 and max(map(len, lines)) <= 80


def test_progress_in_a_log_is_a_line_from_time_to_time(monkeypatch):
    monkeypatch.setattr(progress_lines, "FIRST", 0.0)
    said = []
    monkeypatch.setattr(console, "say", said.append)
    monkeypatch.setattr("sys.stderr", Screen(False))
    with console.progress() as bar:
        task = bar.add_task("cells", total=4)
        bar.advance(task)
        bar.update(task, advance=2, description="more")
    assert said[0].startswith("cells: 1 of 4, ") and said[1].startswith("more: 3 of 4, ")
    assert said[1].endswith(" left")
    with console.progress(quiet=True) as bar:
        bar.advance(bar.add_task("quiet", total=4))
    assert len(said) == 2


def test_a_table_on_a_pipe_has_one_line_for_a_row(monkeypatch):
    lines = [line for line in printed(monkeypatch, False).splitlines() if line.strip()]
    assert len(lines) == 5  # title, head, rule, two rows
    assert all(TEXT.strip() in line and i in line for line, i in zip(lines[3:], IDS, strict=True))
    assert not any(line.endswith(" ") for line in lines)


@settings(deadline=None, max_examples=100)
@given(st.recursive(st.none() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_json_text_parses_to_the_same_document_without_hidden_characters(document):
    text = console.as_json(document)
    assert json.loads(text) == document
    assert not {unicodedata.category(c) for c in text.replace("\n", "")} & {*HIDDEN}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("abc", "--memory 'abc' is not an amount of memory; write for example 2GB or 500MB."),
        ("0", "--memory '0' is not an amount of memory; write for example 2GB or 500MB."),
        ("-1GB", "--memory '-1GB' is not an amount of memory; write for example 2GB or 500MB."),
        ("1KB", "--memory '1KB' is too little to work with: at least 100MB."),
        ("0GB", "--memory '0GB' is too little to work with: at least 100MB."),
        (
            "900TB",
            "--memory '900TB' is more than this machine has (4.0GB); write for example 2GB or"
            " 500MB.",
        ),
    ],
)
def test_an_amount_of_memory_that_is_useless_is_refused(monkeypatch, text, says):
    monkeypatch.setattr(memory, "machine", lambda: 4_000_000_000)
    with pytest.raises(UserError) as refused:
        memory.checked(text)
    assert str(refused.value) == says
    assert [memory.checked(t) for t in ("2GB", "1.5 GiB", "500mb")] == ["2GB", "1.5 GiB", "500mb"]


def test_pull_refuses_it_before_it_makes_a_store(cli, tmp_path):
    said = cli("pull", "simulated-a", "--memory", "-1GB", code=2).stderr
    assert said.startswith("botbench: --memory '-1GB' is not an amount of memory")
    assert not (tmp_path / "store").exists()


def test_a_cell_shows_blank_letters_and_line_breaks(monkeypatch):
    screen = Screen(False)
    monkeypatch.setattr("sys.stdout", screen)
    console.table("", ("name",), [("a\u3164b\nc\x1b",)])
    assert "a⟨U+3164⟩b⟨U+000A⟩c⟨U+001B⟩" in screen.getvalue()
