"""hama's English phone recogniser: 191 IPA symbols, summed up to the 39 phones of the CMU dictionary.

Its training data are not documented. It spells no words: ``ctcb graph`` over phones gives it some.
"""
from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np

from ctcb.acoustic.fingerprint import of_files
from ctcb.acoustic.open import Tokens
from ctcb.acoustic.waveform import WaveformModel
from ctcb.ctc.emissions import Emissions
from ctcb.data.audio import SAMPLE_RATE
from ctcb.phones.phonetics import Phonetics

# CMU phone -> the IPA symbols that count as it. All others (marks of length and tone, sounds of
# other languages, the word boundary) count as blank.
IPA: Dict[str, str] = {
    "AA": "ɑ ɒ a", "AE": "æ", "AH": "ʌ ə ɐ ᵊ", "AO": "ɔ", "AW": "aʊ", "AY": "aɪ", "B": "b", "CH": "t͡ʃ", "D": "d", "DH": "ð",
    "EH": "ɛ e eə", "ER": "ɝ ɚ ɜ", "EY": "eɪ", "F": "f", "G": "ɡ g", "HH": "h ɦ", "IH": "ɪ ɨ ɪə", "IY": "i", "JH": "d͡ʒ", "K": "k",
    "L": "l ɫ", "M": "m", "N": "n", "NG": "ŋ", "OW": "oʊ o", "OY": "ɔɪ", "P": "p", "R": "ɹ r ɻ", "S": "s", "SH": "ʃ", "T": "t ɾ ʔ",
    "TH": "θ", "UH": "ʊ", "UW": "u ʉ", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
LOWEST = 1e-10  # probability of what cannot be


def summing(symbols: Sequence[str], phones: Sequence[str]) -> np.ndarray:
    """``[V, P]`` float32 of 0 and 1: the phone that each symbol counts as; ``phones`` begin with the blank."""
    phone_of = {symbol: phones.index(phone) for phone, some in IPA.items() for symbol in some.split()}
    matrix = np.zeros((len(symbols), len(phones)), np.float32)
    matrix[np.arange(len(symbols)), [phone_of.get(symbol, 0) for symbol in symbols]] = 1.0
    return matrix


class HamaModel(WaveformModel):
    """A model with a phone head and no other: its phones are its tokens, which spell no words."""

    def forward(self, rows: Sequence[np.ndarray], utt_ids: Sequence[str]) -> List[Emissions]:
        """Natural-log probabilities of the phones."""
        return [Emissions(phones, phones) for phones in (np.log(self._network(samples)) for samples in rows)]


def load(name: str, tokens: Tokens, device: str) -> HamaModel:
    """The model that comes inside the package; ``name`` is empty. Its package runs it on the CPU, whatever ``device`` is."""
    import hama
    from hama.asr import ASR_OUTPUT_FRAME_SAMPLES, ASRModel

    model, phonetics = ASRModel(), Phonetics.default()
    matrix = summing(model.decoder_tokens, phonetics.symbols)

    def network(samples: np.ndarray) -> np.ndarray:
        given = {
            model._waveform_input_name: samples[None], model._waveform_lengths_input_name: np.array([len(samples)], np.int64),
        }  # fmt: skip
        log_probs, frames = model.session.run([model._log_probs_output_name, model._out_lengths_output_name], given)
        summed = np.exp(np.asarray(log_probs[0], np.float32)[: int(np.ravel(frames)[0])]) @ matrix
        return np.maximum(summed / summed.sum(axis=1, keepdims=True), LOWEST)

    files = sorted((Path(hama.__file__).parent / "assets").glob("asr*"))
    opened = HamaModel(network, None, ASR_OUTPUT_FRAME_SAMPLES / SAMPLE_RATE, lambda: of_files(files, phonetics.symbols))
    opened.phonetics = phonetics
    return opened
