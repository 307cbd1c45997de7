"""What a phone head is good for: how well words fit what was heard, and which listed name was said."""
