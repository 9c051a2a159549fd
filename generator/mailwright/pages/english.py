"""The sentences of the pages in English, which has them all.

A value stands in braces: its name is the same in every language.
"""

from __future__ import annotations

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

FRAME = ("skip", "home", "made")
"""Sentences that every page has around its own."""

LABELS = ("contents", "pages")
"""Those that are read out, and not seen."""

_FRAME = {
    "frame.skip": "Skip to the text",
    "frame.home": "All pages",
    "frame.contents": "On this page",
    "frame.pages": "All pages about mail",
    "frame.made": "What these pages say about the service is made from its configuration.",
    "frame.reviewed": "Read and found right on {day}.",
    "frame.unreviewed": "Nobody is known to have read this page and found it right.",
    "frame.untranslated": "This text has not been translated into English yet.",
    "frame.partly": "Parts of this page have not been translated into English yet.",
    "unsaid": "not given",
    "days": "{number} days",
    "days-most": "{number} days, {most} at most",
}

_TITLES = {
    "title.index": "Mail at {organisation}",
    "about.index": "How to use it, where to get help, and what happens with your data.",
    "title.set-up": "Set up a mail program",
    "about.set-up": "The names and numbers that a mail program or telephone asks for.",
    "title.webmail": "Webmail",
    "about.webmail": "Your mail in a web browser, on any computer.",
    "title.address-book": "Address book",
    "about.address-book": "Find people by name instead of typing addresses.",
    "title.lists": "Distribution lists",
    "about.lists": "Which lists there are, and who may write to them.",
    "title.support": "Help with mail",
    "about.support": "Whom to ask, and what to do when something is wrong.",
    "title.faq": "Failure reports and common questions",
    "about.faq": "What a message that came back says, and what to do about it.",
    "title.status": "State of the service",
    "about.status": "Where to see whether the service works, and when work is announced.",
    "title.instructions": "Accounts, passwords and computers",
    "about.instructions": "Instructions to everybody who has a mail account.",
    "title.privacy": "Privacy statement",
    "about.privacy": "What is recorded about mail, who may be shown it and when, and how people are told.",
    "title.addresses": "Which address to give",
    "about.addresses": "One address, the same inside and outside.",
    "title.clocks": "The clock of your computer",
    "about.clocks": "Messages carry the time of the computer that they are written on.",
    "title.agreement": "Service agreement",
    "about.agreement": "What those who use the service can expect of it.",
    "title.operation": "Help desk and operators",
    "about.operation": "How those who help users and those who run the service keep each other informed.",
    "title.contacts": "Contacts for Janet",
    "about.contacts": "Whom Janet and its contractors can reach about mail.",
}

_DESK = {
    "section.desk": "Ask for help",
    "table.desk": "The service desk",
    "head.way": "Way",
    "head.how": "How",
    "desk.name": "Service desk",
    "desk.mail": "Mail",
    "desk.telephone": "Telephone",
    "desk.web": "Web",
    "desk.hours": "Open",
    "desk.hours-unsaid": "The hours are not given.",
    "desk.none": "There is no service desk. Write to {address}.",
    "section.ending": "This service ends",
    "ending.told": "Mail moves away from {provider}. Each of these days is the last one:",
    "table.ending": "Until when what is there",
    "head.last-day": "Last day",
    "ending.stop": "Mail is accepted and sent",
    "ending.mail": "Mail that has come can be fetched",
    "ending.logs": "Logs can be asked, and sums of use are kept",
    "ending.keep": "After {day} the mail that is still here is deleted: copy what you want to keep before.",
    "section.welcome": "Welcome",
}

_PRIVACY = {
    "section.recorded": "What is recorded",
    "record.message": "For each message, the mail log says when it came or left, from which computer and with "
    "which login, the addresses of its writer and its recipients, its size, its identification, and what became "
    "of it.",
    "record.login": "For each time that somebody signs in, the access log says when, with which login, from which "
    "address on the Internet, and whether the password was right.",
    "record.web": "The web server keeps no record of who read which page. What goes wrong there stands in the "
    "mail log.",
    "record.not": "The logs do not hold what a message says, nor its subject.",
    "record.throttle": "When a login writes to more than {hourly} recipients in an hour, those who read {abuse} "
    "are told which login it was.",
    "record.mailbox": "Messages in a mailbox are kept until their owner deletes them.",
    "record.left": "The mailbox of somebody who has left is kept for {days}, in case that was a mistake, and then "
    "deleted. Where it would be very many at a time, an administrator looks first.",
    "record.held": "A message to a list that waits for somebody to decide about it can be read by those who "
    "decide. After {days} it is deleted, and is not sent.",
    "record.webmail": "Webmail keeps each person's settings, signatures and own address book until they leave.",
    "record.webmail-directory": "Webmail keeps each person's settings, signatures and own address book. They stay "
    "when somebody has left, until those who run the service delete them.",
    "record.usage": "The use of the service is counted. Until a month is over, who has used it stands there as a "
    "code that tells no name, so that nobody is counted twice; then the codes are deleted, and sums stay, which "
    "name nobody.",
    "section.kept": "How long it is kept, and who may read it",
    "table.kept": "Records, as the hosts are configured to keep them",
    "head.record": "Record",
    "head.days": "Kept for",
    "head.most": "Never longer than",
    "head.readers": "Group that may read it",
    "kept.log": "Mail and access log of a host",
    "kept.copy": "Copies of the other hosts' logs, in one place",
    "kept.seals": "Seals, which show that a log was not altered; they name nobody",
    "kept.index": "Index of the logs, to find a message in them",
    "kept.journal": "System journal, which has the same lines",
    "kept.other": "{log}",
    "kept.readers": "Only members of these groups, and the administrators who run the hosts, can read the records.",
    "kept.view": "The organisation itself can be shown what the logs say of its own messages, for {days}.",
    "kept.deleted": "After that, records are deleted by the hosts themselves.",
    "section.shown": "When mail and logs are shown to others",
    "section.told": "How writers and recipients are told",
    "section.rights": "Your rights",
    "section.law": "The law",
    "section.ask": "Whom to ask",
    "ask.postmaster": "Those who run the mail service read {address}.",
}

_INSTRUCTIONS = {
    "section.account": "Your account",
    "account.trail": "Each message that you send is recorded with the login that sent it, whatever its header "
    "says.",
    "account.addresses": "With your login you can send from your own addresses, and from those of roles that you "
    "have. Any other is refused.",
    "section.passwords": "Passwords",
    "passwords.webmail": "Change your password in webmail, at {webmail}.",
    "passwords.directory": "Your mail password is your password at {organisation}: change it where you change "
    "that. If you do not know where, write to {helper}.",
    "passwords.desk": "To have your password changed, turn to {helper}.",
    "passwords.tls": "The service takes a password over an encrypted connection only. If a program warns that it "
    "cannot verify the server, do not go on.",
    "section.shared-computers": "Computers that others use too",
    "section.unattended-computers": "Leaving a computer",
    "section.misuse": "If somebody else may know your password",
    "section.logs": "What happens with the logs",
    "logs.kept": "The logs of mail and of sign-ins are kept for {days} days, and never longer than {most} days.",
    "logs.more": "Who may be shown them, and when, stands in the {page}.",
}

_SUPPORT = {
    "section.account-changes": "Changes to your account",
    "quota.default": "A mailbox holds {size} unless something else was agreed for you.",
    "quota.unsaid": "Ask how much your mailbox holds.",
    "section.state": "Is the service working?",
    "state.see": "See the page {page}.",
    "section.programs": "Mail programs",
    "programs.see": "Names, ports and settings are on the page {page}.",
    "section.reports": "A message came back",
    "reports.see": "What the reports of our mailers and of others mean is on the page {page}.",
    "reports.send": "If that does not help, send the whole report to {helper}, as it came: it says which message "
    "it is about, when it was sent, and which system refused it.",
    "section.abuse": "Unwanted and abusive mail",
    "abuse.write": "Reports of abuse are read at:",
    "abuse.address": "{address}",
    "section.good-practice": "Good practice",
    "limit.size": "A message may be as large as {size}, with everything that is attached. In transit, attachments "
    "grow by a third.",
    "limit.recipients": "A message may have {number} recipients.",
    "limit.hourly": "In an hour you can write to {number} recipients; what is above that waits.",
    "see-too": "See too: {page}.",
    "section.outside-services": "Mailing lists and services elsewhere",
    "section.connections": "From home and on the road",
    "connections.ports": "Mail can be read and sent from any network, after signing in. The network must let "
    "through TCP connections to the ports {ports}.",
    "connections.other": "Port 25 is for mailers among themselves. Many networks block it, and you do not need it.",
    "section.acceptable-use": "Security and acceptable use",
    "use.see": "{organisation} expects everybody with an account to follow the instructions: {page}.",
    "use.privacy": "What is recorded, and who may see it: {page}.",
}

_STATUS = {
    "section.now": "Now",
    "status.here": "Look at {link}: there the operators write what is known to be wrong, and when it will be "
    "mended.",
    "status.elsewhere": "The state of the service is not published on the web. Ask {helper}.",
    "status.other": "If you cannot read your mail, the service desk can tell you by telephone, where it has one.",
    "section.maintenance": "Announced work",
    "section.outage": "What happens to mail in the meantime",
    "outage.in": "Mail to you is not lost while our mailers are away: others' mailers keep it and try again, "
    "usually for some days.",
    "outage.out": "A message that you have sent and that cannot be delivered is tried again for {days} days. "
    "After that it comes back to you with the reason.",
}

_OPERATION = {
    "section.help-reaches": "How the help desk reaches the operators",
    "table.operators": "Those who run the service",
    "head.name": "Name",
    "head.mail": "Mail",
    "head.telephone": "Telephone",
    "operators.none": "The description of the service names nobody.",
    "operators.postmaster": "What is not urgent goes to {address}.",
    "section.operation-reaches": "How the operators reach the help desk",
    "section.together": "What each tells the other",
    "together.status": "Operators write what is the matter on the page {page} before they do anything else; the "
    "help desk answers from it.",
    "together.file": "It is the file {file} on {host}, plain text, which every administrator of that host may "
    "write.",
    "together.faq": "A question that comes up twice goes into {page}.",
    "together.trace": "With a message's Message-ID, or its addresses and time, operators can say what became of "
    "it for as long as the logs are kept. The help desk asks for these before it passes a question on.",
}

_FAQ = {
    "section.sending": "When you send",
    "sending.first": "Your mail program shows one of these texts, and the message has not been sent.",
    "section.to-lists": "When you write to a list",
    "to-lists.first": "The list server writes to you, and names the list.",
    "means.list-held": "Somebody looks at the message before it is sent on: at every message to this list, or at "
    "yours.",
    "helps.list-held": "Wait. Do not send it again.",
    "means.list-refused": "The list takes messages from others than you.",
    "helps.list-refused": "Write from the address that is on the list, or ask those who look after it. Who may "
    "write to which list: {lists}.",
    "section.receiving": "When others write to you",
    "receiving.first": "Somebody elsewhere got a report from their own mailer that quotes one of these texts of "
    "ours.",
    "section.elsewhere": "When a report comes back to you",
    "elsewhere.first": "Our mailer sends you a report when another system has refused your message. It quotes the "
    "words of that system, which differ. These are common:",
    "section.questions": "More questions",
    "section.not-here": "Not here?",
    "not-here.ask": "Write to {helper}.",
    "means.authentication": "The login or the password is wrong, or the account is suspended.",
    "helps.authentication": "Type both again. After many wrong passwords, sign-ins from your address are refused "
    "for a while, so do not try on and on. If it does not help, turn to {helper}.",
    "means.no-login": "Your mail program has not signed in before sending.",
    "helps.no-login": "Turn on signing in (authentication) for outgoing mail, with the same user name and "
    "password as for reading. See {page}.",
    "means.no-tls": "Your mail program wants to send your password over a connection that is not encrypted.",
    "helps.no-tls": "Turn on encryption for outgoing mail. See {page}.",
    "means.not-owned": "The sender's address in your mail program is not one of yours.",
    "helps.not-owned": "Look into the settings of the program: the address must be your own, as it is published. "
    "See {page}.",
    "means.not-yours": "The From: line of the message has an address that is not one of yours.",
    "helps.not-yours": "Choose one of your own addresses as the sender. If you write for an office, ask {helper} "
    "to be allowed to use its address.",
    "means.one-from": "The message has no From: line, or several. Mail programs do not do this; scripts do.",
    "helps.one-from": "Mend the script so that it writes one From: line.",
    "means.not-whole": "An address in the message has nothing after the @, or no @ at all.",
    "helps.not-whole": "Write the whole address. Addresses are not completed by guessing.",
    "means.hourly": "You have written to more than {hourly} recipients in an hour.",
    "helps.hourly": "Most programs try again by themselves; wait. If you have not sent so much, somebody else may "
    "be using your password: change it at once and tell {helper}.",
    "means.recipients": "The message has more than {recipients} recipients.",
    "helps.recipients": "Write to a distribution list, or send the message in parts.",
    "means.size": "The message is larger than {size}, with its attachments, which grow by a third in transit.",
    "helps.size": "Put the file where the others can fetch it, and send them a link.",
    "means.space": "The server's disk for the mail log is nearly full, and nothing is sent that leaves no trace.",
    "helps.space": "Nothing is wrong with your message: send it again later. Operators have been told.",
    "means.log-away": "The server cannot look after its mail log at the moment, and nothing is sent that leaves "
    "no trace.",
    "helps.log-away": "Nothing is wrong with your message: send it again later. If it lasts, tell {helper}.",
    "means.unknown": "Nobody here has that address.",
    "helps.unknown": "It is mistyped, or the person has left. Tell the writer your address letter by letter. "
    "Capital letters make no difference.",
    "means.relay": "The writer's system has asked ours to pass a message on to somewhere else. Ours does so only "
    "for people who have signed in.",
    "helps.relay": "If this is you, in your own mail program: turn on signing in for outgoing mail, and use the "
    "port for submission. See {page}.",
    "means.forged": "The message claims to come from an address of ours that does not exist.",
    "helps.forged": "It is a forgery, or a program elsewhere that sends in our name. Whoever runs the program "
    "writes to {postmaster}.",
    "means.full": "Your mailbox is full. Mail to you waits for {days} days, and then goes back.",
    "helps.full": "Delete what you no longer need, and empty the folder of deleted messages; what waits then "
    "comes by itself.",
    "means.elsewhere-unknown": "Nobody at the other organisation has that address.",
    "helps.elsewhere-unknown": "Look at each letter of it, and ask the person in another way.",
    "means.elsewhere-name": "There is nothing on the Internet of the name after the @.",
    "helps.elsewhere-name": "The name is mistyped, more often than not.",
    "means.elsewhere-later": "A number that begins with 4: not now. Our mailer tries again by itself.",
    "helps.elsewhere-later": "Wait. You hear of it after {days} days if it did not help. Do not send the message "
    "again.",
    "means.elsewhere-refused": "A number that begins with 5: no. The words after it say why, often with a link.",
    "helps.elsewhere-refused": "If the words speak of spam, reputation, SPF, DKIM or DMARC, send the whole report "
    "to {helper}: that is for us to mend.",
}

_PROGRAMS = {
    "section.by-itself": "Programs that set themselves up",
    "by-itself.thunderbird": "Thunderbird, and other programs that look for settings: type your name, your "
    "address and your password. The program finds the rest.",
    "by-itself.outlook": "Outlook: type your address and choose IMAP where it asks for the kind of account.",
    "by-itself.apple": "iPhone, iPad and Mac: open {link} in Safari, sign in, and install the profile.",
    "by-itself.srv": "Programs that look for servers in the DNS find them by your address alone.",
    "by-itself.webmail": "{page} needs no settings.",
    "section.by-hand": "Settings by hand",
    "table.servers": "Servers and ports",
    "head.purpose": "For",
    "head.server": "Server",
    "head.port": "Port",
    "head.security": "Security",
    "server.imap": "Reading mail (IMAP)",
    "server.pop": "Reading mail (POP3)",
    "server.submissions": "Sending mail (SMTP)",
    "server.submission": "Sending mail (SMTP), if the other does not work",
    "tls.implicit": "SSL/TLS",
    "tls.starttls": "STARTTLS",
    "tls.none": "none",
    "login.own": "The user name is your login, which you were given with your account, and not your address.",
    "login.directory": "The user name is your login at the organisation, with the password that you have there.",
    "by-hand.address": "Your address is the published one, whole.",
    "by-hand.authentication": "Sending asks for the same user name and password as reading. The kind of "
    "authentication is “normal password”; the connection is encrypted.",
    "by-hand.any": "Where several servers have the same purpose, any of them does.",
    "section.filters": "Filters and out-of-office replies",
    "filters.sieve": "A program that speaks ManageSieve reaches them at {servers}.",
    "section.trouble": "It does not work",
    "trouble.faq": "The words that the program shows are explained on the page {page}.",
    "section.webmail": "Using webmail",
    "webmail.where": "Open {link} and sign in.",
    "webmail.from": "You can send from your own published addresses; they are set for you.",
    "webmail.password": "Your password can be changed there, under the settings.",
    "webmail.book": "Colleagues are found while you type their names: see {page}.",
    "webmail.filters": "Filters and out-of-office replies are under the settings. They work on the server, also "
    "while you are not signed in.",
    "section.who": "Who is in it",
    "book.agreed": "People who have agreed to it.",
    "book.everybody": "Everybody, but for those who have said that they do not want it.",
    "book.change": "To be added or taken out, ask the service desk. Nothing else changes: your address works all "
    "the same.",
    "section.look-up": "Looking people up",
    "book.webmail": "In {page}: type the beginning of a name where the address goes.",
    "book.carddav": "In other programs, with CardDAV: the address is {link}, with the login and password of your "
    "mail.",
    "book.ldap": "In programs that speak LDAP: the server is {servers} and the base is {base}.",
}

_LISTS = {
    "section.which": "The lists",
    "table.lists": "Lists and who may write to them",
    "head.list": "List",
    "head.posters": "Who may write",
    "head.members": "Members",
    "lists.name": "{title}: {address}",
    "lists.hidden": "Who is on a list is shown to nobody but those who look after it.",
    "post.members": "members",
    "post.managers": "those who look after it",
    "post.organisation": "everybody here",
    "post.anyone": "anybody",
    "post.named": "some others by name",
    "post.0": "nobody",
    "post.1": "{part0}",
    "post.2": "{part0}, {part1}",
    "post.3": "{part0}, {part1}, {part2}",
    "post.4": "{part0}, {part1}, {part2}, {part3}",
    "post.5": "{part0}, {part1}, {part2}, {part3}, {part4}",
    "post.moderated": "{who}; each message is looked at before it is sent on",
    "members.described": "set by the organisation",
    "members.directory": "set by a group of the directory",
    "members.owners": "looked after by its owners",
    "section.managed": "Joining, leaving, asking",
    "lists.owner": "Those who look after a list are reached by adding “-owner” to its name, such as {example}.",
    "lists.web": "Owners manage their lists at {link}, after signing in.",
    "lists.people": "Lists whose members the organisation sets follow its records: ask for these to be changed.",
}

_AGREEMENT = {
    "section.parties": "Parties",
    "table.parties": "Whom this agreement is between, and for what",
    "head.who": "Who",
    "parties.provider": "Provides the service",
    "parties.customer": "Uses the service",
    "parties.domains": "For mail to and from",
    "section.capacity": "Capacity",
    "table.capacity": "As it is configured",
    "head.what": "What",
    "head.much": "How much",
    "capacity.quota": "Size of a mailbox, unless something else was agreed",
    "capacity.mailboxes": "Mailboxes",
    "capacity.together": "All mailboxes together",
    "capacity.used": "{provider} tells for each month what of it was used: mailboxes and what they hold, messages "
    "in and out, sign-ins and active users, as sums that name nobody.",
    "hosts.shared": "{provider} serves other organisations with the same machines.",
    "capacity.size": "Largest message",
    "capacity.recipients": "Recipients of one message",
    "capacity.hourly": "Recipients of one login in an hour",
    "capacity.queue": "Attempts to deliver a message",
    "capacity.log": "Log of mail",
    "section.performance": "Performance",
    "section.availability": "Availability",
    "table.hosts": "Hosts for each function",
    "head.function": "Function",
    "head.number": "Hosts",
    "function.mx": "Taking in mail",
    "function.submission": "Sending mail",
    "function.store": "Keeping mail",
    "function.lists": "Distribution lists",
    "function.web": "Webmail and pages",
    "function.log": "Copies of the logs",
    "section.security": "Security",
    "security.tls": "Passwords, and all that people read and send, go over encrypted connections (TLS 1.2 or "
    "newer).",
    "security.login": "People send after signing in, and each login only from its own addresses.",
    "security.networks": "Some systems of the organisation hand in mail without a login, from networks that are "
    "named in the configuration.",
    "security.relay": "Nobody from outside can send to the outside through the service.",
    "security.log": "Logs, and who may see them: {page}.",
    "security.walls": "Others who are served by the same machines cannot send as anybody here, nor read or trace "
    "what is sent or received here.",
    "security.view": "The organisation can see for itself what became of messages that it sent or received in the "
    "last {days} days.",
    "security.users": "What users do for their part: {page}.",
    "section.changes": "Response to requests for changes",
    "section.faults": "Response to fault reports",
    "faults.status": "What is known is told on the page {page}.",
    "section.escalation": "Escalation",
    "section.penalties": "Penalties",
    "section.besides": "About this agreement",
    "agreed": "{words}",
    "not-agreed": "Nothing has been agreed on this yet.",
}

_CONTACTS = {
    "section.people": "People",
    "table.contacts": "Those who can be reached about mail",
    "section.organisation": "Organisation",
    "table.organisation": "The organisation",
    "head.which": "Which",
    "vouched.ROLE-3": "{owner} vouches that mail from Janet and its contractors to postmaster and abuse is "
    "answered in good time ({day}).",
    "vouched.AUDIT-5": "{owner} vouches that Janet has these contacts ({day}).",
    "vouched.AUDIT-6": "{owner} vouches that contacts and registry are kept up to date ({day}).",
    "vouched.SUPPORT-2": "{owner} vouches that help desk and operators keep each other informed ({day}).",
    "organisation.name": "Name",
    "organisation.registry": "Handle in the RIPE registry",
    "organisation.domains": "Mail domains",
    "organisation.timezone": "Time zone",
    "organisation.hours": "Service desk open",
    "section.roles": "Role addresses",
    "table.roles": "Addresses that somebody reads",
    "head.role": "Role",
    "section.mailers": "Mailers",
    "table.mailers": "Systems that send and receive mail",
    "head.addresses": "Addresses",
}

_ADDRESSES = {
    "section.give": "Give the published address",
    "section.whole": "Write whole addresses",
    "whole.write": "Write everything after the @ too. A program that completes it by guessing guesses wrongly; "
    "the address book completes it rightly.",
    "whole.case": "Capital letters make no difference.",
    "whole.domains": "Our addresses end in {domains}.",
    "section.inside": "Addresses that are used inside",
    "inner.people": "Some people also have an address for use inside ({number} at present). What they send leaves "
    "with their published address in its place, so that answers come to the right address. Mail to an internal "
    "address still arrives.",
    "inner.form": "{form} is what {published} is called inside. What is sent from such an address leaves with "
    "{published}.",
    "inner.until": "Mail to {form} still arrives until {day}, and is refused after that: tell those who write to "
    "you.",
    "inner.stays": "Mail to {form} still arrives.",
    "inner.none": "There are none here that differ from the published ones.",
    "section.address-questions": "Questions",
    "section.why": "Why it matters",
    "clock.why": "The time on a message comes from the computer that it is written on. It has to be right to one "
    "second, with the right time zone.",
    "clock.host": "A message that comes without a date gets one from the mail server, whose own clock is kept.",
    "section.settings": "What to set",
    "clock.servers": "On computers that the organisation manages, name these time servers:",
    "clock.server": "{name}",
    "clock.zone": "The time zone is {zone}.",
    "section.clock-questions": "Questions",
}

WORDS: dict[str, str] = {
    **_FRAME, **_TITLES, **_DESK, **_PRIVACY, **_INSTRUCTIONS, **_SUPPORT, **_STATUS, **_OPERATION, **_FAQ,
    **_PROGRAMS, **_LISTS, **_AGREEMENT, **_CONTACTS, **_ADDRESSES,
}  # fmt: skip
"""Key → sentence."""
