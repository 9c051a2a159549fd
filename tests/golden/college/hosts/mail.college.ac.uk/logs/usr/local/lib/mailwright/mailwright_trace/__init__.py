"""Who sent a message: the trail to the person, from the mail logs alone (AUDIT-1)."""
