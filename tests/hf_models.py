"""Small CTC models of transformers, as `save_pretrained` writes them: with random weights, or fitted to tone speech."""
from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from tones import LETTER, RATE, say, sentences

LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABDEMNOTR", "'"]
SMALL = dict(
    hidden_size=32, num_attention_heads=2, intermediate_size=64, conv_dim=(32, 32, 32, 32, 32, 32, 32),
    num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2,
)  # fmt: skip


def save_hf(folder, kind, letters=LETTERS, layers=2, **sizes):
    """The model and its feature extractor; ``<pad>`` among the letters is the blank."""
    transformers = pytest.importorskip("transformers")
    folder.mkdir(exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({letter: place for place, letter in enumerate(letters)}))
    transformers.Wav2Vec2CTCTokenizer(
        str(folder / "vocab.json"), pad_token="<pad>", unk_token="<unk>", word_delimiter_token="|",
    ).save_pretrained(folder)  # fmt: skip
    torch.manual_seed(0)
    of_all = dict(vocab_size=len(letters), pad_token_id=letters.index("<pad>"), num_hidden_layers=layers)
    if kind == "wav2vec2-bert":
        extractor = transformers.SeamlessM4TFeatureExtractor(feature_size=80, num_mel_bins=80, sampling_rate=RATE, stride=2)
        config = transformers.Wav2Vec2BertConfig(
            hidden_size=32, num_attention_heads=2, intermediate_size=64, feature_projection_input_dim=160,
            conv_depthwise_kernel_size=5, output_hidden_size=32, **of_all,
        )  # fmt: skip
        model = transformers.Wav2Vec2BertForCTC(config)
    else:
        names = {"wav2vec2": ("Wav2Vec2Config", "Wav2Vec2ForCTC"), "hubert": ("HubertConfig", "HubertForCTC")}
        config, network = (getattr(transformers, name) for name in names[kind])
        extractor = transformers.Wav2Vec2FeatureExtractor(feature_size=1, sampling_rate=RATE, do_normalize=True, return_attention_mask=False)
        model = network(config(**of_all, **{**SMALL, **sizes}))
    extractor.save_pretrained(folder)
    model.eval().save_pretrained(folder)
    return model.eval(), extractor


def hears_tones(folder, letters, deaf_to=""):
    """A Wav2Vec2ForCTC that recognises tone speech: its layers are random, and its head is fitted to their output.

    ``deaf_to``: letters that always lie behind others.
    """
    model, extractor = save_hf(folder, "wav2vec2", letters, 4, hidden_size=64, conv_dim=(64,) * 7)

    def states(samples):
        with torch.no_grad():
            return model.base_model(**extractor(samples, sampling_rate=RATE, return_tensors="pt"))[0][0]

    def spoken(text, frames):
        """The letter in whose middle a frame's middle lies; else the blank."""
        place, within = np.divmod((320 * np.arange(frames) + 200) / RATE - 0.1, LETTER)
        there = (place >= 0) & (place < len(text)) & (abs(within / LETTER - 0.5) < 0.3)
        signs = [letters.index("|" if letter == " " else letter.upper()) for letter in text]
        return [signs[int(at)] if said else letters.index("<pad>") for at, said in zip(place, there)]

    texts = sentences(60, seed=5)
    heard = [states(say(text, seed=number)) for number, text in enumerate(texts)]
    labels = torch.tensor([label for text, rows in zip(texts, heard) for label in spoken(text, len(rows))])
    x = torch.cat(heard)
    mean, scale = x.mean(0), x.std(0) + 1e-5
    head = torch.nn.Linear(x.shape[1], len(letters))
    optimizer = torch.optim.Adam(head.parameters(), lr=3e-2)
    for _ in range(300):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(head((x - mean) / scale), labels).backward()
        optimizer.step()
    with torch.no_grad():
        model.lm_head.weight.copy_(head.weight / scale)
        model.lm_head.bias.copy_(head.bias - model.lm_head.weight @ mean)
        for letter in deaf_to:
            model.lm_head.bias[letters.index(letter)] -= 6.0
    model.save_pretrained(folder)
