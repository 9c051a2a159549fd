"""The Janet Site E-mail Requirements: the catalogue, the rules over a description, and their judgement.

``evaluate.evaluate`` judges a site; ``catalogue`` and ``lookup`` find requirements and rules; ``pages`` writes the
reference. Nothing is imported here, so that looking up one requirement stays cheap.
"""
