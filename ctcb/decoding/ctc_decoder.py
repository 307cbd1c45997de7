"""Biasing for any CTC model, from Python: emissions and a list in, a transcript out."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence, Union

from ctcb.biasing.presets import BUILT_IN
from ctcb.biasing.registry import choose
from ctcb.ctc.log_probs import SCALES
from ctcb.decoding.list_cache import Entities, ListCache
from ctcb.decoding.pipeline import Pipeline
from ctcb.entities import LoadReport
from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.search.find_lm import load_lm
from ctcb.search.options import BeamOptions
from ctcb.text.spelling import spelling_of
from ctcb.text.tokens import TokenTable
from ctcb.transcript.transcript import Transcript


class CtcBiaser:
    """Decodes the emissions of any CTC model, leaning toward a list of names.

    >>> biaser = ctcb.CtcBiaser(tokens, blank=0, frame_shift=0.02)
    >>> biaser.decode(log_probs, entities=["Zelenskyy", "Łódź"]).text

    One object serves any number of threads, and can be pickled for other processes; lists that come again are made
    ready once.
    """

    def __init__(
        self, tokens: Union[PathOrStr, Sequence[str]], blank: Union[int, str, None] = None, *,
        separator: Optional[str] = None, tokens_model: Optional[PathOrStr] = None, log_probs: str = "natural",
        frame_shift: float = 1.0, options: Optional[BeamOptions] = None, bias: str = "decoder",
        lm: Optional[PathOrStr] = None, settings: Optional[Mapping[str, Any]] = None,
    ) -> None:
        """
        Parameters
        ----------
        tokens : the model's tokens by id, or the file ``tokens.txt`` with one a line; subwords in
            sentencepiece's manner (``▁new``) or characters with a separator.
        blank : id or symbol; by default 0, provided that token 0 is called like a blank.
        separator : the token between words in character vocabularies; by default ``|``, a space or
            ``<space>``, whichever there is.
        tokens_model : the model's sentencepiece file; without it, names are spelled in the fewest
            pieces, and in some other ways.
        log_probs : what the emissions are: ``"natural"`` (natural-log probabilities) or ``"logits"``.
        frame_shift : seconds a frame; with the default, times come out in frames.
        options : of the beam search; by default ``BeamOptions()``.
        bias : ``"decoder"``, or ``"none"`` for the plain beam search.
        lm : an ARPA file, gzip or not, of lower-case words; `ctcb lm` makes one.
        settings : options of the techniques and the search by their names (``{"subword.alpha": 0.7}``,
            docs/techniques.md), in the place of the defaults and of ``options``.

        Raises
        ------
        InputError : tokens, blank or separator that are wrong or in doubt, an unknown name, a setting out of its range; an LM that
            is malformed or whose words the tokens cannot write.
        """
        if log_probs not in SCALES:
            raise InputError(f"{log_probs!r} is no kind of emissions", hint=f"choose from {', '.join(SCALES)}")
        if isinstance(tokens, (str, Path)):
            table = TokenTable.read(tokens, blank, separator)
        else:
            table = TokenTable.of(tokens, blank, separator)
        spelling = spelling_of(table, tokens_model)
        word_lm = load_lm(lm, spelling.table)
        techniques = choose(bias, lm=word_lm is not None)
        preset = BUILT_IN[bias] if options is None else replace(BUILT_IN[bias], beam=options)
        preset = preset.with_settings(settings or {})
        self._pipeline = Pipeline(
            spelling, frame_shift, "beam", preset.beam, techniques, log_probs, word_lm, technique_options=preset.options
        )
        self._lists = ListCache(self._pipeline)

    def decode(self, log_probs: Any, entities: Entities = (), nbest: Optional[int] = None, utt_id: str = "") -> Transcript:
        """The transcript of one utterance.

        Parameters
        ----------
        log_probs : ``[T, V]`` emissions, float16, 32 or 64, of numpy or torch.
        entities : names as they should be printed, ``ctcb.entities.Entity`` objects, an ``EntityList``, or a mapping of
            names to weights (``{"velotoxine": 3.0}``); None for no list.
        nbest : above 1, the transcript also holds so many different texts; by default what ``options`` say.

        Raises
        ------
        InputError : emissions of another shape, or that are not what ``log_probs`` said; a list of
            which no entity can be used; more texts than the beam holds. Single entities that cannot be used are
            warned of.
        """
        return self._pipeline.decode(utt_id, log_probs, self._lists(entities), self._pipeline.texts_asked(nbest))

    def report(self, entities: Entities) -> LoadReport:
        """What becomes of each entity of a list: loaded, changed, merged or rejected, and why."""
        return self._lists.report(entities)
