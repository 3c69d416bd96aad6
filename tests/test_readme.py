"""README says what is so: its commands run, its tables list what there is."""

import re
import shlex
import shutil
import warnings
from pathlib import Path

import pytest
import torch
import typer

import media
import qwen
from audiosearch import cli, demo, exports
from audiosearch.errors import AudioSearchError
from audiosearch.espeak import Espeak
from indexers import servers

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the README names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDIOSEARCH_STORE", str(tmp_path / "store"))
    shutil.copytree(demo.clips(), tmp_path / "recordings")
    demo.make_upload(demo.clips() / "land-5.opus", 20.0, 8.0, tmp_path / "upload.opus")
    shutil.copy(tmp_path / "upload.opus", tmp_path / "broadcast.opus")
    demo.make_upload(demo.clips() / "northanger-abbey.opus", 20.0, 1.2, tmp_path / "phrase.wav")
    (tmp_path / "guides").mkdir()
    (tmp_path / "guides" / "tea.md").write_text("# Tea\n\nFresh water is boiled for every pot.\n")
    (tmp_path / "faq.csv").write_text("question,answer\nHow is tea made?,By pouring water on leaves.\n")
    said = Espeak("en-us").synthesize("fresh water is boiled for every pot")
    media.write(tmp_path / "question.wav", said.samples, said.sample_rate)
    return tmp_path


def test_the_commands_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = blocks("console")
    commands = [shlex.split(line[2:], comments=True) for line in block.splitlines()]
    assert len(commands) == 16
    for command in commands:
        monkeypatch.setattr("sys.argv", command)
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        assert not stopped.value.code, (command, capsys.readouterr().err)


def test_the_python_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = blocks("python")
    exec(compile(block, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert printed.count("stored ") == 8
    assert "land-5.opus Segment(" in printed


def test_what_is_said_of_qwen3_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a small checkpoint where the real one would be, and where there is no GPU without one."""
    pytest.importorskip("qwen_tts", reason="qwen-tts is not installed: pip install 'audiosearch[qwen-tts]'")
    pytest.importorskip("matplotlib", reason="no matplotlib: pip install 'audiosearch[metrics]'")
    section = README[README.index("## Qwen3-TTS-Tokenizer-12Hz") : README.index("## How it works")]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDIOSEARCH_STORE", str(tmp_path / "store"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        qwen.write_whole(tmp_path / "Qwen3-TTS-Tokenizer-12Hz")
    (tmp_path / "recordings").mkdir()
    shutil.copy(demo.clips() / "land-5.opus", tmp_path / "recordings")
    demo.make_upload(demo.clips() / "land-5.opus", 20.0, 8.0, tmp_path / "upload.opus")
    for line in "".join(re.findall(r"```bash\n(.*?)```", section, re.S)).splitlines():
        if line.startswith("export "):
            for setting in line.split()[1:]:
                monkeypatch.setenv(*setting.split("=", 1))
        if line.startswith("audiosearch "):
            gpu = "" if torch.cuda.is_available() else " --device cuda --max-gpu-memory 8"
            monkeypatch.setattr("sys.argv", shlex.split(line.replace(gpu, ""), comments=True))
            with pytest.raises(SystemExit) as stopped:
                cli.main()
            nothing_found = stopped.value.code == 1 and " match " in line  # by random weights
            assert not stopped.value.code or nothing_found, (line, capsys.readouterr().err)
    for made in ("first.pt", "tokens.png", "wavs/land-5.wav", "again.wav", "roundtrip.png"):
        assert (tmp_path / made).stat().st_size > 0
    (block,) = re.findall(r"```py\n(.*?)```", section, re.S)
    capsys.readouterr()
    exec(compile(block, "README.md", "exec"), {})
    assert "torch.Size([6, 16, 125]) torch.int16" in capsys.readouterr().out


def test_every_command_is_shown() -> None:
    (block,) = blocks("console")
    shown = {line.split()[2] for line in block.splitlines()} | {"demo", "transcribe"}  # needs weights
    shown -= {"kb"}
    assert shown == {command.name for command in cli.app.registered_commands}
    lines = [line.split() for block in blocks("bash") for line in block.splitlines()]
    for group, app in (("kb", cli.kb.app), ("store", cli.stores.app), ("tokens", cli.tokens.app)):
        shown = {line[2] for line in lines if line[:2] == ["audiosearch", group]}
        assert shown == {command.name or command.callback.__name__ for command in app.registered_commands}


def test_every_option_of_an_address_is_listed() -> None:
    table = README[README.index("| option | Qdrant | Weaviate |") : README.index("Servers for this machine")]
    listed = set(re.findall(r"`(\w+)`", table.split("|---|---|---|---|")[1]))
    assert listed == set(servers.QDRANT_OPTIONS) | set(servers.WEAVIATE_OPTIONS)


def test_the_tests_and_the_container_files_name_the_same_servers() -> None:
    images = {
        image
        for name in ("docker-compose.yml", "deploy/qdrant-cluster.yml", "deploy/weaviate-cluster.yml")
        for image in re.findall(r"image: (\S+/\S+)", (ROOT / name).read_text())
    }
    for image in images:
        assert f'"{image}"' in (ROOT / "tests" / "servers.py").read_text()
    assert len(images) == 2


def test_every_exit_code_is_listed() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.M)}

    def codes(error: type[AudioSearchError]) -> set[int]:
        return {error.exit_code}.union(*(codes(child) for child in error.__subclasses__()))

    assert codes(AudioSearchError) <= listed
    assert {0, 1, 5, 130} <= listed


def test_every_environment_variable_is_listed() -> None:
    app = typer.main.get_command(cli.app)
    used = set()
    for command in app.commands.values():
        for parameter in command.params:
            used |= {parameter.envvar} if isinstance(parameter.envvar, str) else set(parameter.envvar or ())
    assert used == set(re.findall(r"^\| `(AUDIOSEARCH_\w+)`", README, re.M))


def test_ci_runs_the_readmes_test_command() -> None:
    _, test_command = (block.strip() for block in blocks("sh"))
    assert test_command in (ROOT / ".ci" / "run").read_text()


def test_every_export_is_listed() -> None:
    table = README[README.index("| ending | format | |") : README.index("Ingest passes over")]
    assert set(re.findall(r"`(\.\w+)`", table)) == set(exports.ENDINGS)
    assert set(exports.FORMATS) <= set(re.findall(r"`(\w+)`", table))


def test_every_extra_is_listed() -> None:
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra in extras:
        assert f"`{extra}`" in README


def test_files_that_are_named_exist() -> None:
    for name in re.findall(r"`((?:audiosearch|indexers|queries|tests|benchmarks)/[\w./]+)`", README):
        assert (ROOT / name).exists(), name
