"""Throw-away hosts in a small simulated Internet, on which the project that was built is tried.

``lab.Lab`` brings up the described hosts as containers, and around them a world with name servers, time
servers and a foreign mail host. The networks live in namespaces of their own: the machine that runs it gets no
address, bridge or route, whatever addresses the site has.
"""
