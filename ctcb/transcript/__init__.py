"""What recognition hands out: transcripts, and the formats in which they are written."""
