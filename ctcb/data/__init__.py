"""Audio, manifests and features: what is read for recognition and for training."""
