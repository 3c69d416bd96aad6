"""The Python interface: a library of recordings, filled and asked.

from audiosearch import Library

with Library("hearings.store") as library:
    for outcome in library.ingest(["recordings/"]):
        print(outcome.status, outcome.path, outcome.note)
    for match in library.locate("the contract was not signed"):
        print(library.name(match.recording), match.reference.start, match.probability)
"""

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import platformdirs

from audiosearch import audio, plugins, transcripts
from audiosearch.clips import Cutting
from audiosearch.errors import UsageError
from audiosearch.interfaces import (
    DocumentStore,
    Indexed,
    Segmenter,
    Speller,
    Store,
    Synthesizer,
    TextEncoder,
    Tokenizer,
    Transcriber,
    WithDocuments,
)
from audiosearch.representations import ANCHOR_DIM
from audiosearch.segmenters import Decision
from audiosearch.transcripts import Transcript
from audiosearch.types import (
    Answer,
    Candidate,
    Document,
    Entry,
    Float32,
    Match,
    Recording,
    Schema,
    Segment,
    Waveform,
)

if TYPE_CHECKING:
    from indexers.ingest import Listener, Outcome
    from indexers.texts import TextOutcome
    from queries.archive import Archive
    from queries.ask.fit import Fitted
    from queries.ask.shelf import Shelf
    from queries.lexical import Written
    from queries.waveforms import Waveforms

PathLike = str | os.PathLike[str]
CONFIRMED = 50  # places heard that a transcript may confirm, however few are asked for
SCHEMA_OPTIONS = ("fingerprint_frames", "anchor_hop", "histogram_layers", "histogram_norm")


def default_store() -> str:
    """The directory that is used where none is named."""
    return str(platformdirs.user_data_path("audiosearch") / "store")


class Library:
    """Recordings in a store.

    The store is opened on first use, and made by the first `ingest`.

    Parameters
    ----------
    store : path or str, optional
        A directory, or an address such as "memory:"; by default one in the user's data directory.
    tokenizer : str or Tokenizer
        By name, or any object that has what `interfaces.Tokenizer` asks for.
    segmenter : str or Segmenter
        Likewise.
    decision : Decision, optional
        When sound counts as speech; for a segmenter given by name.
    device : str
        Where a tokenizer given by name runs.
    model : str, optional
        Its weights, for a tokenizer that takes any: a directory, or an id on Hugging Face.
    max_gpu_memory : float, optional
        Gigabytes of GPU memory that it may use.
    encoder : str or TextEncoder, optional
        What tells the meaning of texts and questions: a model of sentence-transformers, as a directory or
        an id on Hugging Face; by default `encoders.static.Static`.
    schema : mapping of str to object, optional
        How a new store represents clips: any of ``fingerprint_frames``, ``anchor_hop``,
        ``histogram_layers`` and ``histogram_norm`` (see `types.Schema`). An existing store that was
        made otherwise is refused.

    Examples
    --------
    >>> library = Library("memory:")
    >>> [outcome.status for outcome in library.ingest(["no such file.wav"])]
    ['failed']
    """

    def __init__(
        self,
        store: PathLike | None = None,
        tokenizer: str | Tokenizer = "pocket",
        segmenter: str | Segmenter = "webrtc",
        decision: Decision | None = None,
        device: str = "cpu",
        schema: Mapping[str, object] | None = None,
        model: str | None = None,
        max_gpu_memory: float | None = None,
        encoder: str | TextEncoder | None = None,
    ) -> None:
        self.address = os.fspath(store) if store is not None else default_store()
        self.tokenizer: Tokenizer = (
            plugins.load_tokenizer(tokenizer, device, model, max_gpu_memory)
            if isinstance(tokenizer, str)
            else tokenizer
        )
        self.segmenter: Segmenter = (
            plugins.load(plugins.SEGMENTERS, segmenter)(decision) if isinstance(segmenter, str) else segmenter
        )
        self._text_encoder = encoder
        self._device = device
        self._wanted = dict(schema or {})
        if unknown := set(self._wanted) - set(SCHEMA_OPTIONS):
            raise UsageError(f"a store has no option {unknown.pop()!r}; it has {', '.join(SCHEMA_OPTIONS)}")
        if self._wanted:
            try:
                self._schema()
            except ValueError as exc:
                raise UsageError(f"no store can be made so: {exc}") from exc
        self._store: Store | None = None
        self._everything: tuple[list[Recording], Archive] | None = None
        self._shelf: Shelf | None = None
        self._known: dict[str, Recording] = {}
        self._transcripts: dict[tuple[Path, int], Transcript | None] = {}  # by file and time of change

    def ingest(
        self,
        paths: Iterable[PathLike],
        cutting: Cutting | None = None,
        listener: "Listener | None" = None,
    ) -> Iterator["Outcome"]:
        """Store files and what lies below directories; see `indexers.ingest`.

        Yields
        ------
        Outcome
            One for each file, as it is done.
        """
        from indexers.ingest import ingest, pace

        store = self._open(make=True)
        files = [Path(path) for path in paths]
        in_step = pace(self._device)
        yield from ingest(files, store, self.tokenizer, self.segmenter, cutting, listener, in_step)
        if isinstance(store, Indexed):
            store.optimize()

    def match(
        self,
        query: PathLike | Waveform,
        limit: int | None = None,
        any_speed: bool = False,
        waveforms: bool = True,
    ) -> list[Match]:
        """Stretches of the query that are in recordings, by default all of them; see `queries.match`.

        Parameters
        ----------
        query : path or Waveform
        limit : int, optional
        any_speed : bool
            Whether it may have been played at half to twice its speed.
        waveforms : bool
            Whether recordings whose files are still where they were stored from are listened to.

        Raises
        ------
        UsageError
            For a limit below 1.
        """
        from queries.match import match

        _require_answers(limit)
        read = functools.partial(self._blocks, query)
        sounds = self.waveforms(query) if waveforms else None
        return match(self.store, self.tokenizer, self.segmenter, read, limit, any_speed, sounds)

    def waveforms(self, query: PathLike | Waveform) -> "Waveforms":
        """The sound of a query, and of recordings whose files are at hand; see `queries.waveforms`."""
        from queries.waveforms import Waveforms, of_file, of_waveform

        asked = of_waveform(query) if isinstance(query, Waveform) else of_file(Path(query))
        return Waveforms(asked, self._file_of)

    def watch(
        self, source: PathLike | audio.Readable, name: str = "the stream", waveforms: bool = True
    ) -> Iterator[Match]:
        """Matches in a stream, each as soon as it has ended; see `queries.watch`.

        Parameters
        ----------
        source : path or Readable
            A file of any length, or one that is read as it comes (see `growing.Growing`).
        name : str
            What the latter is called in errors.
        waveforms : bool
            As for `match`.
        """
        from queries.watch import watch

        rate = self.tokenizer.sample_rate
        if isinstance(source, (str, os.PathLike)):
            blocks = audio.stream(Path(source), rate)[1]
        else:
            blocks = audio.live(source, name, rate)[1]
        return watch(self.store, self.tokenizer, blocks, self._file_of if waveforms else None)

    def copies(self, recording: Recording, waveforms: bool = True) -> list[Match]:
        """Stretches of a stored recording that are in others; see `queries.dedup`.

        Parameters
        ----------
        recording : Recording
        waveforms : bool
            As for `match`.
        """
        from queries.dedup import copies

        file = self._file_of(recording.id) if waveforms else None
        sounds = self.waveforms(file) if file else None
        return copies(self.store, self.tokenizer, recording, sounds)

    def locate(
        self,
        phrase: str | Path | Waveform,
        limit: int = 10,
        recordings: Sequence[str] | None = None,
        voices: Sequence[Synthesizer] | None = None,
        part: Segment | None = None,
        least: float = 0.0,
        unreadable: Callable[[str], None] | None = None,
    ) -> list[Match]:
        """Where a phrase is said; see `queries.locate`.

        Where transcripts lie beside the recordings (`audiosearch.transcripts`), typed words are looked for
        in them, too; see `queries.lexical`.

        Parameters
        ----------
        phrase : str, Path or Waveform
            Text; or a spoken example, as a file or a waveform.
        limit : int
        recordings : sequence of str, optional
            Only in these (as `find` understands them).
        voices : sequence of Synthesizer, optional
            They speak the text; by default several of its language (`audiosearch.voices`).
        part : Segment, optional
            Where in the example the phrase is said. An example that is heard within what surrounds it is
            found better than one that was cut out.
        least : float
            Probability; places that are less likely are left out.
        unreadable : callable, optional
            Told of each transcript that cannot be read, in a sentence; the others answer. Without it, that
            is an error.

        Raises
        ------
        UsageError
            For a limit below 1, a recording that is not stored, a text that is too long, or a transcript that
            cannot be read.
        """
        from queries.lexical import fused
        from queries.locate import locate
        from queries.phrases import spoken, typed
        from queries.readings import readings

        _require_answers(limit)
        archive = self._archive(recordings)
        if isinstance(phrase, str):
            phrases = typed(phrase, self._voices(phrase, voices), self.tokenizer)
            heard = locate(archive, self.tokenizer, phrases, max(limit, CONFIRMED), least)
            found = fused(heard, self._written(phrase, archive.recordings, unreadable), limit)
        else:
            example, part = self._around(phrase, part)
            examples = spoken(example, self.tokenizer, part)
            found = locate(archive, self.tokenizer, examples, limit, least, readings(examples))
        return [match for match in found if match.probability >= least]

    def similar(
        self, query: PathLike | Waveform, limit: int = 10, per_recording: int | None = None
    ) -> list[Candidate]:
        """Clips that sound like the query; see `queries.similar`."""
        from queries.similar import similar

        _require_answers(limit)
        return similar(self.store, self.tokenizer, self._heard(query), limit, per_recording)

    def speak(self, text: str, voices: Sequence[Synthesizer] | None = None) -> list[Waveform]:
        """Text as sound, once by each voice."""
        return [voice.synthesize(text) for voice in self._voices(text, voices)]

    def add_documents(self, paths: Iterable[PathLike], voice: str = "en-us") -> Iterator["TextOutcome"]:
        """Store texts that answer questions; see `indexers.texts`.

        Parameters
        ----------
        paths : iterable of path or str
            Markdown, HTML, text, CSV and JSON lines; directories are walked.
        voice : str
            Of eSpeak NG, which says how the words sound.

        Yields
        ------
        TextOutcome
            One for each file, as it is done.

        Raises
        ------
        UsageError
            For an unknown voice, before anything is stored.
        """
        from audiosearch import espeak
        from indexers.texts import add

        espeak.words("", voice)
        store = self._documents(self._open(make=True))
        for outcome in add([Path(path) for path in paths], store, voice, self._encoder()):
            self._shelf = None
            yield outcome

    def documents(self) -> list[Document]:
        """The texts that are stored, by name."""
        return self._documents(self.store).documents()

    def find_document(self, name: str) -> list[Document]:
        """The documents that a name means, as `find` understands names of recordings.

        Raises
        ------
        UsageError
            When there is none.
        """
        from indexers.ingest import recording_name

        return _named(name, recording_name(Path(name)), self.documents(), "document")

    def remove_document(self, document: str) -> int:
        """Remove a document, by its id; the number of passages that it had."""
        self._shelf = None
        return self._documents(self.store).delete_document(document)

    def fit_documents(
        self, voice: str = "en-us", listener: Callable[[int, int], None] | None = None
    ) -> "Fitted":
        """Learn what questions mean from the passages, spoken by synthetic voices; see `queries.ask.fit`.

        What is learned is used from then on, if it helps; if not, what was learned before is dropped, too.

        Parameters
        ----------
        voice : str
            Of eSpeak NG.
        listener : callable, optional
            Told how many passages were spoken, and of how many.

        Raises
        ------
        UsageError
            For fewer than 50 passages, or a tokenizer that cannot tell which phones are said.
        """
        from audiosearch.espeak import ensemble
        from queries.ask.bridge import MODEL
        from queries.ask.fit import fit

        if not isinstance(self.tokenizer, Speller):
            raise UsageError(f"{self.tokenizer.name} does not tell phones, so there is nothing to learn")
        shelf = self._asked(self.tokenizer)
        fitted = fit(
            shelf, self.tokenizer, self._encoder(), ensemble(voice.partition("+")[0]), self._heard, listener
        )
        packed = fitted.bridge.pack() if fitted.bridge else b""
        self._documents(self.store).put_model(MODEL, packed)
        self._shelf = None
        return fitted

    def ask(
        self,
        question: str | Path | Waveform | None = None,
        limit: int = 10,
        words: str = "",
        transcriber: Transcriber | None = None,
    ) -> list[Answer]:
        """Passages that answer a question; see `queries.ask`.

        Parameters
        ----------
        question : str, Path or Waveform
            Typed; or spoken, as a file or a waveform.
        limit : int
        words : str
            A transcript of the spoken question, if there is one.
        transcriber : Transcriber, optional
            Writes one, such as `whisper.Whisper`. What is heard and what is written are fused.

        Raises
        ------
        UsageError
            When the tokenizer cannot tell which phones are said, there is no question, or the limit is
            below 1.
        """
        from queries.ask import Question, ask
        from queries.ask.hearing import hear

        _require_answers(limit)
        speller = self.tokenizer if isinstance(self.tokenizer, Speller) else None
        if isinstance(question, str) or question is None:
            asked = Question(words=question or words)
            if not asked.words.strip():
                raise UsageError("there is no question")
        elif speller is None:
            raise UsageError(f"{self.tokenizer.name} does not tell phones, so a question must be typed")
        else:
            waveform = self._heard(question)
            if transcriber is not None:
                words = transcriber.transcribe(audio.resample(waveform, transcriber.sample_rate))
            asked = Question(hear(waveform, speller), 1 / speller.frame_rate / speller.slots, words)
        return ask(self._asked(speller), asked, limit, self._encoder())

    def recordings(self) -> list[Recording]:
        """What is stored, by name."""
        return self.store.recordings()

    def find(self, name: str) -> list[Recording]:
        """The recordings that a name means: an id or its beginning, a path, or the end of a path.

        Raises
        ------
        UsageError
            When there is none.
        """
        from indexers.ingest import recording_name

        return _named(name, recording_name(Path(name)), self.recordings(), "recording")

    def names(self) -> "Names":
        """Name of each stored recording, by its id."""
        return Names((recording.id, recording.name) for recording in self.recordings())

    def name(self, recording: str) -> str:
        """Name of a stored recording, by its id."""
        stored = self._recording(recording)
        return stored.name if stored else recording

    def entries(self, recording: str) -> Iterator[Entry]:
        """What is stored of a recording, by its id, clip by clip."""
        return self.store.entries(recording)

    def remove(self, recording: str) -> int:
        """Remove a recording, by its id; the number of clips that it had."""
        return self.store.delete(recording)

    @property
    def store(self) -> Store:
        """The open store.

        Raises
        ------
        StoreError
            When there is none, or it cannot be opened.
        """
        return self._open(make=False)

    def close(self) -> None:
        """Close the store."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self, make: bool) -> Store:
        if self._store is None:
            from indexers.stores import open_store, require

            store = open_store(self.address, self._schema() if make else None)
            try:
                require(store, self.address, {"tokenizer": self.tokenizer.name, **self._wanted})
            except BaseException:
                store.close()
                raise
            self._store = store
        return self._store

    def _documents(self, store: Store) -> DocumentStore:
        if not isinstance(store, WithDocuments):
            raise UsageError(f"the store at {self.address} cannot keep documents")
        return store.shelf

    def _asked(self, speller: Speller | None) -> "Shelf":
        if self._shelf is None:
            from queries.ask.bridge import MODEL, Bridge
            from queries.ask.shelf import Shelf

            store = self._documents(self.store)
            encoder = self._encoder().name
            others = {d.encoder for d in store.documents() if d.encoder != encoder}
            if others:
                raise UsageError(
                    f"some texts were stored with the text encoder {', '.join(sorted(others))}, and this is "
                    f"{encoder}; name the same one with --encoder, or run `audiosearch kb add` again"
                )
            packed = store.model(MODEL)
            bridge = Bridge.unpack(packed) if packed else None
            fits = bridge and (bridge.encoder, bridge.tokenizer) == (encoder, self.tokenizer.name)
            phones = speller.phones if speller else ()
            self._shelf = Shelf(list(store.passages()), phones, bridge if fits else None)
        return self._shelf

    def _encoder(self) -> TextEncoder:
        """Loaded when it is first needed."""
        if self._text_encoder is None:
            from audiosearch.encoders.static import Static

            self._text_encoder = Static()
        elif isinstance(self._text_encoder, str):
            from audiosearch.encoders.sentences import Sentences

            self._text_encoder = Sentences(self._text_encoder, self._device)
        return self._text_encoder

    def _schema(self) -> Schema:
        plain = Schema(
            tokenizer=self.tokenizer.name,
            n_layers=self.tokenizer.n_layers,
            codebook_size=self.tokenizer.codebook_size,
            frame_rate=self.tokenizer.frame_rate,
            anchor_dim=ANCHOR_DIM,
        )
        return replace(plain, **self._wanted)  # type: ignore[arg-type]

    def _voices(self, text: str, voices: Sequence[Synthesizer] | None) -> Sequence[Synthesizer]:
        from audiosearch.voices import voices_for

        return voices_for(text) if voices is None else voices

    def _archive(self, names: Sequence[str] | None) -> "Archive":
        """The codes of recordings; those of all are kept for the next question."""
        from queries.archive import Archive

        layers = self.tokenizer.speech_layers
        if names is not None:
            chosen = {r.id: r for name in names for r in self.find(name)}
            return Archive.of(self.store, list(chosen.values()), layers)
        stored = self.recordings()
        if self._everything is None or self._everything[0] != stored:
            self._everything = stored, Archive.of(self.store, stored, layers)
        return self._everything[1]

    def _written(
        self, phrase: str, recordings: Sequence[str], unreadable: Callable[[str], None] | None
    ) -> "Iterator[Written]":
        """Where transcripts have a phrase, before the recording ends."""
        from indexers.ingest import recording_path
        from queries.lexical import written

        stored = {recording.id: recording for recording in self.recordings()}
        listed = functools.cache(transcripts.listed)
        for recording in dict.fromkeys(recordings):
            path = recording_path(stored[recording].name)
            transcript = self._transcript(transcripts.beside(path, listed(path.parent)), unreadable)
            if transcript is not None:
                places = written(recording, transcript, phrase)
                yield from (one for one in places if one.segment.start < stored[recording].duration)

    def _transcript(
        self, beside: Iterable[Path], unreadable: Callable[[str], None] | None
    ) -> Transcript | None:
        """The first of these files that holds words."""
        for path in beside:
            try:
                found = self._read(path)
            except UsageError as exc:
                if unreadable is None:
                    raise
                unreadable(str(exc))
                continue
            if found is not None and found.words:
                return found
        return None

    def _read(self, path: Path) -> Transcript | None:
        """A transcript; read once, and again when it was changed or cannot be read."""
        try:
            key = (path, path.stat().st_mtime_ns)
        except OSError as exc:
            raise UsageError(f"{path} cannot be read: {exc.strerror}") from exc
        if key not in self._transcripts:
            self._transcripts[key] = transcripts.read(path)
        return self._transcripts[key]

    def _blocks(self, query: PathLike | Waveform) -> Iterator[Float32]:
        rate = self.tokenizer.sample_rate
        if isinstance(query, Waveform):
            return iter([self._heard(query).samples])
        return audio.stream(Path(query), rate)[1]

    def _recording(self, recording: str) -> Recording | None:
        if recording not in self._known:
            self._known = {stored.id: stored for stored in self.recordings()}
        return self._known.get(recording)

    def _file_of(self, recording: str) -> Path | None:
        """The file of a recording, by its id, if it is what it was when it was stored."""
        from indexers.ingest import file_of

        stored = self._recording(recording)
        return file_of(stored) if stored else None

    def _around(self, query: Path | Waveform, part: Segment | None) -> tuple[Waveform, Segment | None]:
        """An example; of a file what lies around the part that is meant, and where the part lies in that."""
        from queries.surroundings import REACH

        if part is None or isinstance(query, Waveform):
            return self._heard(query), part
        audio.excerpt(query, part)  # what has no sound there is refused by the seconds that were named
        first = max(0.0, part.start - REACH)
        near = audio.excerpt(query, Segment(first, part.end + REACH))
        return self._heard(near), Segment(part.start - first, part.end - first)

    def _heard(self, query: PathLike | Waveform) -> Waveform:
        if isinstance(query, Waveform):
            audio.require_sound(query.samples, "the query")
            return audio.resample(query, self.tokenizer.sample_rate)
        return audio.load(Path(query), self.tokenizer.sample_rate)


def _require_answers(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise UsageError(f"at least 1 answer must be asked for, not {limit}")


class Names(dict[str, str]):
    """Names of recordings by their ids; one that was removed meanwhile is called by its id."""

    def __missing__(self, recording: str) -> str:
        return recording


Named = TypeVar("Named", Recording, Document)


def _named(name: str, whole: str, stored: Sequence[Named], kind: str) -> list[Named]:
    """By id or its beginning, by path, or by the end of one: of a path that begins nowhere in particular."""
    somewhere = not name.startswith(("/", "./", "../"))
    found = (
        [one for one in stored if one.name == whole or one.id == name]
        or [one for one in stored if somewhere and one.name.endswith("/" + name)]
        or [one for one in stored if len(name) >= 4 and one.id.startswith(name)]
    )
    if found:
        return found
    raise UsageError(f"no {kind} called {name} is stored")
