"""What each technique gives, and what it costs: the same utterances under one system after another."""
