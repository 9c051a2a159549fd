"""Mailman looks here for its chains."""
