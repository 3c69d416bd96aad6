"""Text to speech by eSpeak NG: a synthetic voice that needs no model.

The library is found in this order: the Python package ``espeakng-loader`` (the extra ``espeak``,
which carries library and voices), a shared library ``libespeak-ng`` of the system. Failing both, the
program ``espeak-ng`` on the PATH is used. eSpeak NG is GPL-3.0 and no part of this package.
"""

import ctypes
import ctypes.util
import functools
import io
import itertools
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import numpy as np

from audiosearch.errors import MissingDependencyError, UsageError
from audiosearch.types import Waveform

MARKS = r"\(.*?\)|[\u02c8\u02cc\u02d0\u02d10-9.\-'|_:;]"  # of change of voice, stress, length, tone
THIRD_TONE = "\u025c"
VARIANTS = ("", "+f2", "+m3", "+f4")  # of every voice: a man's, a woman's ...
HOW_TO_INSTALL = (
    "typed text is spoken by eSpeak NG, which is not installed: pip install 'audiosearch[espeak]', "
    "or apt-get install espeak-ng (macOS: brew install espeak-ng)"
)
NO_LIBRARY = (
    "eSpeak NG's program is there, but not its library, which tells phones: "
    "pip install 'audiosearch[espeak]', or apt-get install libespeak-ng1"
)


class Espeak:
    """A voice of eSpeak NG.

    Parameters
    ----------
    voice : str
        As eSpeak NG names it: a language ("en", "en-us", "cmn", "de"), with a variant after a plus
        sign ("en-us+f3").
    words_per_minute : int
        80 to 450.

    Examples
    --------
    >>> Espeak("en-us").synthesize("hello").sample_rate  # doctest: +SKIP
    22050
    """

    def __init__(self, voice: str = "en-us", words_per_minute: int = 150) -> None:
        if not 80 <= words_per_minute <= 450:
            raise UsageError(f"eSpeak NG speaks 80 to 450 words per minute, not {words_per_minute}")
        self.voice = voice
        self.words_per_minute = words_per_minute

    def synthesize(self, text: str) -> Waveform:
        """The text, spoken; each time the same.

        Raises
        ------
        UsageError
            For a text without a word in it, or an unknown voice.
        MissingDependencyError
            When eSpeak NG is not installed.
        """
        if not any(character.isalnum() for character in text):
            raise UsageError(f"there is nothing to speak in {text!r}")
        library = _find_library()
        if library is not None:
            return library.synthesize(text, self.voice, self.words_per_minute)
        return self._by_program(text)

    def _by_program(self, text: str) -> Waveform:
        program = shutil.which("espeak-ng")
        if program is None:
            raise MissingDependencyError(HOW_TO_INSTALL)
        command = [
            program,
            "--stdout",
            "-b",
            "1",
            "-v",
            self.voice,
            "-s",
            str(self.words_per_minute),
            "--stdin",
        ]
        done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
        if done.returncode != 0 or not done.stdout:
            raise UsageError(f"eSpeak NG has no voice {self.voice!r}: {done.stderr.decode().strip()}")
        pcm = np.frombuffer(done.stdout[44:], "<i2")  # behind a WAV header of unknown length
        return Waveform((pcm / 32768).astype(np.float32), 22050)


def ensemble(voice: str = "en-us") -> list[Espeak]:
    """A voice and others that speak like it, unless it names a variant itself."""
    return [Espeak(voice)] if "+" in voice else [Espeak(voice + variant) for variant in VARIANTS]


def phones(text: str, voice: str = "en-us") -> list[str]:
    """All phones of a text, as `words` gives them."""
    return [phone for word in words(text, voice) for phone in word]


def words(text: str, voice: str = "en-us") -> list[list[str]]:
    """The phones of each word of a text as eSpeak NG reads it, in the international phonetic alphabet.

    Stress, length and tone marks are left out.

    Raises
    ------
    UsageError
        For an unknown voice.
    MissingDependencyError
        Without eSpeak NG's library.
    """
    return _required().words(text, voice)


def aligned(text: str, voice: str, words_per_minute: int) -> tuple[Waveform, list[tuple[float, str]]]:
    """A text, spoken, and when each of its phones begins, in seconds; a pause is an empty phone.

    Raises
    ------
    UsageError
        For an unknown voice.
    MissingDependencyError
        Without eSpeak NG's library.
    """
    library = _required()
    waveform = library.synthesize(text, voice, words_per_minute)
    return waveform, [(sample / waveform.sample_rate, bare(phone)) for sample, phone in library.said]


def tells_phones() -> bool:
    """Whether there is eSpeak NG's library: its program only speaks."""
    return _find_library() is not None


def bare(phone: str) -> str:
    """A phone without marks of stress, length and tone; the third tone of Mandarin looks like a vowel."""
    marked = re.sub(MARKS, "", phone)
    return marked.removesuffix(THIRD_TONE) or marked


def _required() -> "_Library":
    library = _find_library()
    if library is None:
        raise MissingDependencyError(HOW_TO_INSTALL if shutil.which("espeak-ng") is None else NO_LIBRARY)
    return library


def version() -> str | None:
    """What is installed, for `audiosearch doctor`; None without eSpeak NG."""
    library = _find_library()
    if library is not None:
        return f"library {library.version}"
    program = shutil.which("espeak-ng")
    return f"program {program}" if program else None


class _Event(ctypes.Structure):
    """What eSpeak NG tells of the sound it hands over (espeak_EVENT)."""

    LAST, PHONE = 0, 7  # types
    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("phone", ctypes.c_char * 8),
    )


class _Library:
    """The shared library. It has one voice at a time, so calls take turns."""

    SYNCHRONOUS = 2  # speak into a callback, and come back when all is said
    UTF8 = 1
    PHONES = 1 | 2  # tell when each phone begins, and name it by the phonetic alphabet
    RATE = 1  # the parameter for words per minute
    IPA = ord("_") << 8 | 2  # phones in the phonetic alphabet with _ between them

    def __init__(self, path: str, data: str | None) -> None:
        self._path = path
        self._directory = data.encode() if data else None
        self._turn = threading.Lock()
        self._pcm = io.BytesIO()
        self.said: list[tuple[int, str]] = []  # sample and phone, of the last text
        signature = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
        )
        self._callback = signature(self._collect)  # kept: the library calls it later
        self._start()
        self.version = self._dll.espeak_Info(None).decode()

    def _start(self) -> None:
        self._dll = ctypes.cdll.LoadLibrary(self._path)
        self._dll.espeak_Info.restype = ctypes.c_char_p
        self._dll.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._sample_rate = self._dll.espeak_Initialize(self.SYNCHRONOUS, 0, self._directory, self.PHONES)
        if self._sample_rate <= 0:
            raise OSError(f"eSpeak NG at {self._path} does not start")
        self._dll.espeak_SetSynthCallback(self._callback)
        self._voice = ""

    def _start_anew(self) -> None:
        """Unload and load it, a millisecond: else its voice flutters on from where the last text left it."""
        self._dll.espeak_Terminate()
        close = ctypes.CDLL(None).dlclose
        close.argtypes = (ctypes.c_void_p,)
        close(self._dll._handle)
        self._start()

    def synthesize(self, text: str, voice: str, words_per_minute: int) -> Waveform:
        with self._turn:
            self._start_anew()
            self._use(voice)
            self._dll.espeak_SetParameter(self.RATE, words_per_minute, 0)
            self._pcm = io.BytesIO()
            self.said.clear()
            spoken = text.encode() + b"\0"
            self._dll.espeak_Synth(spoken, len(spoken), 0, 0, 0, self.UTF8, None, None)
            self._dll.espeak_Synchronize()
            pcm = np.frombuffer(self._pcm.getvalue(), np.int16)
        return Waveform((pcm / 32768).astype(np.float32), self._sample_rate)

    def words(self, text: str, voice: str) -> list[list[str]]:
        with self._turn:
            self._use(voice)
            rest = ctypes.c_char_p(text.encode())
            clauses = []
            while rest.value:
                clause = self._dll.espeak_TextToPhonemes(ctypes.byref(rest), self.UTF8, self.IPA)
                clauses.append((clause or b"").decode())
        words = (map(bare, word.split("_")) for word in " ".join(clauses).split())
        return [phones for word in words if (phones := [phone for phone in word if phone])]

    def _use(self, voice: str) -> None:
        """Change the voice; that reads its dictionary again, so only if it is another one."""
        if voice != self._voice:
            self._voice = ""
            if self._dll.espeak_SetVoiceByName(voice.encode()) != 0:
                raise UsageError(f"eSpeak NG has no voice {voice!r}")
            self._voice = voice

    def _collect(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: Any) -> int:
        if count > 0:
            self._pcm.write(ctypes.string_at(samples, 2 * count))
        for event in itertools.takewhile(lambda event: event.type != _Event.LAST, events or ()):
            if event.type == _Event.PHONE:
                self.said.append((event.sample, event.phone.decode("utf-8", "ignore")))
        return 0


@functools.cache
def _find_library() -> _Library | None:
    """Started once in a process."""
    try:
        import espeakng_loader

        return _Library(
            str(espeakng_loader.get_library_path()), str(Path(espeakng_loader.get_data_path()).parent)
        )
    except ImportError:
        found = ctypes.util.find_library("espeak-ng")
        return _Library(found, None) if found else None
