"""Sentences to be spoken for training: those that hold the words that the training speech lacks.

    python local/open_en/choose_sentences.py --text lm_text/general.txt.gz --known data/real_train/manifest.tsv \
        --exclude data/real_dev/entities.txt --hours 40 --out sentences.tsv

The bundled model's word errors on human speech follow how often a word occurs in its training speech: of the words
that occur a hundred times it missed 7 %, of those that occur once or twice 66 %. So sentences are taken in the order of
how many missing occurrences a second of speech they bring, until each word has --times of them or the hours are full.
"""
from __future__ import annotations

import heapq
import random
from collections import Counter
from pathlib import Path
from typing import Counter as CounterOf
from typing import Iterable, List, Set, Tuple

import click

from ctcb.entities import EntityList
from ctcb.io import atomic_write
from ctcb.text.lines import read_sentences

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
LETTERS_A_SECOND = 15.0  # of synthetic speech, about
SHORTEST, LONGEST = 12, 300  # letters a sentence


def seconds(sentence: str) -> float:
    """How long a sentence takes to say, about."""
    return len(sentence) / LETTERS_A_SECOND


def choose(sentences: List[str], known: CounterOf[str], times: int, hours: float) -> List[str]:
    """The chosen sentences, the most wanted first; ``known`` counts the words that speech holds already.

    Greedy: what a sentence brings only falls as others are taken, so the heap's first one is measured anew, and taken
    where it is still the best.
    """
    counts, chosen, left = Counter(known), [], hours * 3600.0

    def wanted(sentence: str) -> float:
        return sum(max(0, times - counts[word]) / times for word in set(sentence.split())) / seconds(sentence)

    heap = [(-wanted(sentence), place) for place, sentence in enumerate(sentences)]
    heapq.heapify(heap)
    while heap and left > 0:
        _, place = heapq.heappop(heap)
        now = -wanted(sentences[place])
        if now == 0:
            continue
        if heap and now > heap[0][0]:
            heapq.heappush(heap, (now, place))
            continue
        chosen.append(sentences[place])
        counts.update(sentences[place].split())
        left -= seconds(sentences[place])
    return chosen


def usable(sentences: Iterable[str], excluded: Set[str], seed: int) -> List[str]:
    """Different sentences of a length that trains well and without excluded words, shuffled."""
    kept = [
        sentence for sentence in dict.fromkeys(sentences)
        if SHORTEST <= len(sentence) <= LONGEST and not excluded.intersection(sentence.split())
    ]
    random.Random(seed).shuffle(kept)
    return kept


@click.command()
@click.option("--text", "texts", type=FILE, multiple=True, required=True, help="Sentences, one a line; repeatable.")
@click.option("--known", type=FILE, multiple=True, help="A manifest of the speech that there is; repeatable.")
@click.option("--exclude", type=FILE, multiple=True, help="A list of names; a sentence with a rare word of theirs is left out.")
@click.option("--times", type=int, default=40, help="Occurrences that each word is to have.")
@click.option("--hours", type=float, default=40.0, help="Hours of speech, at most.")
@click.option("--seed", type=int, default=1)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="utt_id TAB sentence.")
def main(
    texts: Tuple[Path, ...], known: Tuple[Path, ...], exclude: Tuple[Path, ...], times: int, hours: float, seed: int, out: Path
) -> None:
    """Choose sentences to be spoken for training."""
    counts = Counter(word for path in known for text in read_sentences(path) for word in text.split())
    names = {word for path in exclude for entity in EntityList.read(path) for form in entity.spoken_forms for word in form.split()}
    rare = {word for word in names if counts[word] < times}
    sentences = usable((line for path in texts for line in read_sentences(path)), rare, seed)
    chosen = choose(sentences, counts, times, hours)
    with atomic_write(out) as file:
        file.writelines(f"syn{number:06d}\t{text}\n" for number, text in enumerate(chosen))
    print(f"{len(chosen)} of {len(sentences)} sentences, {sum(map(seconds, chosen)) / 3600:.1f} hours")


if __name__ == "__main__":
    main()
