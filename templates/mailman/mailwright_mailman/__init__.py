"""mailwright's part of Mailman: who may post to a list (LIST-3), and what else is different here.

``policy`` decides, and needs nothing of Mailman; the rest is the shape in which Mailman wants it.
"""
