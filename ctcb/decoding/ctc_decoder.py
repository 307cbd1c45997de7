"""Biasing for any CTC model, from Python: emissions and a list in, a transcript out."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Collection, Iterable, Iterator, Mapping, Optional, Sequence, Tuple, Union

from ctcb.biasing.prepared_list import LIST
from ctcb.biasing.presets import find_config, read_presets
from ctcb.biasing.tuned_on import TunedOn
from ctcb.ctc.emissions import Emissions, Emitted
from ctcb.ctc.log_probs import SCALES
from ctcb.decoding.builder import Config, EmissionFacts, build_pipeline
from ctcb.decoding.endpoint import Endpoints
from ctcb.decoding.explaining import NameExplainer
from ctcb.decoding.list_cache import Entities, ListCache
from ctcb.decoding.load import graph_of, searched, with_settings
from ctcb.decoding.model_facts import facts_of
from ctcb.decoding.stream import Stream
from ctcb.decoding.usage import Lists, OnError, contexts_of, transcripts
from ctcb.entities import LoadReport
from ctcb.errors import InputError
from ctcb.graph.options import GraphOptions
from ctcb.io import PathOrStr
from ctcb.moved import renamed
from ctcb.phones.phonetics import Phonetics
from ctcb.search.find_lm import find_lm
from ctcb.search.options import BeamOptions
from ctcb.text.spelling import spelling_of
from ctcb.text.tokens import TokenTable
from ctcb.transcript.transcript import Transcript


class CtcDecoder:
    """Decodes the emissions of any CTC model, biased toward a list of names.

    >>> decoder = ctcb.CtcDecoder(tokens, blank=0, frame_shift=0.02)
    >>> decoder.decode(log_probs, entities=["Zelenskyy", "Łódź"]).text

    One object serves any number of threads, and can be pickled for other processes; lists that come again are prepared
    once.
    """

    def __init__(
        self, tokens: Union[PathOrStr, Sequence[str], None] = None, blank: Union[int, str, None] = None, *,
        separator: Optional[str] = None, tokens_model: Optional[PathOrStr] = None, model: Optional[PathOrStr] = None, log_probs: str = "natural",
        frame_shift: Optional[float] = None, options: Optional[BeamOptions] = None, bias: str = "decoder",
        lm: Optional[PathOrStr] = None, with_: Collection[str] = (), without: Collection[str] = (),
        settings: Optional[Mapping[str, Any]] = None, config: Optional[PathOrStr] = None, phone_emissions: Union[bool, PathOrStr] = False,
        method: Optional[str] = None, graph: Optional[PathOrStr] = None, graph_options: Optional[GraphOptions] = None,
        language: Optional[str] = None, print_as: str = LIST, trim_padding: bool = False,
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
        model : in the place of ``tokens``, the model that made the emissions, as ``--model`` names it: its tokens, frame shift,
            and its own ``decode.yaml`` and LM if it has them.
        log_probs : what the emissions are: ``"natural"`` (natural-log probabilities) or ``"logits"``.
        frame_shift : seconds a frame; by default the ``model``'s, or else times come out in frames.
        options : of the beam search; by default the preset's.
        bias : the preset: ``"decoder"``, or ``"none"`` for the plain search.
        lm : an ARPA file, gzip or not, of lower-case words; `ctcb lm` makes one. By default the ``model``'s own; ``"none"`` for none.
        with_, without : techniques beside the preset's, and those of it that are left out (``--with``, ``--without``).
        settings : options of the techniques and the search by their names (``{"subword.alpha": 0.7}``,
            docs/techniques.md), in the place of the preset's and of ``options``.
        config : a file of presets (``decode.yaml``); by default the ``model``'s own.
        phone_emissions : whether the emissions of a head for the phones of the ``model`` or, without one, of the CMU dictionary
            come along, which the phonetic techniques need; of a head for other phones, a folder with its ``phones.txt``, and ``lexicon.txt`` and
            ``language.txt`` where there are.
        method : the search: ``beam`` (the default), ``graph`` (with ``graph``), or ``greedy``, which takes no list.
        graph : the folder of a graph that `ctcb graph` made for these tokens; searched by k2, with ``graph_options``.
        language : ISO 639 code (``"de"``), which the case of letters and the reading of numbers follow; by default what the
            tokens suggest.
        print_as : how the text has names: ``"list"``, in the list's spelling with the model's letters and case; ``"model"``, as
            the model wrote them; ``"exact"``, as the list has them.
        trim_padding : leave out frames at the ends of emissions that hold one value for all tokens, as the padding of
            batches does; without it they are refused.

        Raises
        ------
        InputError : neither tokens nor a model; tokens, blank or separator that are wrong or in doubt, an unknown name; an LM that
            is malformed or whose words the tokens cannot write; options that exclude each other.
        RunError : k2 is missing.
        """
        if log_probs not in SCALES:
            raise InputError(f"{log_probs!r} is no kind of emissions", hint=f"choose from {', '.join(SCALES)}")
        method = searched(method, graph)
        setting = graph_of(graph, graph_options, options)
        over = None if setting is None else setting.graph.phones
        if (tokens is None) == (model is None):
            raise InputError("the columns of the emissions are told by tokens or by a model", hint="give one of them")
        if model is not None:
            if any(one is not None for one in (blank, separator, tokens_model, language)):
                raise InputError("blank, separator, tokens_model and language are for tokens, and the model has its own", hint="leave them out")
            facts = facts_of(str(model), None, over, pronounced=phone_emissions is True)
        else:
            if isinstance(tokens, (str, Path)):
                table = TokenTable.read(tokens, blank, separator, over is None, language)
            else:
                table = TokenTable.of(() if tokens is None else tokens, blank, separator, words_apart=over is None, language=language)
            if over is not None and table != over.table:
                raise InputError("these are not the tokens of the graph", file=graph, hint="give the phones of the graph, or make a graph for them")
            facts = EmissionFacts(over or spelling_of(table, tokens_model), None, model=TunedOn.of(table))
        phonetics = None
        if phone_emissions is not False:
            phonetics = facts.phonetics or Phonetics.default() if phone_emissions is True else Phonetics.read(phone_emissions)
        facts = replace(
            facts, frame_shift=frame_shift or facts.frame_shift or 1.0, phonetics=phonetics, scale=log_probs, trim_padding=trim_padding
        )
        presets = with_settings(read_presets(find_config(config, model)), bias, options, settings)
        self._pipeline = build_pipeline(
            Config(
                bias=bias, with_=tuple(with_), without=tuple(without), presets=presets, method=method, lm=find_lm(lm, model if method == "beam" else None), graph=setting,
                print_as=print_as,
            ),
            facts,
        )
        self._lists = ListCache(self._pipeline)

    def decode(
        self, log_probs: Any, entities: Entities = (), nbest: Optional[int] = None, utt_id: str = "", *, phones: Any = None,
        unbiased: Any = None, compared: bool = False, explain: Sequence[str] = (),
    ) -> Transcript:
        """The transcript of one utterance.

        Parameters
        ----------
        log_probs : ``[T, V]`` emissions, float16, 32 or 64, of numpy or torch.
        entities : names as they should be printed, :class:`ctcb.Entity` objects, a :class:`ctcb.EntityList`, or a mapping
            of names to weights (``{"velotoxine": 3.0}``); None for no list.
        nbest : above 1, the transcript also holds so many different texts; by default what ``options`` say.
        phones : ``[T, P]`` emissions of the phone head, in the same scale (see ``phone_emissions``).
        unbiased : ``[T, V]`` emissions of the same audio by an encoder that is not biased toward the list; None: the same.
        compared : the transcript also holds the text without the list, as ``before``.
        explain : names, on the list or not; the transcript says of each where it was recognised or may have been spoken, what
            it lacked there, and what to change in the list so that it comes out, as ``explained``
            (:class:`ctcb.transcript.explained.ExplainedName`).

        Raises
        ------
        InputError : emissions of another shape, or of another scale than ``log_probs``; a list of
            which no entity can be used; more texts than the beam holds. Single entities that cannot be used are
            warned of.
        """
        context, nbest = self._lists(entities), self._pipeline.texts_asked(nbest)
        emissions = Emissions(log_probs, phones, unbiased)
        found = self._pipeline.decode(utt_id, emissions, context, nbest, compared)
        return NameExplainer(self._pipeline, explain)(emissions, context, found) if explain else found

    def decode_many(
        self, utterances: Union[Mapping[str, Any], Iterable[Tuple[str, Any]]], entities: Lists = (),
        nbest: Optional[int] = None, *, compared: bool = False, jobs: int = 1, on_error: OnError = None, explain: Sequence[str] = (),
    ) -> Iterator[Transcript]:
        """The transcripts of many utterances, in their order, one by one, on ``jobs`` threads.

        Parameters
        ----------
        utterances : ids and ``[T, V]`` emissions, or :class:`ctcb.ctc.emissions.Emissions` where those of a phone head
            come along; a mapping or pairs, which are read as they are needed.
        entities : as in :meth:`decode`; or a list for each utterance: a mapping of ids to lists, or
            :class:`ctcb.entities.per_utt.EntitiesPerUtt`.
        on_error : called with the id of an utterance that cannot be decoded, and its error; then the others go on. Without it
            the error is raised.

        The others, and what is raised, as in :meth:`decode`.
        """
        contexts, nbest = contexts_of(self._pipeline, self._lists, entities), self._pipeline.texts_asked(nbest)
        pairs = utterances.items() if isinstance(utterances, Mapping) else utterances
        emitted = (Emitted(utt_id, given if isinstance(given, Emissions) else Emissions(given)) for utt_id, given in pairs)
        behind = NameExplainer(self._pipeline, explain) if explain else None
        return transcripts(self._pipeline.decode_many(emitted, contexts, nbest, jobs, compared, behind), on_error)

    def stream(
        self, entities: Entities = (), nbest: Optional[int] = None, utt_id: str = "", *, endpoints: Optional[Endpoints] = None
    ) -> Stream:
        """A stream of emissions that come piece by piece.

        >>> stream = decoder.stream(names, endpoints=ctcb.Endpoints())
        >>> for log_probs in pieces:
        ...     for transcript in stream.accept(log_probs):
        ...         print(transcript.text)
        ...     print(stream.partial().text, end="\r")
        >>> print(stream.finish().text)

        Parameters
        ----------
        entities, nbest : as in :meth:`decode`, for each utterance.
        utt_id : of the transcript; where there are endpoints, that of the first ends in ``-1`` and so on.
        endpoints : the rules by which the stream is cut into utterances, in seconds of ``frame_shift``. None: it is one
            utterance.

        Raises InputError as :meth:`decode` does for a list, and for the graph search, which takes no stream.
        """
        return Stream(self._pipeline, self._lists, entities, nbest, utt_id, endpoints)

    def report(self, entities: Entities) -> LoadReport:
        """What becomes of each entity of a list: loaded, changed, merged or rejected, and why."""
        return self._lists.report(entities)


__getattr__: Callable[[str], Any] = renamed(__name__, {"CtcBiaser": "CtcDecoder"})
