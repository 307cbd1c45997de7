"""The contextual adapter compared with its definition, entry by entry, and the cases that leave the base unchanged."""
import dataclasses
import math

import numpy as np
import pytest
import torch

from ctcb.adapter.alignment import FEATURES, UNHEARD, Evidence
from ctcb.adapter.catalogue import Catalogue, Vectors, by_entry
from ctcb.adapter.competition import unrivalled, whole
from ctcb.adapter.entries import Entry, EntrySpeller, collate, joined
from ctcb.adapter.network import BiasSite, ContextualAdapter
from ctcb.errors import InputError
from ctcb.models.config import AdapterConfig, InterCtc, ModelConfig
from ctcb.models.ctc import CtcModel
from ctcb.text.lang import Lang

TINY = AdapterConfig(dim=16, heads=2, embedding=8, hidden=8, mix=16, alignment=False)
ALIGNING = dataclasses.replace(TINY, alignment=True)


def entries_of(lang_dir, *forms, phones=True):
    speller = EntrySpeller(Lang.load(lang_dir), phones)
    return [speller.entry(form) for form in forms]


def adapter_for(config, tiny_config, out=True):
    torch.manual_seed(1)
    adapter = ContextualAdapter(config, tiny_config).eval()
    for site in (adapter.final, adapter.inner):
        if site is not None and out:
            torch.nn.init.normal_(site.out.weight)
            torch.nn.init.zeros_(site.reserve)
    return adapter


def stream(tiny_config, batch=2, frames=5):
    torch.manual_seed(2)
    dim = tiny_config.encoder.dim
    return torch.randn(batch, frames, dim), [torch.randn(batch, frames, dim) for _ in tiny_config.inter_ctc]


def test_bias_site_equals_its_definition():
    torch.manual_seed(0)
    site = BiasSite(6, 2, 5, dataclasses.replace(TINY, dim=8, mix=7)).eval()
    torch.nn.init.normal_(site.out.weight)
    x, tap, states = torch.randn(1, 3, 6), torch.randn(1, 3, 6), torch.randn(4, 5)
    with torch.no_grad():
        change, weights = site(x, [tap, x], site.vectors(states))
        silu = torch.nn.functional.silu
        for t in range(3):
            query = site.query(torch.cat([site.source_norms[0](tap[0, t]), site.source_norms[1](x[0, t])]))
            context, mean = torch.zeros(8), torch.zeros(5)
            for head in range(2):
                part = slice(4 * head, 4 * head + 4)
                sharp = float(site.sharpness[head].exp())
                cosines = [torch.cosine_similarity(query[part], key[part], dim=0) for key in [site.no_bias, *site.key(states)]]
                scores = [sharp * float(cosine) for cosine in cosines]
                scores[0] += 10.0 * float(site.reserve[head])
                powers = [math.exp(score) for score in scores]
                weight = torch.tensor(powers) / sum(powers)
                context[part] = sum(w * value[part] for w, value in zip(weight[1:], site.value(states)))
                mean += weight / 2
            plain = site.frame(site.norm(x[0, t]))
            wanted = site.out(silu(plain + site.context(context)) - silu(plain))
            assert torch.allclose(change[0, t], wanted, atol=1e-5)
            assert torch.allclose(weights[0, t], mean, atol=1e-6)


@pytest.mark.parametrize("config", [TINY, dataclasses.replace(TINY, per_token=False), dataclasses.replace(TINY, inner_layers=False)])
def test_attention_on_no_bias_leaves_the_stream_unchanged(config, tiny_config, lang_dir):
    adapter = adapter_for(config, tiny_config)
    last, taps = stream(tiny_config)
    catalogue = adapter.encode(collate(entries_of(lang_dir, "ann bob", "fox")))
    with torch.no_grad():
        assert not torch.equal(adapter.lean(last, taps, catalogue)[0], last)
        adapter.final.reserve.fill_(1e4)
        leaned, weights = adapter.lean(last, taps, catalogue)
    assert torch.equal(leaned, last) and bool((weights[..., 0] == 1).all())


def test_untrained_adapter_equals_the_base(tiny_config, lang_dir):
    adapter = adapter_for(TINY, tiny_config, out=False)
    last, taps = stream(tiny_config)
    leaned, weights = adapter.lean(last, taps, adapter.encode(collate(entries_of(lang_dir, "ann"))))
    assert torch.equal(leaned, last) and float(weights[..., 1:].sum()) > 0


def lift(tiny_config, entries, fits, frames=24):
    """An aligning adapter, a head, a stream, and the alignment of entries with one score each (``fits``)."""
    torch.manual_seed(4)
    # As wide as it has pieces at least: else no direction raises one logit alone.
    tiny_config = dataclasses.replace(tiny_config, encoder=dataclasses.replace(tiny_config.encoder, dim=64))
    adapter = ContextualAdapter(ALIGNING, tiny_config).eval()
    head = torch.nn.Linear(tiny_config.encoder.dim, tiny_config.num_subwords)
    adapter.final.raise_by(head)
    last, taps = stream(tiny_config, 1, frames)
    states = sum(2 * len(entry.tokens) - 1 for entry in entries)
    features = torch.zeros(1, len(entries), FEATURES)
    features[0, :, 0] = torch.tensor(fits)
    with torch.no_grad():
        return adapter, head, last, taps, Evidence(features, torch.full((1, frames, states), -50.0), head(last))


def test_fitting_entry_is_emitted_on_its_frames(tiny_config, lang_dir):
    entries = entries_of(lang_dir, "ann bob", "fox")
    adapter, head, last, taps, evidence = lift(tiny_config, entries, [30.0, -30.0])
    symbols = [symbol for token in entries[0].tokens for symbol in (token, 0)][:-1]
    for place in range(len(symbols)):
        evidence.scores[0, 2 + place, place] = 0.0
    with torch.no_grad():
        leaned, weights = adapter.lean(last, taps, adapter.encode(collate(entries)), evidence)
        plain, found = head(last)[0], head(leaned)[0]
    end = 2 + len(symbols)
    assert found.argmax(-1)[2:end].tolist() == symbols
    assert bool((by_entry(weights, adapter.encode(collate(entries)).owner)[0, 2:end].argmax(-1) == 1).all())
    for frame, symbol in enumerate(symbols, start=2):  # that logit alone, above the others by the margin
        raised = torch.zeros(tiny_config.num_subwords)
        raised[symbol] = plain[frame].max() - plain[frame, symbol] + 1.0
        assert torch.allclose(found[frame], plain[frame] + raised, atol=0.05)
    assert torch.allclose(leaned[0, :2], last[0, :2], atol=1e-4) and torch.allclose(leaned[0, end:], last[0, end:], atol=1e-4)


def test_dropped_entries_have_no_weight(tiny_config, lang_dir, monkeypatch):
    monkeypatch.setattr("ctcb.adapter.competition.WHOLE", 0.0)
    entries = entries_of(lang_dir, "ann bob", "fox")
    adapter, _, last, taps, evidence = lift(tiny_config, entries, [30.0, 30.0])
    catalogue = adapter.encode(collate(entries))
    evidence.scores.fill_(UNHEARD)
    with torch.no_grad():
        leaned, weights = adapter.lean(last, taps, catalogue, evidence)
        assert torch.equal(leaned, last) and float(weights[..., 1:].max()) == 0.0
        evidence.scores.zero_()
        assert not torch.equal(adapter.lean(last, taps, catalogue, evidence)[0], last)
        adapter.final.reserve.fill_(1e5)
        assert torch.equal(adapter.lean(last, taps, catalogue, evidence)[0], last)


def test_partly_attended_entries_are_dropped():
    owner, symbols = torch.tensor([0, 0, 0, 1]), torch.tensor([5, 0, 6, 7])
    heard = torch.tensor([[[0.1, 0.9, 0.0, 0.0, 0.0], [0.2, 0.0, 0.1, 0.6, 0.1], [0.5, 0.0, 0.0, 0.1, 0.4]]])
    found = whole(heard, owner, symbols)  # the second entry's piece never has half of a frame
    assert torch.allclose(found[0], torch.tensor([[0.1, 0.9, 0, 0, 0], [0.3, 0, 0.1, 0.6, 0], [0.9, 0, 0, 0.1, 0]]))
    partly = heard.clone()
    partly[0, 1, 3] = 0.4  # and now the first lacks its second piece
    assert whole(partly, owner, symbols)[0].tolist() == [[1.0, 0.0, 0.0, 0.0, 0.0]] * 3


def test_best_of_competing_entries_wins():
    owner = torch.tensor([0, 0, 1, 1, 2, 3, 3])
    scores = torch.full((2, 12, 7), -5.0)
    spans = [(0, 4), (2, 7), (6, 11), (8, 9)]  # middles 2, 4, 8, 8: each entry's lies in its neighbours' at most
    for entry, (begin, end) in enumerate(spans):
        keys = (owner == entry).nonzero()[:, 0]
        scores[:, begin, keys[0]] = scores[:, end, keys[-1]] = 0.0
    scores[:, 6:12, 4] = torch.tensor([0.0, -1, -1, -1, -1, 0])  # a name of one piece: its first best frame is all that counts
    judged = torch.tensor([[1.0, 2.0, -1.0, 3.0], [3.0, 2.0, -1.0, -2.0]])
    # The third begins and ends on frame 6, within the second; the last is nobody's rival.
    assert unrivalled(judged, scores, owner).tolist() == [[False, True, False, True], [True, False, True, True]]
    assert unrivalled(judged.flip(0), scores, owner).tolist() == [[True, False, True, True], [False, True, False, True]]


def test_penalty_lowers_the_entry_score(tiny_config, lang_dir):
    entries = entries_of(lang_dir, "ann", "fox")
    adapter, _, last, taps, evidence = lift(tiny_config, entries, [5.0, -30.0])
    states = 2 * len(entries[0].tokens) - 1
    for place in range(states):
        evidence.scores[0, 5 + place, place] = 0.0
    catalogue = adapter.encode(collate(entries))

    def odds(*needed):
        with torch.no_grad():
            weights = adapter.lean(last, taps, catalogue, evidence._replace(handicap=torch.tensor(needed)))[1][0, 5]
        return float(weights[1] / weights[0])

    assert odds(0.0, 0.0) == odds(0.0, 1.5)
    assert odds(0.0, 0.0) / odds(1.5, 0.0) == pytest.approx(math.exp(1.5), rel=1e-3)


def test_similar_names_do_not_suppress_each_other(tiny_config, lang_dir):
    entries = entries_of(lang_dir, "ann", "ann", "fox")
    adapter, head, last, taps, evidence = lift(tiny_config, entries, [4.0, 3.9, -30.0])
    states = 2 * len(entries[0].tokens) - 1
    for place in range(states):
        evidence.scores[0, 5 + place, [place, states + place]] = 0.0
    catalogue = adapter.encode(collate(entries))
    with torch.no_grad():
        heard = by_entry(adapter.lean(last, taps, catalogue, evidence)[1], catalogue.owner)[0, 5 : 5 + states]
        shared = by_entry(adapter.train().lean(last, taps, catalogue, evidence)[1], catalogue.owner)[0, 5 : 5 + states]
    assert bool((heard[:, 1] > 0.9).all()) and float(heard[:, 2:].max()) == 0.0
    assert 0.3 < float(shared[:, 2].min()) and float(shared[:, 1].max()) < 0.7


def test_keys_have_blanks_between_subwords(tiny_config, lang_dir):
    adapter = ContextualAdapter(ALIGNING, tiny_config).eval()
    entries = entries_of(lang_dir, "ann bob", "fox")
    catalogue = adapter.encode(collate(entries))
    wanted = [symbol for entry in entries for symbol in [s for token in entry.tokens for s in (token, 0)][:-1]]
    assert catalogue.symbols.tolist() == wanted
    assert torch.bincount(catalogue.owner).tolist() == [adapter.keys_of(len(entry.tokens)) for entry in entries]


@pytest.mark.parametrize("per_token", [True, False])
def test_result_does_not_depend_on_list_order(per_token, tiny_config, lang_dir):
    adapter = adapter_for(dataclasses.replace(TINY, per_token=per_token), tiny_config)
    entries = entries_of(lang_dir, "ann", "bob kit", "rex", "eve una tom")
    last, taps = stream(tiny_config)
    with torch.no_grad():
        one, weights = adapter.lean(last, taps, adapter.encode(collate(entries)))
        turned = adapter.encode(collate(entries[::-1]))
        other, turned_weights = adapter.lean(last, taps, turned)
        owner = adapter.encode(collate(entries)).owner
    assert torch.allclose(one, other, atol=1e-5)
    mirrored = by_entry(turned_weights, turned.owner)[..., [0, 4, 3, 2, 1]]
    assert torch.allclose(by_entry(weights, owner), mirrored, atol=1e-6)
    keys = torch.bincount(owner).tolist()
    assert keys == ([len(entry.tokens) for entry in entries] if per_token else [1] * 4)


def test_encoding_of_an_entry_does_not_depend_on_the_others(tiny_config, lang_dir):
    adapter = adapter_for(TINY, tiny_config)
    entries = entries_of(lang_dir, "ann", "bob kit sam")
    with torch.no_grad():
        both, alone = adapter.encode(collate(entries)), adapter.encode(collate(entries[:1]))
    assert torch.allclose(both.final.keys[: len(alone.owner)], alone.final.keys, atol=1e-6)
    assert torch.allclose(both.pick(torch.tensor([0])).final.values, alone.final.values, atol=1e-6)


def test_catalogue_pick_and_join():
    owner = torch.tensor([0, 0, 1, 2, 2, 2, 3])
    whole = Catalogue(Vectors(torch.arange(7.0)[:, None], -torch.arange(7.0)[:, None]), None, owner, 10 + torch.arange(7))
    picked = whole.pick(torch.tensor([0, 2]))
    assert picked.final.keys[:, 0].tolist() == [0, 1, 3, 4, 5] and picked.final.values[:, 0].tolist() == [0, -1, -3, -4, -5]
    assert picked.owner.tolist() == [0, 0, 1, 1, 1] and picked.symbols.tolist() == [10, 11, 13, 14, 15]
    joined_again = Catalogue.join([whole, whole._replace(owner=owner + 4)])
    assert joined_again.pick(torch.tensor([1, 4])).final.keys[:, 0].tolist() == [2, 0, 1]


def test_weights_are_summed_by_entry():
    weights = torch.tensor([[0.5, 0.1, 0.2, 0.05, 0.15]])
    assert torch.allclose(by_entry(weights, torch.tensor([0, 0, 1, 2])), torch.tensor([[0.5, 0.3, 0.05, 0.15]]))


def test_subwords_are_spread_over_the_phones_of_their_word():
    assert joined([((7, 8, 9), (1, 2)), ((5,), ()), ((6, 4), (3, 1, 2))]) == Entry(
        (7, 8, 9, 5, 6, 4), (1, 2, 3, 1, 2), (0, 0, 1, 1, 2, 3)
    )
    assert joined([((7, 8), ())]) == Entry((7, 8), (), (0, 0))


def test_phones_come_from_lexicon_or_list(lang_dir):
    lang = Lang.load(lang_dir)
    speller = EntrySpeller(lang, True)
    known, own = speller.entry("ann bob"), speller.entry("ann bob", "z ah0 B")
    assert [lang.phones[phone] for phone in known.phones] == ["AE", "N", "B", "AA", "B"]
    assert [lang.phones[phone] for phone in own.phones] == ["Z", "AH", "B"] and own.tokens == known.tokens
    assert EntrySpeller(lang, False).entry("ann bob", "Z AH0 B").phones == ()


def test_phones_change_the_encoding_only_if_enabled(tiny_config, lang_dir):
    for phones in (True, False):
        adapter = adapter_for(dataclasses.replace(TINY, phones=phones), tiny_config)
        speller = EntrySpeller(Lang.load(lang_dir), True)
        with torch.no_grad():
            plain, other = (adapter.encode(collate([speller.entry("ann", way)])).final.keys for way in (None, "Z IY Z"))
        assert torch.allclose(plain, other, atol=1e-4) != phones


def test_inner_site_biases_the_second_head(tiny_config, lang_dir):
    adapter = adapter_for(dataclasses.replace(TINY, inner_bias=True), tiny_config)
    torch.manual_seed(3)
    network = CtcModel(tiny_config).eval()
    features, lengths = torch.randn(1, 60, 80), torch.tensor([60])
    with torch.no_grad():
        catalogue = adapter.encode(collate(entries_of(lang_dir, "ann")))
        plain = network.encode(features, lengths)
        leaned = network.encode(features, lengths, lambda x, taps, _: adapter.lean_inner(x, taps, catalogue))
    assert torch.equal(plain.inter_logits[0], leaned.inter_logits[0])
    assert not torch.allclose(plain.inter_logits[1], leaned.inter_logits[1])
    assert not torch.allclose(plain.last, leaned.last)


def test_adapter_has_at_most_1_5_million_parameters():
    base = ModelConfig(num_subwords=500, num_phones=40)
    for inner_bias, alignment in ((False, False), (True, False), (False, True)):
        adapter = ContextualAdapter(AdapterConfig(inner_bias=inner_bias, alignment=alignment), base)
        assert sum(parameter.numel() for parameter in adapter.parameters()) <= 1_500_000


def test_configurations_that_the_base_lacks_are_refused():
    with pytest.raises(InputError, match="does not divide into 5 heads"):
        AdapterConfig(heads=5)
    base = ModelConfig(num_subwords=50, num_phones=40, inter_ctc=(InterCtc(4, "phone"),))
    with pytest.raises(InputError, match="inner_bias needs a base with two inner heads"):
        ContextualAdapter(AdapterConfig(inner_bias=True), base)
    with pytest.raises(InputError, match="alignment needs adapter.per_token"):
        AdapterConfig(per_token=False)
    with pytest.raises(InputError, match="alignment needs a base with a phone head"):
        ContextualAdapter(AdapterConfig(), ModelConfig(num_subwords=50, num_phones=40, inter_ctc=(InterCtc(4, "subword"),)))


def test_padding_of_short_entries_is_masked():
    batch = collate([Entry((3,), (), (0,)), Entry((4, 5, 6), (1, 2), (0, 0, 1))])
    assert batch.tokens.tolist() == [[3, 0, 0], [4, 5, 6]] and batch.lengths.tolist() == [1, 3]
    assert batch.phones.tolist() == [[0, 0], [1, 2]] and batch.phone_lengths.tolist() == [1, 2]
    assert np.array_equal(batch.phone_at, [[0, 0, 0], [0, 0, 1]])
