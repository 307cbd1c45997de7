#!/usr/bin/env python3
"""Fill in the costs of ctcb/text/g2g.tsv from the CMU dictionary.

In: the table's clusters (which letters may spell which phones, and where), and the dictionary. Every
eighth word of 3 to 14 letters is aligned with its pronunciation in the likeliest way (Viterbi
training, three rounds); words that the clusters cannot spell are skipped. Out: the table with

    reads  = -ln P(phones | cluster)     how unusual it is to read the letters so, in one cluster or several
    writes = -ln P(cluster | phones)     how unusual it is to write the phones so

    local/open_en/estimate_g2g.py            # rewrites ctcb/text/g2g.tsv
"""
from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Dict, Iterator, List, Optional, Tuple

from ctcb.io import atomic_write
from ctcb.text.g2g import TABLE, fits, read_table
from ctcb.text.lexicon import Lexicon, dictionary_words

EVERY, ROUNDS, SMOOTHING = 8, 3, 0.5
Place = Tuple[str, str, str]  # phones, cluster, where


def align(word: str, phones: Tuple[str, ...], costs: Dict[str, List[Tuple[Place, Tuple[str, ...], float]]]) -> Optional[List[Place]]:
    """The cheapest way to cover a word's letters and phones with rows of the table; None if there is none."""
    best: Dict[Tuple[int, int], Tuple[float, Optional[Place], Tuple[int, int]]] = {(len(word), len(phones)): (0.0, None, (0, 0))}
    for letter in range(len(word) - 1, -1, -1):
        for phone in range(len(phones) - 1, -1, -1):
            for end in range(letter + 1, min(len(word), letter + 4) + 1):
                for place, sounds, cost in costs.get(word[letter:end], ()):
                    after = end, phone + len(sounds)
                    if after in best and phones[phone : after[1]] == sounds and fits(place[2], letter == 0, word[end:]):
                        total = cost + best[after][0]
                        if (letter, phone) not in best or total < best[letter, phone][0]:
                            best[letter, phone] = total, place, after
    if (0, 0) not in best:
        return None
    used, at = [], (0, 0)
    while best[at][1] is not None:
        _, place, at = best[at]
        used.append(place)
    return used


def runs(clusters: List[str]) -> Iterator[str]:
    """The letters of each run of clusters, up to four letters."""
    for first in range(len(clusters)):
        for end in range(first + 1, len(clusters) + 1):
            letters = "".join(clusters[first:end])
            if len(letters) > 4:
                break
            yield letters


def main() -> None:
    """Estimate the costs and rewrite the table."""
    places = sorted((row.phones, row.cluster, row.where) for row in read_table())
    lexicon = Lexicon()
    words = [word for word in sorted(dictionary_words()) if 3 <= len(word) <= 14 and "'" not in word][::EVERY]
    counts: Dict[Place, float] = Counter({place: 1.0 for place in places})
    for _ in range(ROUNDS):
        of_phones, of_cluster = defaultdict(float), defaultdict(float)
        for (phones, cluster, _), count in counts.items():
            of_phones[phones] += count
            of_cluster[cluster] += count
        costs: Dict[str, List[Tuple[Place, Tuple[str, ...], float]]] = defaultdict(list)
        for place in places:
            cost = -math.log(counts[place] / of_cluster[place[1]])
            costs[place[1]].append((place, tuple(place[0].split()), cost))
        new, covered, seen = Counter({place: SMOOTHING for place in places}), 0, Counter()
        for word in words:
            used = align(word, lexicon.pronunciations(word)[0], costs)
            covered += used is not None
            new.update(used or ())
            seen.update(runs([place[1] for place in used or ()]))
        counts = new
        print(f"{covered} of {len(words)} words aligned")
    of_phones = defaultdict(float)
    for (phones, _, _), count in counts.items():
        of_phones[phones] += count
    head = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("#")]
    with atomic_write(TABLE) as file:
        file.writelines(f"{line}\n" for line in head)
        for phones, cluster, where in places:
            count = counts[phones, cluster, where]
            reads, writes = -math.log(min(1.0, count / max(seen[cluster], 1))), -math.log(count / of_phones[phones])
            file.write(f"{phones}\t{cluster}\t{where}\t{abs(round(reads, 1))}\t{abs(round(writes, 1))}\n")


if __name__ == "__main__":
    main()
