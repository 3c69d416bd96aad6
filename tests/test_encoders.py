"""Text encoders by sentence-transformers itself, with random weights: what they mean is nothing."""

import sys
from pathlib import Path

import numpy as np
import pytest

from audiosearch import Library
from audiosearch.encoders.sentences import Sentences
from audiosearch.errors import MissingDependencyError, UsageError

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "tea", "water", "is", "boiled", "for")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of one layer that knows a few words."""
    pytest.importorskip("sentence_transformers")
    import transformers
    from sentence_transformers import SentenceTransformer, models

    folder = tmp_path_factory.mktemp("encoder")
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    transformers.BertModel(config).save_pretrained(folder)
    layers = [models.Transformer(str(folder)), models.Pooling(16)]
    SentenceTransformer(modules=layers, device="cpu").save(str(folder / "whole"))
    return folder / "whole"


@pytest.mark.filterwarnings("ignore")  # of transformers, about itself
def test_any_model_of_sentence_transformers(checkpoint: Path, tmp_path: Path) -> None:
    encoder = Sentences(str(checkpoint))
    vectors = encoder.encode(["tea", "water is boiled for tea", "tea"])
    assert (vectors.shape, vectors.dtype, encoder.dim) == ((3, 16), np.float32, 16)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert vectors[0] == pytest.approx(vectors[2], abs=1e-6)
    assert encoder.encode([]).shape == (0, 16)
    (tmp_path / "tea.txt").write_text("Water is boiled for tea.\n")
    with Library(tmp_path / "store", encoder=str(checkpoint)) as library:
        list(library.add_documents([tmp_path / "tea.txt"]))
        assert library.ask("water for tea")[0].passage.vector.shape == (16,)
    with Library(tmp_path / "store") as library, pytest.raises(UsageError, match="name the same one"):
        library.ask("water for tea")


@pytest.mark.filterwarnings("ignore")
def test_weights_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingDependencyError, match=r"audiosearch\[sentence-transformers\]"):
        Sentences("any")
