"""n-gram language models: estimated from text, checked, and queried word by word.

``estimate`` makes an ARPA file, through KenLM's ``lmplz`` or by itself (``counts``, ``kneser_ney``);
``arpa`` reads and writes that format; ``ngram`` queries a model through kenlm, ``arrays`` without it
and from compiled code. Outside of ARPA files every score is a natural logarithm.
"""
