"""What a phone head is good for: how well words fit its emissions, and which listed name was spoken."""
