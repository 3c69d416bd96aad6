"""``audiosearch kb`` and ``ask``, from files to answers."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import media
import sounds
from audiosearch import Library, audio, cli
from audiosearch.errors import UsageError
from audiosearch.espeak import Espeak
from audiosearch.types import Waveform

Run = Callable[..., tuple[int, list[dict], str]]
GUIDE = """# The house

Fresh water is boiled for every pot of tea in the kitchen downstairs.

## Library

The library opens at nine and closes at five on weekdays.
"""
FAQ = "question,answer\nWhere may bicycles be left?,Behind the railway station in the yard.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two texts and a store that holds them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDIOSEARCH_STORE", str(tmp_path / "store"))
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "guide.md").write_text(GUIDE)
    (tmp_path / "texts" / "faq.csv").write_text(FAQ)
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process: exit code, JSON objects, standard error."""

    def runner(*arguments: object) -> tuple[int, list[dict], str]:
        monkeypatch.setattr(sys, "argv", ["audiosearch", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        captured = capsys.readouterr()
        lines = [json.loads(line) for line in captured.out.splitlines() if line.startswith("{")]
        return int(stopped.value.code or 0), lines, captured.err

    return runner


def say(path: Path, words: str, voice: str = "en-gb-scotland+f2") -> Path:
    spoken = Espeak(voice, 140).synthesize(words)
    media.write(path, spoken.samples, spoken.sample_rate)
    return path


def test_texts_are_stored_again_when_they_change(run: Run, folder: Path) -> None:
    code, _, err = run("kb", "add", "texts")
    assert (code, err.count("stored ")) == (0, 2)
    code, before, _ = run("kb", "list", "--json")
    assert [(d["title"], d["n_passages"]) for d in before] == [("faq", 1), ("The house", 2)]
    with Library(folder / "store") as library:
        ids = {p.text: p.id for p in library.store.shelf.passages()}
    (folder / "texts" / "guide.md").write_text(GUIDE.replace("## Library", "Cups are washed.\n\n## Library"))
    code, _, err = run("kb", "add", "texts/guide.md", "texts/faq.csv")
    assert ("replaced   texts/guide.md" in err, "unchanged  texts/faq.csv" in err) == (True, True)
    with Library(folder / "store") as library:
        kept = {p.text: p.id for p in library.store.shelf.passages()}
    assert len(kept) == 3
    stayed = [text for text in ids if text in kept]
    assert len(stayed) == 2
    assert all(ids[text] == kept[text] for text in stayed)


def test_files_that_cannot_be_read_are_named_and_the_rest_is_stored(run: Run, folder: Path) -> None:
    (folder / "bad.txt").write_bytes(b"\xff")
    code, _, err = run("kb", "add", "bad.txt", "gone.md", "texts/faq.csv")
    assert code == 5
    assert "bad.txt is not UTF-8" in err
    assert "gone.md: No such file" in err
    assert len(run("kb", "list", "--json")[1]) == 1
    assert run("kb", "add", folder / "texts" / "..")[0] == 5
    (folder / "empty").mkdir()
    code, _, err = run("kb", "add", "empty")
    assert (code, "there is no text in empty" in err) == (2, True)


def test_a_folder_that_cannot_be_listed_is_named(run: Run, folder: Path, unlisted: Path) -> None:
    code, lines, err = run("kb", "add", unlisted.parent, "texts/guide.md", "--json")
    assert code == 5
    assert [line["status"] for line in lines] == ["stored", "failed"]
    assert f"error: {unlisted}: Permission denied" in err


def test_a_text_is_the_same_by_every_path_to_it(run: Run, folder: Path) -> None:
    (folder / "link.md").symlink_to(folder / "texts" / "guide.md")
    (folder / "loop.md").symlink_to("loop.md")
    code, _, err = run("kb", "add", "texts/guide.md", "texts/../texts/guide.md", "loop.md")
    assert (code, err.count("stored ")) == (5, 1)
    assert "loop.md: Too many levels of symbolic links" in err
    assert "unchanged " in run("kb", "add", "link.md")[2]
    assert run("kb", "remove", "texts/../link.md", "--yes")[0] == 0
    assert run("kb", "list", "--json")[1] == []


def test_a_text_whose_name_is_not_utf8(run: Run, folder: Path) -> None:
    path = folder / os.fsdecode(b"\xff.md")
    path.write_text("Tea is boiled.\n")
    assert run("kb", "add", path, "--json")[0] == 0
    (stored,) = run("kb", "list", "--json")[1]
    assert (stored["title"], stored["name"]) == ("\\xff", str(folder / "\\xff.md"))
    assert run("kb", "remove", path, "--yes")[0] == 0


def test_what_became_of_each_text_is_told_in_json(run: Run, folder: Path) -> None:
    (folder / "empty.md").touch()
    code, lines, err = run("kb", "add", "texts/guide.md", "empty.md", "gone.md", "--json")
    assert code == 5
    assert [(line["path"], line["status"], line.get("passages"), line["note"]) for line in lines] == [
        ("texts/guide.md", "stored", 2, ""),
        ("empty.md", "stored", 0, "there is no text in it"),
        ("gone.md", "failed", None, "gone.md: No such file or directory"),
    ]
    assert "gone.md: No such file" in err
    assert "empty.md  0 passages  (there is no text in it)" in run("kb", "add", "empty.md")[2]
    code, (removed,), _ = run("kb", "remove", "guide.md", "--yes", "--json")
    assert removed == {
        "status": "removed",
        "name": str(folder / "texts" / "guide.md"),
        "id": lines[0]["id"],
    }


def test_a_voice_that_there_is_not_changes_nothing(run: Run, folder: Path) -> None:
    (folder / "texts" / "a.md").touch()  # read before the others, and nothing to pronounce in it
    code, lines, err = run("kb", "add", "texts", "--voice", "xx-nope", "--json")
    assert (code, lines, "no voice 'xx-nope'" in err) == (2, [], True)
    assert not (folder / "store").exists()


def test_a_question_is_not_answered_from_no_texts(run: Run, folder: Path) -> None:
    run("ingest", "gone.wav")
    code, _, err = run("ask", "--text", "gold")
    assert (code, err) == (1, "no texts are stored; store some with `audiosearch kb add`\n")


def test_words_in_place_of_a_file_are_told_from_one(run: Run) -> None:
    code, _, err = run("ask", "how do I mend a puncture")
    assert (code, "puncture does not exist; a question in words is asked with --text" in err) == (3, True)


def test_a_text_is_removed(run: Run) -> None:
    run("kb", "add", "texts")
    assert run("kb", "remove", "guide.md", "--yes")[0] == 0
    assert [d["title"] for d in run("kb", "list", "--json")[1]] == ["faq"]
    code, _, err = run("kb", "remove", "guide.md", "--yes")
    assert (code, "no document called guide.md" in err) == (2, True)


def test_a_spoken_question_finds_its_passage(run: Run, folder: Path) -> None:
    run("kb", "add", "texts")
    question = say(folder / "question.wav", "the library opens at nine and closes at five")
    code, lines, _ = run("ask", question, "--json")
    assert code == 0
    best = lines[0]
    assert (best["title"], best["line"]) == ("The house: Library", 7)
    assert best["document"] == str(folder / "texts" / "guide.md")
    assert best["probability"] > 0.9
    assert any("library" in said["words"] for said in best["evidence"])
    assert all(0 <= said["start"] < said["end"] < 5 for said in best["evidence"])


def test_none_of_them_answers(run: Run, folder: Path) -> None:
    run("kb", "add", "texts")
    question = say(folder / "question.wav", "how heavy is a fully grown elephant")
    code, lines, err = run("ask", question, "--json")
    assert (code, lines) == (1, [])
    assert "none of the stored texts answers this" in err
    assert len(run("ask", question, "--json", "--min-probability", 0)[1]) == 3


def test_a_question_between_two_texts_hides_neither(folder: Path) -> None:
    with Library("memory:") as library:
        adding = library.add_documents([folder / "texts" / "guide.md", folder / "texts" / "faq.csv"])
        next(adding)
        assert library.ask("where may bicycles be left")[0].passage.title != "Where may bicycles be left?"
        list(adding)
        assert library.ask("where may bicycles be left")[0].passage.title == "Where may bicycles be left?"


def test_a_typed_question(run: Run) -> None:
    run("kb", "add", "texts")
    code, lines, _ = run("ask", "--text", "where may bicycles be left", "--json")
    assert (code, lines[0]["title"]) == (0, "Where may bicycles be left?")
    code, _, err = run("ask")
    assert (code, "there is no question" in err) == (2, True)


def test_the_microphone(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("kb", "add", "texts")
    say(folder / "said.wav", "fresh water is boiled for every pot of tea")
    recorder = folder / "bin" / "arecord"
    recorder.parent.mkdir()
    recorder.write_text('#!/bin/sh\nfor last; do :; done\ncp "$SAID" "$last"\n')
    recorder.chmod(0o755)
    monkeypatch.setenv("PATH", f"{recorder.parent}{os.pathsep}/bin{os.pathsep}/usr/bin")
    monkeypatch.setenv("SAID", str(folder / "said.wav"))
    code, lines, _ = run("ask", "--mic", 5, "--json")
    assert (code, lines[0]["line"]) == (0, 3)
    monkeypatch.setenv("SAID", str(folder / "nothing.wav"))
    code, _, err = run("ask", "--mic", 5)
    assert (code, "arecord cannot record: cp:" in err) == (3, True)
    monkeypatch.setenv("PATH", str(folder))
    code, _, err = run("ask", "--mic", 5)
    assert (code, "there is no recorder" in err) == (2, True)
    assert run("ask", folder / "said.wav", "--mic", 5)[0] == 2


def test_unreadable_and_silent_questions(run: Run, folder: Path) -> None:
    run("kb", "add", "texts")
    (folder / "broken.wav").write_bytes(b"no sound")
    assert run("ask", "broken.wav")[0] == 3
    media.write(folder / "silent.wav", sounds.silence(2.0), 16000)
    assert run("ask", "silent.wav")[0] == 1


def test_a_tokenizer_without_phones_takes_typed_questions(folder: Path) -> None:
    class Plain:
        """As much of a tokenizer as that needs."""

        name = "plain@1"
        sample_rate, frame_rate, n_layers, codebook_size = 16000, 12.5, 1, 16

    with Library("memory:", Plain()) as library:
        list(library.add_documents([folder / "texts"]))
        assert library.ask("where is the library")[0].passage.number == 1
        with pytest.raises(UsageError, match=r"plain@1 does not tell phones"):
            library.ask(folder / "question.wav")


def test_a_store_that_keeps_no_documents_says_so(folder: Path) -> None:
    with Library("memory:") as library:
        del library._open(make=True).shelf
        with pytest.raises(UsageError, match="cannot keep documents"):
            list(library.add_documents([folder / "texts"]))


def test_what_is_learned_is_tried_and_kept_only_if_it_helps(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = run("kb", "fit")
    assert (code, "there is no store" in err) == (4, True)
    subjects = ("tea", "rain", "roads", "bread", "horses", "letters", "music", "winter", "ships", "money")
    lines = [f"{one} and {other} are often spoken of together" for one in subjects for other in subjects]
    (folder / "many.txt").write_text("\n\n".join(f"{line} {i}" * 2 for i, line in enumerate(lines)))
    monkeypatch.setattr("audiosearch.documents.FEW_WORDS", 0)
    run("kb", "add", "texts")
    code, _, err = run("kb", "fit")
    assert (code, err) == (2, "error: there are 3 passages to learn from, and 50 are needed\n")
    monkeypatch.setattr("queries.ask.fit.MOST", 55)
    monkeypatch.setattr("queries.ask.fit.WORDS", 6)
    run("kb", "add", "many.txt")
    code, (line,), _ = run("kb", "fit", "--json")
    assert (code, line["questions"]) == (0, 11)
    assert line["used"] == (line["mrr_with_what_was_learned"] > line["mrr_by_sound"])
    with Library(folder / "store") as library:
        assert bool(library.store.shelf.model("bridge")) == line["used"]


def test_a_transcriber_helps(run: Run, folder: Path) -> None:
    class Perfect:
        """Knows what is asked."""

        sample_rate = 8000

        def transcribe(self, waveform: Waveform) -> str:
            assert waveform.sample_rate == 8000
            return "where may bicycles be left"

    run("kb", "add", "texts")
    with Library(folder / "store") as library:
        noise = Waveform(sounds.noise(2.0), 16000)
        assert library.ask(noise, transcriber=Perfect())[0].passage.title == "Where may bicycles be left?"
    for others in (["--text", "words", "--whisper", "w"], ["--pocketsphinx", "--whisper", "w"]):
        code, _, err = run("ask", "x.wav", *others)
        assert (code, "--text, or have one made with --whisper or --pocketsphinx" in err) == (2, True)


def test_recordings_that_say_it_are_named(run: Run, folder: Path) -> None:
    """A minute of noise, and in it the words at 20 s."""
    run("kb", "add", "texts")
    spoken = Espeak("en-us+m3", 140).synthesize("fresh water is boiled for every pot of tea")
    words = audio.resample(spoken, 16000).samples
    whole = sounds.noise(60.0) * 0.01
    whole[20 * 16000 : 20 * 16000 + len(words)] += words
    media.write(folder / "meeting.wav", whole, 16000)
    run("ingest", folder / "meeting.wav")
    question = say(folder / "question.wav", "fresh water is boiled for every pot of tea")
    code, lines, _ = run("ask", question, "--recordings", "--json", "--min-probability", 0.01)
    best = next(line for line in lines if line["kind"] == "place")
    assert {line["kind"] for line in lines} == {"passage", "place"}
    assert (code, best["recording"].endswith("meeting.wav")) == (0, True)
    assert best["reference_start"] == pytest.approx(20, abs=0.5)


def test_answers_are_told_before_recordings_are_asked(run: Run, folder: Path, speech_clip: Path) -> None:
    run("kb", "add", "texts")
    media.write(folder / "talk.wav", audio.load(speech_clip, 16000).samples[:160000], 16000)
    run("ingest", folder / "talk.wav")
    code, lines, err = run(
        "ask", "--text", "\N{MUSICAL NOTE}", "--recordings", "--json", "--min-probability", 0
    )
    assert (code, {line["kind"] for line in lines}) == (2, {"passage"})
    assert "there is nothing to speak in" in err
    (folder / "talk.json").write_text("{")
    code, lines, err = run(
        "ask", "--text", "where is tea made", "--recordings", "--json", "--min-probability", 0
    )
    assert (code, {line["kind"] for line in lines}) == (0, {"passage", "place"})
    assert "talk.json is damaged" in err
