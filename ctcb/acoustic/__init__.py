"""The acoustic model: audio in, log-probabilities out; one module for each kind of model, and what long recordings need."""
