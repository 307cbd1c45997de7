"""The one place where a model, a search and techniques are wired together, for the command line, Python, ablation and
tuning alike."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable, Dict, Mapping, Optional, Tuple

from ctcb.biasing.prepared_list import LIST, PRINT_AS, Setting
from ctcb.biasing.presets import BUILT_IN, Preset
from ctcb.biasing.registry import TECHNIQUES, choose
from ctcb.biasing.technique import EncoderTechnique, SearchTechnique, Technique
from ctcb.biasing.tuned_on import TunedOn
from ctcb.bundled import BUNDLED_MODEL
from ctcb.decoding.pipeline import Pipeline
from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.phones.phonetics import Phonetics
from ctcb.search.beam.decoder import BeamDecoder
from ctcb.search.beam.word_lm import WordLm
from ctcb.search.find_lm import load_lm
from ctcb.search.graph import GraphSearch, GraphSetting
from ctcb.search.greedy import GreedyDecoder
from ctcb.search.protocol import Search
from ctcb.search.vocabulary import Vocabulary
from ctcb.text.spelling import Spelling

if TYPE_CHECKING:
    from ctcb.acoustic.model import AcousticModel
    from ctcb.acoustic.open import Tokens
    from ctcb.adapter.base import ModelWithAdapter
    from ctcb.decoding.recognizer import Recognizer


@dataclass(frozen=True)
class Config:
    """What a recognizer is made of."""

    model: PathOrStr = BUNDLED_MODEL  # a model directory, or KIND:NAME (ctcb/acoustic/open.py)
    tokens: Optional[Tokens] = None  # of a model that does not name its own
    adapter: Optional[PathOrStr] = None  # the folder of one, for a model of transformers
    bias: str = "decoder"  # the preset: techniques, and settings of theirs and of the beam search
    with_: Tuple[str, ...] = ()  # techniques beside the preset's
    without: Tuple[str, ...] = ()  # those of the preset's that are left out
    presets: Mapping[str, Preset] = field(default_factory=lambda: BUILT_IN)
    method: str = "beam"  # the search: a name in SEARCHES
    lm: Optional[PathOrStr] = None  # an ARPA file, for the beam search
    graph: Optional[GraphSetting] = None  # for the graph search
    max_active_entities: Optional[int] = None  # entries of a long list that the adapter aligns with an utterance; None: 300
    print_as: str = LIST  # how names are printed, one of PRINT_AS
    device: str = "cpu"  # on which the model's encoder runs (ctcb/device.py)
    precision: str = "fp32"  # in which it computes (ctcb/models/bf16.py)

    @property
    def preset(self) -> Preset:
        """The preset; InputError where there is none of that name."""
        if self.bias not in self.presets:
            raise InputError(f"{self.bias!r} is no preset", hint=f"choose from {', '.join(self.presets)}")
        return self.presets[self.bias]


@dataclass(frozen=True)
class EmissionFacts:
    """What a decoder must know of the emissions that it gets."""

    spelling: Spelling  # of words in their tokens
    frame_shift: Optional[float]  # seconds; None where it is unknown
    phonetics: Optional[Phonetics] = None  # of the phone head, where its emissions come along
    scale: str = "natural"  # a name in SCALES
    trim_padding: bool = False  # whether rows at their ends that are padding are left out, instead of refused
    encoder: Optional[ModelWithAdapter] = None  # the model that made them, where its encoder is biased
    model: Callable[[], TunedOn] = TunedOn  # says which made them, as far as it is known


@dataclass(frozen=True)
class SearchKind:
    """How a search is made."""

    make: Callable[[Config, Vocabulary, Optional[WordLm]], Search]
    serves: frozenset  # as in Search


def _beam(config: Config, vocabulary: Vocabulary, lm: Optional[WordLm]) -> Search:
    preset = config.preset
    return BeamDecoder(vocabulary, preset.beam, lm, preset.options.subword, preset.options.unigram)


SEARCHES: Dict[str, SearchKind] = {
    "greedy": SearchKind(lambda config, vocabulary, lm: GreedyDecoder(vocabulary, config.preset.beam), GreedyDecoder.serves),
    "beam": SearchKind(_beam, BeamDecoder.serves),
    "graph": SearchKind(lambda config, vocabulary, lm: GraphSearch(vocabulary, config.graph), GraphSearch.serves),
}


def build(config: Config) -> Recognizer:
    """The recognizer of a configuration: opens the model and the LM.

    Raises InputError for options that exclude each other, for a model directory that is not whole, a model without the
    adapter or the phone head that is asked for, an LM that is malformed or whose words the tokens cannot write; and
    RunError where a package is missing.
    """
    from ctcb.acoustic.model import as_biasable
    from ctcb.acoustic.open import Tokens, open_model
    from ctcb.decoding.recognizer import Recognizer

    biased = any(isinstance(technique, EncoderTechnique) for technique in techniques_of(config))
    model = open_model(str(config.model), config.tokens or Tokens(), config.adapter, config.device, config.precision)
    encoder = as_biasable(model).model if biased else None
    if encoder is not None:
        from ctcb.adapter.encoded_list import require_adapter  # here: imports torch

        require_adapter(encoder)
    phones = None if config.graph is None else config.graph.graph.phones
    spelling = words_spelled_by(model, config.model, phones)
    known_as = TunedOn.of(spelling.table, lambda: model.fingerprint, config.model)
    facts = EmissionFacts(spelling, model.frame_shift, model.phonetics, encoder=encoder, model=known_as)
    return Recognizer(model, build_pipeline(config, facts), phones is not None, config.max_active_entities)


def words_spelled_by(model: AcousticModel, name: PathOrStr, phones: Optional[Spelling]) -> Spelling:
    """The spelling of words in what is searched: the model's tokens or, with ``phones``, those of a graph over phones.

    Raises InputError for a model of phones alone without such a graph, and for one without a phone head with it.
    """
    if phones is None and model.spelling is None:
        raise InputError("this model emits phones and spells no words", file=name, hint="give a graph over phones (`ctcb graph` makes it)")
    if phones is not None and model.phonetics is None:
        raise InputError("this model has no phone head", file=name, hint="use a graph over subwords")
    return phones or model.spelling


def build_pipeline(
    config: Config, facts: EmissionFacts, lm: Optional[WordLm] = None, table: Mapping[str, Technique] = TECHNIQUES
) -> Pipeline:
    """The part of :func:`build` behind the acoustic model, for emissions that are given.

    Parameters
    ----------
    lm : in the place of ``config.lm``, loaded for the tokens before.
    table : the techniques by their names.

    Raises InputError as :func:`build` does. Warns of a preset that was tuned on another model.
    """
    if config.print_as not in PRINT_AS:
        raise InputError(f"names cannot be printed as {config.print_as!r}", hint=f"choose from {', '.join(PRINT_AS)}")
    if config.graph is not None:
        config.graph.graph.require_tokens(facts.spelling.table)
    techniques = techniques_of(config, facts.phonetics is not None, lm is not None, table)
    if config.preset.tuned_on is not None:
        config.preset.tuned_on.warn_of_other(facts.model())
    for technique in techniques:
        if technique.needs_phones and facts.phonetics is None:
            raise InputError(
                f"the technique {technique.name!r} needs the emissions of a phone head",
                hint="give --phone-emissions, or a model with a phone head",
            )
    lm = load_lm(config.lm, facts.spelling.table) if lm is None else lm
    tokens = facts.spelling.table
    vocabulary = Vocabulary.from_tokens(tokens.symbols, tokens.blank, tokens.separators, unspaced=not tokens.tells_words)
    search = SEARCHES[config.method].make(config, vocabulary, lm)
    setting = Setting(vocabulary, facts.spelling, facts.phonetics, config.preset.options, facts.frame_shift, facts.encoder, config.print_as)
    return Pipeline(search, techniques, setting, facts.scale, facts.trim_padding)


def techniques_of(
    config: Config, phones: bool = False, lm: bool = False, table: Mapping[str, Technique] = TECHNIQUES
) -> Tuple[Technique, ...]:
    """The techniques of a configuration, in the order in which they act.

    ``phones`` and ``lm`` say whether the emissions of a phone head come along, and whether there is an LM that the
    configuration does not name; without them a preset's techniques that need one are left out. Raises InputError for
    unknown names, and for techniques that the search cannot serve.
    """
    if config.method not in SEARCHES:
        raise InputError(f"{config.method!r} is no search", hint=f"choose from {', '.join(SEARCHES)}")
    has_lm, has_graph = lm or config.lm is not None, config.method == "graph"
    if has_lm and config.method != "beam":
        raise InputError(f"the search {config.method!r} takes no word LM", hint="use the beam search (--method beam)")
    presets = {name: preset.techniques for name, preset in config.presets.items()}
    chosen = choose(config.bias, config.with_, config.without, has_lm or has_graph, phones, presets, table)
    serves = SEARCHES[config.method].serves
    if not serves and any(not isinstance(technique, EncoderTechnique) for technique in chosen):
        raise InputError("greedy decoding takes no list", hint="use the beam search (--method beam)")
    foreign = {technique.name for technique in chosen if isinstance(technique, SearchTechnique)} - serves
    for name in config.with_:
        if name in foreign:
            raise InputError(f"{name!r} is for the beam search", hint="leave it out; a graph has --token-bonus instead")
    return tuple(technique for technique in chosen if technique.name not in foreign)
