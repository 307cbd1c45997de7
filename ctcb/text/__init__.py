"""Words: normalised, tokenised, spelled, and pronounced."""
