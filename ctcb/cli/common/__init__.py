"""Options and helpers that several verbs share."""
