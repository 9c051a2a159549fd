"""Many organisations from one place: provider.yml, its layers, platforms and customers (SCALE-2, AGREE-1).

``read`` takes the folder in, ``customer`` makes a customer's description of its layers, ``limits`` says what a
customer may not change, ``index`` knows which domain is whose, ``tables`` writes what shared hosts know of a
customer, and ``build`` makes all of it, leaving what did not change.
"""
