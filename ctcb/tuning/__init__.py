"""Settings found on data: which weights of the techniques find the most names without hurting the rest."""
