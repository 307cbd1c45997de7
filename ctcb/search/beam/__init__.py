"""CTC prefix beam search with a context graph and a word LM beside it; compiled."""
