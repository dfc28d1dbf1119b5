"""The command line as a whole: quick to help, every command with an example, JSON kept apart from
talk.
"""

import resource
import subprocess
import sys
from importlib import import_module

import pytest
import typer
import typer.testing

from botbench.commands.main import build
from botbench.commands.panels import PANELS, DefaultGroup

LIMIT_S = 0.3


def test_help_takes_under_a_third_of_a_second():
    # Processor time, which other tests at work on the machine do not stretch; it is never longer
    # than the clock's on an idle one.
    best = min(_seconds("--help") for _ in range(5))
    assert best < LIMIT_S, f"botbench --help took {best:.2f} s at best"


def _seconds(*arguments):
    started = _processor()
    subprocess.run(
        [sys.executable, "-m", "botbench.commands.main", *arguments],
        check=True,
        capture_output=True,
    )
    return _processor() - started


def _processor():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom botbench.commands import main\nsys.argv[1:] = ['--help']\n"
        "try:\n    main.main()\nexcept SystemExit:\n    pass\n"
        "heavy = ('duckdb', 'ibis', 'pandas', 'numpy', 'sklearn', 'mlflow', 'great_expectations',"
        " 'pyarrow', 'jinja2', 'rich', 'html', 'unicodedata')\n"
        "from botbench.terminal import redaction\n"
        "print([m for m in heavy if m in sys.modules], redaction._compiled.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[] 0"


def commands():
    def walk(group, path):
        for name, command in sorted(group.commands.items()):
            if hasattr(command, "commands"):
                yield from walk(command, (*path, name))
            else:
                yield (*path, name), command

    return list(walk(typer.main.get_command(build()), ()))


@pytest.mark.parametrize(
    ("path", "command"), commands(), ids=lambda x: " ".join(x) if isinstance(x, tuple) else ""
)
def test_every_command_says_what_it_does_with_an_example(path, command):
    assert command.help, f"botbench {' '.join(path)} has no help"
    shown = f"{command.help} {command.epilog or ''}"
    assert f"botbench {' '.join(path)}" in shown, (
        f"the help of botbench {' '.join(path)} shows no example"
    )


def test_help_lists_every_command_once_in_panels_in_the_order_of_the_work(cli):
    panels = [panel.capitalize() for panel in PANELS]
    shown = cli("--help").stdout.splitlines()
    titles = [line.rstrip(":") for line in shown if line.rstrip(":") in panels]
    assert (
        titles
        == panels
        == ["Collect", "Annotate", "Label", "Version", "Benchmark", "Publish", "Study"]
    )
    rows = [line for line in shown[shown.index("Collect:") :] if line.startswith("  ")]
    listed = [
        row.split()[0] for row in rows[: rows.index(next(r for r in rows if "Examples" in r))]
    ]
    assert sorted(listed) == sorted({path[0] for path, _ in commands()})
    ordered = [
        name for panel in PANELS for name in import_module(f"botbench.commands.{panel}").ORDER
    ]
    assert [name for name in listed if name in ordered] == ordered, "ORDER names what is not there"


def test_a_group_with_a_default_command_runs_it():
    group = typer.Typer(cls=DefaultGroup, rich_markup_mode=None)
    group.command("run")(lambda name="nothing": print(f"run {name}"))
    group.command("other")(lambda: print("other"))
    run = typer.testing.CliRunner().invoke
    assert run(group, ["--name", "x"]).output == "run x\n"
    assert run(group, ["other"]).output == "other\n"
    assert run(group, []).output == "run nothing\n"
    assert "other" in run(group, ["--help"]).output


def test_python_m_and_version_work():
    done = subprocess.run(
        [sys.executable, "-m", "botbench.commands.main", "--version"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("botbench 0.")


@pytest.mark.parametrize(
    "arguments",
    [
        ("submit", "template", "{file}"),
        ("--store", "{file}", "pull", "simulated-a"),
        ("leaderboard", "--site", "{file}/x"),
    ],
)
def test_a_file_where_a_folder_should_be_is_a_sentence(cli, tmp_path, arguments):
    (tmp_path / "afile").write_text("x")
    said = cli(*(a.format(file=tmp_path / "afile") for a in arguments), code=2).stderr
    assert "afile" in said or "There is no store" in said


def test_ctrl_c_inside_a_query_is_an_interruption():
    """DuckDB raises RuntimeError("Query interrupted") from the KeyboardInterrupt."""
    program = (
        "from botbench.commands import main\ndef interrupted(**_):\n    try:\n        raise"
        " KeyboardInterrupt\n    except KeyboardInterrupt as signal:\n        raise"
        " RuntimeError('Query interrupted') from signal\nmain.build = lambda: interrupted\n"
        "main.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        130,
        "botbench: interrupted; run the same command again, nothing is lost.\n",
    )


def test_store_may_stand_after_the_command(cli, tmp_path):
    for place in (("--store", tmp_path / "none"), (f"--store={tmp_path}/none",)):
        said = cli("log", *place, "-n", "5", code=2).stderr
        assert said.startswith(f"botbench: There is no store at {tmp_path}/none.")


def test_the_package_is_the_command():
    said = subprocess.run(
        [sys.executable, "-m", "botbench", "--version"], capture_output=True, text=True
    )
    assert (said.returncode, said.stdout.split()[0]) == (0, "botbench")
