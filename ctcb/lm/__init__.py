"""n-gram language models: estimated from text, checked, and queried word by word.

``estimate`` makes an ARPA file, with KenLM's ``lmplz`` or the built-in estimator (``counts``,
``kneser_ney``); ``arpa`` and ``arpa_writer`` read and write that format; ``ngram`` queries a model
through kenlm, ``arrays`` without it, also from compiled code. Outside of ARPA files every score is a
natural logarithm.
"""
