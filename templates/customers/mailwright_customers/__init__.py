"""What shared hosts know of their customers: fragments are judged line by line, and tables are made of them.

    mailwright-customers assemble --fragments FOLDER --out STAGE

FOLDER has ``<id>.tables`` (the customer's mail.tables) as they shall be. Nothing on the host is changed: files that
differ from the host's are written below STAGE under their absolute paths, with owner and mode, and the last line of
standard output says which, in JSON, all paths absolute:

    {"written": [path, ...], "removed": [path, ...], "broken": {id: why}}

Whoever asked puts them in place, all or none; then, and not before, the host's memory of what was assembled (it is
among them) says so too. ``broken`` are fragments that are refused: the customer keeps what was assembled of it
last, and everybody else gets theirs. Ends with 0; with 1, and words on standard error, when nothing could be
assembled; with 2 for a mistake in the command.

With --all nothing is taken for unchanged: what was edited by hand is made again.

    mailwright-customers compare [--json]       what is here otherwise than it was applied and assembled; 0 or 1
    mailwright-customers check [--sample N]     asks Postfix and Dovecot about addresses of N customers; 0 or 1
    mailwright-customers list [--json]          who is served here, and in which state

What is read and written:

    /etc/mailwright/customers.json              what this host is; from the platform's description
    /etc/postfix/customers/<table>.cdb          domains, inside, mailboxes, aliases, senders, internal
    /var/lib/mailwright-customers/filter.cdb    for the filter (mailwright.lua)
    /etc/dovecot/customers/<domain>.people      who may authenticate, and on a store where their mailboxes are
    /etc/dovecot/customers/<realm>.passwords    a link to the customer's passwords, which Dovecot goes by
    /var/lib/mailwright-customers/customers.json   id, realm, domains, state, days, logs_until, since (when a
                                                domain came); for the view of the logs, and what deletes mail
    /var/lib/mailwright-customers/realms.json   realms whose folder of mail is a customer's, and when it is over
    /var/lib/mailwright-customers/assembled.json, tables/   what was assembled, so that only what changed is made

Host state, which is never written here: ``/etc/dovecot/customers/<id>.passwords`` (lines ``login:{SCHEME}hash``,
the login without the realm), ``/etc/rspamd/customers/<id>.key`` (the DKIM key of all the customer's domains;
removed when it is over), and mail in ``/var/vmail/<realm>/<login>``.

On a host that keeps logs alone fragments say whose those are and for how long they are seen, and nobody's address
or login; of all of that it has customers.json in /var/lib and assembled.json.

The walls. Keys of a fragment are in its own domains, which no other customer and not the platform has; logins are
of its own realm; mail is sent on to its own addresses or to outside ones, and whatever reaches another customer
reaches it as from outside: by a published address. Of two that claim a domain the one that was there first has it.
"""
