"""The token trie as a language model of flashlight's kind, for flashlight-text and torchaudio alike."""
from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from token_trie import TokenTrie


def trie_hook(lm_class: type, state_class: type, trie: TokenTrie) -> Any:
    """A language model whose score of a token is what the trie gains by it; lm_weight is the bonus a token.

    ``lm_class`` and ``state_class`` are the decoder's own base classes. Each node has one state, so
    that hypotheses which stand at the same node are merged as with any n-gram LM.
    """

    class State(state_class):
        def __init__(self, node: int) -> None:
            super().__init__()
            self.node = node
            self.moves: Dict[int, Tuple[Any, float]] = {}  # token -> state and score, once asked for

    class Hook(lm_class):
        def __init__(self) -> None:
            super().__init__()
            # The list keeps the Python side of every state alive, which the decoder hands back.
            self.states: List[Optional[State]] = [None] * len(trie)

        def _state(self, node: int) -> State:
            if self.states[node] is None:
                self.states[node] = State(node)
            return self.states[node]

        def start(self, start_with_nothing: bool) -> State:
            return self._state(0)

        def score(self, state: State, token: int) -> Tuple[State, float]:
            found = state.moves.get(token)
            if found is None:
                node, gain = trie.move(state.node, token)
                found = state.moves[token] = (self._state(node), float(gain))
            return found

        def finish(self, state: State) -> Tuple[State, float]:
            return state, float(trie.finish(state.node))

    return Hook()
