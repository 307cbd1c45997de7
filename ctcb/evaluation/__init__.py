"""What each way to lean toward a list gives, and what it costs: the same utterances under one after another."""
