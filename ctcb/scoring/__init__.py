"""Scoring of transcripts and of the names in them; see :func:`ctcb.scoring.score.score`."""
