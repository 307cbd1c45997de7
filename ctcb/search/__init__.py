"""Searches from log-probabilities to hypotheses: greedy, beam and graph search."""
