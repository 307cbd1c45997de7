"""``BeamSearchDecoderCTC`` on ctcb's search and its biasing of the decoder."""
from __future__ import annotations

import math
import os
from copy import copy
from pathlib import Path
from typing import Any, ClassVar, Collection, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ctcb.arrays import as_array
from ctcb.biasing.prepared_list import MODEL, Context
from ctcb.biasing.presets import BUILT_IN
from ctcb.compat.pyctcdecode.alphabet import Alphabet, is_subwords, verify_alphabet_coverage
from ctcb.compat.pyctcdecode.constants import (
    AVG_TOKEN_LEN,
    DEFAULT_ALPHA,
    DEFAULT_BEAM_WIDTH,
    DEFAULT_BETA,
    DEFAULT_HOTWORD_WEIGHT,
    DEFAULT_MIN_TOKEN_LOGP,
    DEFAULT_PRUNE_BEAMS,
    DEFAULT_PRUNE_LOGP,
    DEFAULT_SCORE_LM_BOUNDARY,
    DEFAULT_UNK_LOGP_OFFSET,
)  # fmt: skip
from ctcb.compat.pyctcdecode.language_model import LanguageModel, LmState
from ctcb.compat.pyctcdecode.warned import warn_once
from ctcb.ctc.emissions import Emissions
from ctcb.ctc.log_probs import from_logits
from ctcb.decoding.builder import Config, EmissionFacts, build_pipeline
from ctcb.decoding.list_cache import ListCache
from ctcb.decoding.pipeline import Pipeline
from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write, read_text
from ctcb.text.spelling import spelling_of
from ctcb.text.tokens import text_of
from ctcb.threads import in_order
from ctcb.transcript.hypothesis import Reading, joined

WordFrames = Tuple[str, Tuple[int, int]]
OutputBeam = Tuple[str, Optional[LmState], List[WordFrames], float, float]
OutputBeamMPSafe = Tuple[str, List[WordFrames], float, float]
PRESET = "decoder"
LEAST = 1e-15  # probability to which those of a logit matrix of probabilities are raised


class _Settings(NamedTuple):
    """What a pipeline is made for."""

    beam_width: int
    token_min_logp: float
    alpha: float
    beta: float
    unk_score_offset: float


class BeamSearchDecoderCTC:
    """Beam search over logits, with an LM and hotwords. Serves any number of threads."""

    model_container: ClassVar[Dict[bytes, Optional[LanguageModel]]] = {}  # transformers sets the LM's weights through it
    _ALPHABET_SERIALIZED_FILENAME = "alphabet.json"
    _LANGUAGE_MODEL_SERIALIZED_DIRECTORY = "language_model"

    def __init__(self, alphabet: Alphabet, language_model: Optional[LanguageModel] = None) -> None:
        """Raises InputError for labels of which none tells where words begin."""
        self._alphabet, self._table = alphabet, alphabet.table()
        self._spelling = spelling_of(self._table, None)
        letters = [text_of(symbol) for symbol, is_text in zip(self._table.symbols, self._table.is_text) if is_text]
        self._upper = "".join(letters).upper() == "".join(letters) != "".join(letters).lower()
        self._letters_a_token = sum(map(len, letters)) / max(1, len(letters))
        self._pipelines: Dict[_Settings, Tuple[Pipeline, ListCache]] = {}
        self._model_key = os.urandom(16)
        self.model_container[self._model_key] = language_model

    @property
    def _language_model(self) -> Optional[LanguageModel]:
        return self.model_container[self._model_key]

    def reset_params(
        self, alpha: Optional[float] = None, beta: Optional[float] = None, unk_score_offset: Optional[float] = None,
        lm_score_boundary: Optional[bool] = None,
    ) -> None:
        """Set weights of the LM, where there is one."""
        given = {"alpha": alpha, "beta": beta, "unk_score_offset": unk_score_offset, "score_boundary": lm_score_boundary}
        if self._language_model is not None:
            self._language_model.reset_params(**{name: value for name, value in given.items() if value is not None})

    @classmethod
    def clear_class_models(cls) -> None:
        """Forget all LMs."""
        cls.model_container.clear()

    def cleanup(self) -> None:
        """Forget this decoder's LM."""
        self.model_container.pop(self._model_key, None)

    def decode_beams(
        self, logits: Any, beam_width: int = DEFAULT_BEAM_WIDTH, beam_prune_logp: float = DEFAULT_PRUNE_LOGP,
        token_min_logp: float = DEFAULT_MIN_TOKEN_LOGP, prune_history: bool = DEFAULT_PRUNE_BEAMS,
        hotwords: Optional[Iterable[str]] = None, hotword_weight: float = DEFAULT_HOTWORD_WEIGHT, lm_start_state: Optional[LmState] = None,
    ) -> List[OutputBeam]:
        """The likeliest texts, best first, each different.

        Parameters
        ----------
        logits : ``[T, V]`` logits, log-probabilities or probabilities, of numpy or torch.
        beam_width : hypotheses that are kept, and texts at most.
        beam_prune_logp, prune_history : have no counterpart.
        token_min_logp : tokens that are less likely than the frame's best by more than this open no new hypothesis.
        hotwords : names as they should be recognised, of any number of words.
        hotword_weight : 10 stands for a weight of 1 in ctcb; below 0 the words are pushed away; 0 is no list.
        lm_start_state : of a beam of the piece before.

        Returns
        -------
        ``(text, LM state, [(word, (first frame, end frame))], log-probability of the emissions, score with LM and hotwords)``.

        Raises InputError for a matrix of another shape, and for NaN.
        """
        readings, lm = self._readings(logits, beam_width, beam_prune_logp, token_min_logp, prune_history, hotwords, hotword_weight, lm_start_state)
        beams: List[OutputBeam] = []
        for reading in readings:
            state = None if lm is None else lm.after(self._table, lm_start_state, [word.word for word in reading.words])
            beams.append((self._text(joined(reading.words)), state, self._frames(reading), reading.acoustic, reading.score))
        return beams

    def decode(
        self, logits: Any, beam_width: int = DEFAULT_BEAM_WIDTH, beam_prune_logp: float = DEFAULT_PRUNE_LOGP,
        token_min_logp: float = DEFAULT_MIN_TOKEN_LOGP, hotwords: Optional[Iterable[str]] = None,
        hotword_weight: float = DEFAULT_HOTWORD_WEIGHT, lm_start_state: Optional[LmState] = None,
    ) -> str:
        """The likeliest text; see :meth:`decode_beams`."""
        return self.decode_beams(
            logits, beam_width, beam_prune_logp, token_min_logp, hotwords=hotwords, hotword_weight=hotword_weight, lm_start_state=lm_start_state
        )[0][0]

    def decode_beams_batch(
        self, pool: Any, logits_list: Iterable[Any], beam_width: int = DEFAULT_BEAM_WIDTH, beam_prune_logp: float = DEFAULT_PRUNE_LOGP,
        token_min_logp: float = DEFAULT_MIN_TOKEN_LOGP, prune_history: bool = DEFAULT_PRUNE_BEAMS,
        hotwords: Optional[Iterable[str]] = None, hotword_weight: float = DEFAULT_HOTWORD_WEIGHT,
    ) -> List[List[OutputBeamMPSafe]]:
        """:meth:`decode_beams` of several matrices, without the LM's states.

        With a ``pool`` they are decoded on threads of this process, as many as the pool has processes: the search runs
        without the interpreter's lock.
        """
        hotwords = None if hotwords is None else list(hotwords)

        def work(logits: Any) -> List[OutputBeamMPSafe]:
            found = self.decode_beams(logits, beam_width, beam_prune_logp, token_min_logp, prune_history, hotwords, hotword_weight)
            return [(text, frames, logit_score, score) for text, _, frames, logit_score, score in found]

        return list(in_order(work, logits_list, 1 if pool is None else getattr(pool, "_processes", None) or os.cpu_count() or 1))

    def decode_batch(
        self, pool: Any, logits_list: Iterable[Any], beam_width: int = DEFAULT_BEAM_WIDTH, beam_prune_logp: float = DEFAULT_PRUNE_LOGP,
        token_min_logp: float = DEFAULT_MIN_TOKEN_LOGP, hotwords: Optional[Iterable[str]] = None, hotword_weight: float = DEFAULT_HOTWORD_WEIGHT,
    ) -> List[str]:
        """The likeliest text of each of several matrices; see :meth:`decode_beams_batch`."""
        found = self.decode_beams_batch(
            pool, logits_list, beam_width, beam_prune_logp, token_min_logp, hotwords=hotwords, hotword_weight=hotword_weight
        )
        return [beams[0][0] for beams in found]

    def save_to_dir(self, filepath: PathOrStr) -> None:
        """Write the labels, and the LM where there is one, as pyctcdecode does."""
        folder = Path(filepath)
        folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(folder / self._ALPHABET_SERIALIZED_FILENAME) as file:
            file.write(self._alphabet.dumps())
        if self._language_model is not None:
            (folder / self._LANGUAGE_MODEL_SERIALIZED_DIRECTORY).mkdir(exist_ok=True)
            self._language_model.save_to_dir(folder / self._LANGUAGE_MODEL_SERIALIZED_DIRECTORY)

    @classmethod
    def parse_directory_contents(cls, filepath: PathOrStr) -> Dict[str, Optional[str]]:
        """The paths of the labels, and of the LM's folder or None. Raises ValueError where there are no labels."""
        labels, lm = Path(filepath) / cls._ALPHABET_SERIALIZED_FILENAME, Path(filepath) / cls._LANGUAGE_MODEL_SERIALIZED_DIRECTORY
        if not labels.is_file():
            raise ValueError(f"{filepath}: no {cls._ALPHABET_SERIALIZED_FILENAME} in this folder")
        return {"alphabet": str(labels), "language_model": str(lm) if lm.is_dir() else None}

    @classmethod
    def load_from_dir(cls, filepath: PathOrStr, unigram_encoding: str = "utf-8") -> BeamSearchDecoderCTC:
        """From what :meth:`save_to_dir` wrote, or pyctcdecode did with an ARPA file. Raises InputError and ValueError."""
        found = cls.parse_directory_contents(filepath)
        lm = found["language_model"]
        return cls(Alphabet.loads(read_text(str(found["alphabet"]))), None if lm is None else LanguageModel.load_from_dir(lm, unigram_encoding))

    @classmethod
    def load_from_hf_hub(cls, model_id: str, cache_dir: Optional[str] = None, **kwargs: Any) -> BeamSearchDecoderCTC:
        """From a model of the Hugging Face Hub, which huggingface_hub fetches into its cache."""
        from huggingface_hub import snapshot_download

        return cls.load_from_dir(snapshot_download(model_id, cache_dir=cache_dir, **kwargs))

    def _readings(
        self, logits: Any, beam_width: int, beam_prune_logp: float, token_min_logp: float, prune_history: bool, hotwords: Optional[Iterable[str]],
        hotword_weight: float, start: Optional[LmState],
    ) -> "Tuple[Sequence[Reading], Optional[LanguageModel]]":
        if beam_prune_logp != DEFAULT_PRUNE_LOGP:
            warn_once("beam_prune_logp has no counterpart: beam_width bounds the search")
        if prune_history:
            warn_once("prune_history has no counterpart: hypotheses that an LM cannot tell apart are always one")
        lm = self._language_model
        pipeline, lists = self._pipeline(beam_width, token_min_logp, lm)
        context = self._context(lists, hotwords, hotword_weight)
        if lm is not None and start is not None:
            pipeline = copy(pipeline)
            pipeline.search = pipeline.search.starting_at(start.node)  # type: ignore[attr-defined]
        return pipeline.nbest_readings(Emissions(_log_probs(logits)), context, beam_width), lm

    def _pipeline(self, beam_width: int, token_min_logp: float, lm: Optional[LanguageModel]) -> Tuple[Pipeline, ListCache]:
        """What decodes with these settings, made once."""
        if token_min_logp > 0:
            raise InputError(f"token_min_logp is {token_min_logp}", hint="give a log-probability, 0 or below")
        weights = (DEFAULT_ALPHA, DEFAULT_BETA, 0.0) if lm is None else (lm.alpha, lm.beta, lm.unk_score_offset)
        wanted = _Settings(beam_width, token_min_logp, *weights)
        if wanted not in self._pipelines:
            made = build_pipeline(
                Config(bias=PRESET, presets={PRESET: BUILT_IN[PRESET].with_settings(self._settings(wanted))}, print_as=MODEL),
                EmissionFacts(self._spelling, 1.0), None if lm is None else lm.loaded(self._table),
            )
            if lm is not None and not lm.score_boundary:
                warn_once("lm_score_boundary=False has no counterpart: the LM scores the beginning and the end of the sentence")
            self._pipelines = {wanted: (made, ListCache(made))}
        return self._pipelines[wanted]

    def _settings(self, wanted: _Settings) -> Mapping[str, Any]:
        """ctcb's settings for pyctcdecode's."""
        if wanted.unk_score_offset > 0:
            warn_once("unk_score_offset above 0 has no counterpart, and counts as 0")
        offset = min(0.0, wanted.unk_score_offset) * math.log(10.0)
        return {
            "beam.beam": wanted.beam_width, "beam.token_gap": -wanted.token_min_logp, "beam.lm_weight": wanted.alpha,
            "beam.word_bonus": wanted.beta, "beam.piece_bonus": offset * self._letters_a_token / AVG_TOKEN_LEN,
        }

    def _context(self, lists: ListCache, hotwords: Optional[Iterable[str]], weight: float) -> Optional[Context]:
        """The hotwords, prepared; those that cannot be used are warned of."""
        if isinstance(hotwords, str):
            raise InputError("hotwords are one string", hint='give a list, ["name"]')
        names = [word.strip() for word in hotwords or () if word.strip()]
        if not names or weight == 0:
            return None
        try:
            return lists(dict.fromkeys(names, weight / DEFAULT_HOTWORD_WEIGHT))
        except InputError as error:
            warn_once(f"hotwords: {error}")
            return None

    def _text(self, text: str) -> str:
        return text.upper() if self._upper else text

    def _frames(self, reading: Reading) -> List[WordFrames]:
        return [(self._text(word.word), (round(word.start), round(word.end))) for word in reading.words]


def _log_probs(logits: Any) -> np.ndarray:
    """Natural-log probabilities ``[T, V]`` of logits, or of probabilities, which pyctcdecode tells by their sums."""
    array = as_array(logits, "logits")
    if array.ndim == 2 and array.size and math.isclose(float(array.sum(axis=1).mean()), 1.0) and array.min() >= 0:
        return np.log(np.clip(array, LEAST, 1.0))
    return from_logits(array)


def build_ctcdecoder(
    labels: Sequence[str], kenlm_model_path: Optional[PathOrStr] = None, unigrams: Optional[Collection[str]] = None,
    alpha: float = DEFAULT_ALPHA, beta: float = DEFAULT_BETA, unk_score_offset: float = DEFAULT_UNK_LOGP_OFFSET,
    lm_score_boundary: bool = DEFAULT_SCORE_LM_BOUNDARY, ctc_token_type: Optional[str] = None, is_bpe: Optional[bool] = None,
) -> BeamSearchDecoderCTC:
    """A decoder for a model's labels.

    Parameters
    ----------
    labels : by id: characters with ``" "`` or ``"|"`` between words, or subwords with ``▁`` or ``##``; the blank is ``""``,
        ``<pad>`` or ``[PAD]``, or comes behind them.
    kenlm_model_path : an ARPA file, gzip or not.
    unigrams, alpha, beta, unk_score_offset, lm_score_boundary : see :class:`LanguageModel`.
    ctc_token_type, is_bpe : ``"bpe"`` or ``"character"``, True or False, where the labels do not tell.

    Raises InputError for an LM that is no ARPA file or is malformed, and ValueError for labels that come twice.
    """
    alphabet = Alphabet.build_alphabet(labels, is_subwords(ctc_token_type, is_bpe))
    if unigrams is not None:
        verify_alphabet_coverage(alphabet, unigrams)
    if kenlm_model_path is None:
        return BeamSearchDecoderCTC(alphabet)
    lm = LanguageModel(kenlm_model_path, unigrams, alpha, beta, unk_score_offset, lm_score_boundary)
    lm.loaded(alphabet.table())
    return BeamSearchDecoderCTC(alphabet, lm)
