"""What sounds like this? Clips whose codes occur about as often as the query's, in any order."""

from audiosearch.errors import AudioError
from audiosearch.interfaces import Store, Tokenizer
from audiosearch.representations import counted, histogram
from audiosearch.types import Candidate, Waveform


def similar(
    store: Store,
    tokenizer: Tokenizer,
    waveform: Waveform,
    limit: int = 10,
    per_recording: int | None = None,
) -> list[Candidate]:
    """Stored clips in order of their likeness to the query.

    Parameters
    ----------
    store : Store
    tokenizer : Tokenizer
        The one that the store was made with.
    waveform : Waveform
        At the tokenizer's sample rate.
    limit : int
    per_recording : int, optional
        At most so many clips of each recording; by default the best, wherever they are.

    Returns
    -------
    list of Candidate
        Best first. The score is the product of the histograms, 0 for no code in common; where the
        store weighs codes (tf-idf), rare ones count for more, so that it may exceed 1. It is no
        probability: what counts as alike is for the ear to say.

    Raises
    ------
    AudioError
        When the query is empty.
    """
    codes = tokenizer.encode([waveform])[0]
    if codes.n_frames == 0:
        raise AudioError("the query holds no sound")
    asked = histogram(codes, counted(store.schema.histogram_layers, tokenizer), "l2")
    return store.by_histogram(asked, limit, None, per_recording)
