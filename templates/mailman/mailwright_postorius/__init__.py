"""Postorius, the web pages where owners manage their lists, for those who have signed in at the web server."""
