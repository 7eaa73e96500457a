from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from joblib import Parallel
from typer.testing import CliRunner

from ipt_nlp.areas import bundle as bundles
from ipt_nlp.cli import app
from ipt_nlp.result import TaggedSession
from ipt_nlp.tagger import Tagger
from ipt_nlp.transcript import Transcript

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "corpora" / "examples" / "session.vtt"
ROWS = [
    {"id": f"r{i}", "text": f"{text} {i}", "genre": "board", "writer": f"w{i % 3}",
     "areas": areas, "primary": areas[0] if areas else None, "codebook": "1.1", "synthetic": True}
    for i, (text, areas) in enumerate(
        [("My father died and I miss him.", ["grief"]),
         ("I lost my job and look for a new one.", ["role_transition"]),
         ("My wife and I argue a lot.", ["conflict"]),
         ("I have no friends and feel lonely.", ["isolation"]),
         ("I cannot sleep.", [])] * 7
    )
]  # fmt: skip

# Runs a command in a process in which any attempt to reach a network is fatal.
OFFLINE = """
import socket, sys
def refuse(*args, **kwargs):
    raise SystemExit("a socket was opened")
socket.socket.connect = refuse
socket.socket.connect_ex = refuse
socket.getaddrinfo = refuse
socket.create_connection = refuse
from ipt_nlp.cli import main
sys.argv = ["ipt-nlp", *sys.argv[1:]]
main()
"""

runner = CliRunner()


def offline(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", OFFLINE, *arguments],
        input=stdin, capture_output=True, text=True, encoding="utf-8", check=False, cwd=ROOT,
    )  # fmt: skip


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "made.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in ROWS))
    return path


def test_tag_prints_one_document_a_line_and_nothing_else() -> None:
    done = offline("tag", str(EXAMPLE), "--format", "jsonl")
    assert done.returncode == 0
    [line] = done.stdout.splitlines()
    assert TaggedSession.from_json(line).source == "session.vtt"
    assert done.stderr == ""


def test_tag_reads_standard_input() -> None:
    done = offline("tag", "-", "-f", "jsonl", stdin="T: How are you?\nC: We argue all the time.\n")
    assert TaggedSession.from_json(done.stdout).source == "stdin"
    assert done.returncode == 0


def test_piped_output_is_plain() -> None:
    done = offline("tag", str(EXAMPLE))
    assert "\x1b" not in done.stdout
    assert "grief" in done.stdout.lower()
    assert "does not diagnose" in done.stdout


def test_csv_has_a_row_a_segment() -> None:
    document = TaggedSession.from_json(offline("tag", str(EXAMPLE), "-f", "jsonl").stdout)
    rows = list(csv.DictReader(io.StringIO(offline("tag", str(EXAMPLE), "-f", "csv").stdout)))
    assert len(rows) == len(document.segments)


def test_output_is_a_private_file(tmp_path: Path) -> None:
    target = tmp_path / "out" / "report.html"
    done = offline("tag", str(EXAMPLE), "-f", "html", "-o", str(target))
    assert done.returncode == 0
    assert done.stdout == ""
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "<html" in target.read_text(encoding="utf-8")


def test_output_dash_is_standard_output() -> None:
    result = runner.invoke(app, ["tag", str(EXAMPLE), "-f", "jsonl", "-o", "-"])
    assert result.exit_code == 0
    assert TaggedSession.from_json(result.stdout).source == "session.vtt"


@pytest.mark.parametrize("output", ["b.txt", "link.txt", "b.txt/inside.csv"])
def test_output_is_checked_before_a_model_is_loaded(tmp_path: Path, output: str) -> None:
    (tmp_path / "b.txt").write_text("T: How are you?\nC: We argue.\n")
    (tmp_path / "link.txt").symlink_to("b.txt")
    arguments = ["tag", str(tmp_path / "b.txt"), "--model", "nowhere", "-f", "csv"]
    result = runner.invoke(app, [*arguments, "-o", str(tmp_path / output)])
    assert result.exit_code == 2
    assert "--output" in result.stderr
    assert "nowhere" not in result.stderr


def test_a_folder_is_tagged_into_a_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("T: How are you?\nC: We argue.\n")
    (tmp_path / "in" / "b.txt").write_text(" ")
    arguments = ["tag", str(tmp_path / "in"), "--output", str(tmp_path / "out")]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "b.txt: the file is empty" in result.stderr
    assert "1 files tagged" in result.stderr
    written = (tmp_path / "out" / "a.txt.jsonl").read_text()
    assert TaggedSession.from_json(written).source == "a.txt"
    (tmp_path / "in" / "b.txt").unlink()
    again = runner.invoke(app, arguments)
    assert again.exit_code == 0
    assert "0 files tagged" in again.stderr
    assert "1 done before" in again.stderr


def test_results_do_not_go_where_the_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("T: How are you?\nC: We argue.\n")
    result = runner.invoke(app, ["tag", str(tmp_path), "--output", str(tmp_path)])
    assert result.exit_code == 2
    assert "--output: lies in the folder that is read" in result.stderr


def test_a_scheduler_needs_its_backend(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("T: How are you?\nC: We argue.\n")
    arguments = ["tag", str(tmp_path / "in"), "--output", str(tmp_path / "out")]
    assert runner.invoke(app, [*arguments, "--scheduler", "tcp://x:1"]).exit_code == 2
    assert "--scheduler" in runner.invoke(app, [*arguments, "--backend", "dask"]).stderr


def test_files_that_failed_are_named_when_the_model_fails_too() -> None:
    result = runner.invoke(app, ["tag", "missing.vtt", str(EXAMPLE), "--model", "nowhere"])
    assert result.exit_code == 2
    assert "missing.vtt" in result.stderr
    assert "nowhere" in result.stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_session_that_cannot_be_tagged_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: str
) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text("T: How are you?\nC: My secret is that we argue.\n")
    tag = Tagger.tag

    def fails_once(tagger: Tagger, session: str | Path | Transcript) -> TaggedSession:
        if isinstance(session, Transcript) and session.source == "b.txt":
            raise ValueError(session.text)
        return tag(tagger, session)

    monkeypatch.setattr(Tagger, "tag", fails_once)
    # Other processes would not see the change above.
    monkeypatch.setattr("ipt_nlp.tagger.Parallel", partial(Parallel, backend="threading"))
    result = runner.invoke(app, ["tag", str(tmp_path), "-f", "jsonl", "--jobs", jobs])
    assert result.exit_code == 2
    found = [TaggedSession.from_json(line).source for line in result.stdout.splitlines()]
    assert found == ["a.txt", "c.txt"]
    assert result.stderr == "ipt-nlp: b.txt: could not be tagged (ValueError)\n"


def test_names_that_are_not_utf8_are_made_printable(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/s\xff.txt")).write_text("C: We argue.\n")
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/e\xff.txt")).write_text("")
    except OSError:
        pytest.skip("this file system takes no such names")
    for output_format in ("pretty", "jsonl", "csv", "html"):
        result = runner.invoke(app, ["tag", str(tmp_path), "-f", output_format])
        assert result.exit_code == 2
        assert "s\ufffd.txt" in result.stdout
        assert "e\ufffd.txt" in result.stderr


def test_an_id_with_half_a_surrogate_pair_does_not_stop_the_others(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"id": "a\\ud800", "text": "We argue."}\n{"id": "b", "text": "He died."}\n')
    result = runner.invoke(app, ["tag", str(rows), "-f", "jsonl"])
    assert result.exit_code == 0
    found = [TaggedSession.from_json(line).source for line in result.stdout.splitlines()]
    assert found == ["a?", "b"]


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "b.txt").write_text("T: How are you?\nC: My secret is that we argue.\n")
    done = offline("tag", str(tmp_path), "-f", "jsonl")
    assert done.returncode == 2
    assert TaggedSession.from_json(done.stdout).source == "b.txt"
    assert "a.txt" in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tag", "missing.vtt"], "missing.vtt"),
        (["tag", str(EXAMPLE), "--therapist", "Nobody"], "--therapist"),
        (["tag", str(EXAMPLE), "--model", "nowhere"], "no such folder"),
        (["tag", str(EXAMPLE), "--spacy-model", "nowhere"], "--spacy-model"),
        (["evaluate", "--corpus", str(ROOT / "README.md")], "README.md"),
        (["train", "--corpus", str(EXAMPLE), "--output", "x"], "session.vtt"),
        (["train", "--corpus", "x", "--output", str(EXAMPLE)], "--output: session.vtt"),
        (["train", "--corpus", "x", "--output", "y", "--config", str(ROOT)], "--config"),
        (["models", "show", "nowhere"], "no such folder"),
        (["models", "list", "nowhere"], "no such folder"),
        (["models", "trust", "me"], "64 hexadecimal"),
    ],
)
def test_errors_are_one_line_without_a_traceback(arguments: list[str], message: str) -> None:
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_a_guessed_role_is_warned_about(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("Ann: How was it?\nBo: It was bad, we fought.\n" * 3)
    result = runner.invoke(app, ["tag", str(tmp_path / "s.txt"), "-f", "jsonl"])
    assert result.exit_code == 0
    assert "--therapist" in result.stderr
    named = runner.invoke(app, ["tag", str(tmp_path / "s.txt"), "-f", "jsonl", "--therapist", "bo"])
    turns = TaggedSession.from_json(named.stdout).turns
    assert [t.role for t in turns[:2]] == ["client", "therapist"]
    assert "guessed" not in named.stderr


def test_train_then_evaluate_then_tag(corpus: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    trained = offline("train", "--corpus", str(corpus), "--output", str(bundle), "--synthetic")
    assert trained.returncode == 0, trained.stderr
    assert json.loads(trained.stdout)["sha256"]
    table = offline("evaluate", "--corpus", str(corpus), "--model", str(bundle))
    assert table.returncode == 0, table.stderr
    assert "macro F1" in table.stdout
    report = offline("evaluate", "--corpus", str(corpus), "--model", str(bundle), "--json")
    assert len(json.loads(report.stdout)["areas"]) == 4
    tagged = offline("tag", str(EXAMPLE), "-f", "jsonl", "--model", str(bundle))
    assert TaggedSession.from_json(tagged.stdout).model.name == "ipt-areas"


def test_validate_counts_and_names_problems(corpus: Path) -> None:
    good = offline("corpus", "validate", str(corpus))
    assert (good.returncode, good.stdout) == (0, "35 rows, 0 problems\n")
    with corpus.open("a") as file:
        file.write(json.dumps(ROWS[0]) + "\n{}\n")
    bad = offline("corpus", "validate", str(corpus))
    assert bad.returncode == 2
    assert "made.jsonl:36: id: used before" in bad.stderr
    assert "made.jsonl:37:" in bad.stderr


def test_models_are_listed_and_shown() -> None:
    listed = offline("models", "list")
    assert "ipt-areas" in listed.stdout
    assert listed.stdout.rstrip().endswith("  trusted")
    shown = json.loads(offline("models", "show").stdout)
    assert shown["trusted"] is True
    assert shown["sha256"] in listed.stdout


def test_one_broken_bundle_does_not_stop_the_list(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "bundle.json").write_text("{}")
    (tmp_path / "b").mkdir()
    manifest = (bundles.shipped_bundle() / "bundle.json").read_bytes()
    (tmp_path / "b" / "bundle.json").write_bytes(manifest)
    result = runner.invoke(app, ["models", "list", str(tmp_path)])
    assert result.exit_code == 2
    assert result.stdout.startswith("b  ipt-areas")
    assert "model 'a'" in result.stderr


def _refuse(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_a_home_that_cannot_be_written_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IPT_NLP_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(bundles, "write_private", _refuse)
    result = runner.invoke(app, ["models", "trust", "0" * 64])
    assert result.exit_code == 2
    assert result.stderr == "ipt-nlp: the trust file cannot be written (Permission denied)\n"


def test_a_bundle_that_cannot_be_written_is_one_line(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ipt_nlp.areas.training.train_bundle", _refuse)
    output = str(tmp_path / "bundle")
    result = runner.invoke(app, ["train", "--corpus", str(corpus), "--output", output])
    assert result.exit_code == 2
    assert "cannot be written (Permission denied)" in result.stderr


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom ipt_nlp.cli import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "heavy = {'numpy', 'spacy', 'sklearn', 'datasets', 'onnxruntime', 'pydantic', 'torch'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "command", ["tag", "train", "evaluate", "corpus validate", "models list", "models show"]
)
def test_every_command_explains_itself(command: str) -> None:
    result = runner.invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert len(result.stdout) > 200


def test_train_refuses_texts_that_name_people(tmp_path: Path) -> None:
    corpus = tmp_path / "own.jsonl"
    row = {"id": "r1", "text": "I met Siobhan O'Hanlon again and we argued.", "areas": ["conflict"]}
    corpus.write_text(json.dumps(row) + "\n", encoding="utf-8")
    arguments = ["train", "--corpus", str(corpus), "--output", str(tmp_path / "bundle")]
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert "1 of 1 texts may name someone (first: r1, person)" in result.stderr
    assert "Siobhan" not in result.stderr
    allowed = runner.invoke(app, [*arguments, "--allow-identifiers"])
    assert "may name someone" not in allowed.stderr


def test_the_number_of_a_session_gives_its_phase(tmp_path: Path) -> None:
    arguments = ["tag", str(EXAMPLE), "-f", "jsonl", "--session", "10", "--of", "12"]
    session = TaggedSession.from_json(runner.invoke(app, arguments).stdout)
    assert (session.session_number, session.phase) == (10, "ending")
    (tmp_path / "a.txt").write_text("T: How are you?\nC: We argue.\n")
    two = runner.invoke(app, [*arguments, str(tmp_path / "a.txt")])
    assert two.exit_code == 2
    assert "--session" in two.stderr
