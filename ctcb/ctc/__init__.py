"""What everything that knows CTC shares: log-probabilities, files of them, and the alignment."""
