"""Text: normalisation, tokenisation, spelling in tokens, and pronunciation."""
