"""What a change of a provider's folder means for its customers: found by hashes, judged one by one, told in groups.

``review`` compares two folders; ``shared`` tells what differs in the layers, limits and platforms that customers
share; ``customer`` judges one of them on both sides; ``alike`` leaves a customer's own names out of sentences, and
``group`` puts together what is the same then; ``rules`` are the risks that no single customer shows.
"""
