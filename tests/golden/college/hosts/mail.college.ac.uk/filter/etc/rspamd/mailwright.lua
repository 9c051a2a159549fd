-- What may leave this site: the rules of the filter. No value of the site stands in this file; they are in the
-- section mailwright of rspamd.conf and in the map of addresses.
--
--   after a login   From: and Sender: are addresses of the login (ADDR-7, ADDR-8); MAIL FROM:<> is for read
--                   receipts alone (ADDR-6); no header address lacks its domain (INT-3)
--   without one     mail of this host's own processes, of the site's other hosts and of networks that may relay:
--                   an own-domain address in From: exists (ADDR-5); where MAIL FROM is an own-domain address too,
--                   both are of one person (ADDR-7: so nobody's vacation notice comes from somebody else); what
--                   networks may relay has a To: or Cc: line (MSG-1), and no header address lacks its domain (INT-3)
--   from a gateway  mail of the system behind it: every address in From: is in one of the gateway's domains and
--                   exists, as far as that is known here (GATE-2); no header address lacks its domain (INT-3)
--
--   from lists      what the list server of this host sends: From: is the author's, so no login is compared with it; it
--                   is signed where From: is a list's (LIST-3)
--
-- Where there are lists, a header of our own says to the list server alone who sent a post, as far as that is known,
-- and whatever came in under that name is gone (LIST-3); see verdict() below.
--
-- What a login may send in an hour is counted by the library's ratelimit (REMOTE-1); here is whom it counts, and the
-- line of the log for a message that waits.
--
-- Headers are read here, strictly, and not by the library: what two programs read differently is refused, so that
-- nobody can show one address to the filter and another to the reader.

local logger = require "rspamd_logger"
local rspamd_ip = require "rspamd_ip"

local options = rspamd_config:get_all_opt("mailwright")
if not options then
  logger.errx(rspamd_config, "rspamd.conf has no section mailwright")
  return
end

local domains = {}
for _, name in ipairs(options.domains) do
  domains[name:lower()] = true
end

local function networks(prefixes)
  local found = {}
  for _, prefix in ipairs(prefixes or {}) do
    local address, length = prefix:match("^(.+)/(%d+)$")
    table.insert(found, { address = rspamd_ip.from_string(address), length = tonumber(length) })
  end
  return found
end

-- Domains of which a system behind a gateway, or a directory, alone knows who is there.
local live = {}
for _, name in ipairs(options.live_domains or {}) do
  live[name:lower()] = true
end

-- Systems behind gateways: where their mail comes from, and the domains that they serve.
local gateways = {}
for _, said in pairs(options.gateways or {}) do
  local served = {}
  for _, name in ipairs(said.domains) do
    served[name:lower()] = true
  end
  table.insert(gateways, { networks = networks(said.networks), domains = served })
end

local loopback = networks({ "127.0.0.0/8", "::1/128" })
local own_hosts = networks(options.own_hosts)
local relay_networks = networks(options.relay_networks)

-- address → { login = true }, read when the filter starts; an address that nobody may send as has an empty table.
local addresses = {}
local count = 0
for line in io.lines(options.addresses) do
  local address, logins = line:match("^([^#%s]%S*) (%S+)$")
  if address then
    local set = {}
    if logins ~= "-" then
      for login in logins:gmatch("[^,]+") do
        set[login:lower()] = true
      end
    end
    addresses[address:lower()] = set
    count = count + 1
  end
end
logger.infox(rspamd_config, "%s addresses from %s", count, options.addresses)

-- Addresses of lists, and those by which mail comes to one in the end; true for the first. nil where there are no lists.
local lists = nil
if options.lists then
  lists = {}
  for line in io.lines(options.lists) do
    local address, list = line:match("^([^#%s]%S*) (%S+)$")
    if address then
      lists[address:lower()] = list ~= "-"
    end
  end
end
local POSTER = "X-Mailwright-Poster"

-- SCALE-2: what this host knows of customers, a table that is replaced while the filter runs. Its keys are an address,
-- whose value is its logins or -; @ and a domain; ! and the login of an automatic sender; * and a domain, whose value
-- is the selector and the path of the key with which its mail is signed.
local open_table = nil
if options.customers then
  local rspamd_cdb = require "rspamd_cdb"
  local rspamd_util = require "rspamd_util"
  local table_, mark = nil, nil
  open_table = function()
    local err, there = rspamd_util.stat(options.customers)
    if err or not there then
      return table_
    end
    -- One that is younger than the clock's steps may be replaced by another of the same size.
    local now = string.format("%s %s", there.mtime, there.size)
    if not table_ or now ~= mark or os.time() - there.mtime < 3 then
      table_ = rspamd_cdb.create(options.customers) or table_
      mark = now
    end
    return table_
  end
end

local function of_customers(key)
  local found = open_table and open_table()
  return found and found:lookup(key) or nil
end

-- The fields that are looked at here. SCALE-1: the header is taken apart once for a message, and not for each question:
-- its size is the sender's choice.
local FIELDS = {}
for _, name in ipairs({
  "from", "sender", "reply-to", "to", "cc", "content-type", "received", "message-id", "dkim-signature",
}) do
  FIELDS[name] = true
end
local header, fields = "", {}

-- All values of one of these fields, unfolded. The name may have white space before its colon, as mailers take it.
local function values_of(task, wanted)
  assert(FIELDS[wanted], wanted)
  local raw = tostring(task:get_raw_headers() or "")
  if raw ~= header then
    header, fields = raw, {}
    raw = raw:gsub("\r\n", "\n"):gsub("\r", "\n"):gsub("\n[ \t]", " ")
    for line in raw:gmatch("[^\n]+") do
      local name, value = line:match("^([^:%s]+)%s*:(.*)$")
      name = name and name:lower()
      if name and FIELDS[name] then
        fields[name] = fields[name] or {}
        table.insert(fields[name], value)
      end
    end
  end
  return fields[wanted] or {}
end

-- The addresses of a list of mailboxes, in lower case; nil for what is not plainly one.
local function mailboxes(value)
  if value:find("[%z\1-\8\11-\31\127]") then
    return nil
  end
  -- Quoted display names and comments say nothing about the address; what is left may have no quote or bracket.
  local rest = value:gsub('\\.', "_"):gsub('"[^"]*"', " "):gsub("%([^()]*%)", " ")
  if rest:find('["()%[%]\\;:]') then
    return nil
  end
  local found = {}
  for item in (rest .. ","):gmatch("([^,]*),") do
    local inner = item:match("^[^<>@]*<%s*([^<>%s]+)%s*>%s*$") or item:match("^%s*([^<>%s]+)%s*$")
    local address = inner and inner:match("^[^@]+@[^@]+$")
    if not address then
      return nil
    end
    table.insert(found, address:lower())
  end
  return found
end

-- What the directory has said of the addresses of the message that is judged just now; judging it is one go.
local said = {}

-- The logins that may send as an address; nil for one that nobody has.
local function logins_of(address)
  local known = addresses[address] or said[address]
  local logins = not known and address:find("^[%w_]") and of_customers(address)
  if not logins then
    return known
  end
  local set = {}
  for login in logins:gmatch("[^,]+") do
    if login ~= "-" then
      set[login] = true
    end
  end
  return set
end

-- Whether the address is in a domain of the site, with the dot of the root too, which readers do not mind.
local function own(address)
  local domain = address:match("@(.-)%.*$")
  return domains[domain] ~= nil or of_customers("@" .. domain) ~= nil
end

-- Whether the address is somebody's, or may be for all that is known here.
local function exists(address)
  return logins_of(address) ~= nil or live[address:match("@(.+)$")] ~= nil
end

local function refuse(task, rule, text, detail)
  logger.infox(task, "%s: refused, user %s, %s", rule, task:get_user() or "-", detail or "-")
  task:insert_result("MAILWRIGHT_REFUSED", 0.0, rule)
  task:set_pre_result("reject", text, "mailwright")
end

local function is_receipt(task)
  local types = values_of(task, "content-type")
  if #types ~= 1 then
    return false
  end
  local value = types[1]:lower():gsub("%s", "")
  return value:find("^multipart/report;") ~= nil
    and (value .. ";"):gsub('"', ""):find(";report%-type=disposition%-notification;") ~= nil
end

-- MAIL FROM in lower case, empty for the null sender.
local function envelope_sender(task)
  local from = task:get_from({ "smtp", "orig" }) or task:get_from("smtp")
  return (from and from[1] and from[1].addr or ""):lower()
end

-- Every address of one header field belongs to the login. Returns true when it may stay.
local function check_field(task, login, name, field, required)
  local found = values_of(task, field)
  if #found == 0 and not required then
    return true
  end
  if #found ~= 1 then
    refuse(task, name .. ": there once", "A message needs exactly one " .. name .. ": line", #found .. " lines")
    return false
  end
  local listed = mailboxes(found[1])
  if not listed then
    refuse(task, name .. ": readable", "The " .. name .. ": line is not a plain address", found[1])
    return false
  end
  for _, address in ipairs(listed) do
    local logins = logins_of(address)
    if not logins or not logins[login] then
      refuse(task, name .. ": own", name .. ": " .. address .. " is not an address of yours", address)
      return false
    end
  end
  return true
end

-- No address of these lines was written without a domain, which Postfix has marked (master.cf).
local function check_whole(task)
  for _, name in ipairs({ "From", "Sender", "Reply-To", "To", "Cc" }) do
    for _, value in ipairs(values_of(task, name:lower())) do
      if value:lower():find("@" .. options.no_domain, 1, true) then
        refuse(task, name .. ": whole", name .. ": has an address without a domain", value)
        return false
      end
    end
  end
  return true
end

local function check_login(task, login)
  if envelope_sender(task) == "" and not is_receipt(task) then
    refuse(task, "null sender", "MAIL FROM:<> is for read receipts alone", "MAIL FROM:<>")
    return
  end
  local _ = check_whole(task)
    and check_field(task, login, "From", "from", true)
    and check_field(task, login, "Sender", "sender", false)
end

local function comes_from(task, listed)
  local client = task:get_from_ip()
  if not client or not client:is_valid() then
    return false
  end
  -- Compared as texts: as objects they would differ by the port that Postfix tells of its client.
  for _, network in ipairs(listed) do
    if client:get_version() == network.address:get_version()
      and client:apply_mask(network.length):to_string() == network.address:apply_mask(network.length):to_string() then
      return true
    end
  end
  return false
end

-- Whether two addresses are the same or some login may send as both.
local function of_one(one, other)
  if one == other then
    return true
  end
  for login in pairs(logins_of(one) or {}) do
    if (logins_of(other) or {})[login] then
      return true
    end
  end
  return false
end

local function check_unnamed(task, relayed)
  if relayed and not check_whole(task) then
    return
  end
  local sender = envelope_sender(task)
  local found = values_of(task, "from")
  if #found ~= 1 and relayed then
    refuse(task, "From: there once", "A message needs exactly one From: line", #found .. " lines")
    return
  end
  for _, value in ipairs(found) do
    local listed = mailboxes(value)
    if not listed and relayed then
      refuse(task, "From: readable", "The From: line is not a plain address", value)
      return
    end
    for _, address in ipairs(listed or {}) do
      if own(address) and not exists(address) then
        refuse(task, "From: exists", "From: " .. address .. " does not exist", address)
        return
      end
      if own(address) and sender:find("@") and own(sender) and not of_one(sender, address) then
        refuse(task, "From: own", "From: " .. address .. " is not an address of " .. sender, address)
        return
      end
    end
  end
  if relayed and #values_of(task, "to") == 0 and #values_of(task, "cc") == 0 then
    refuse(task, "To: there", "A message needs a To: line", "no To: or Cc:")
  end
end

-- The domains of the systems that the client is, of which there may be several; nil when it is none.
local function domains_behind(task)
  local found = nil
  for _, gateway in ipairs(gateways) do
    if comes_from(task, gateway.networks) then
      found = found or {}
      for name in pairs(gateway.domains) do
        found[name] = true
      end
    end
  end
  return found
end

local function check_gateway(task, served)
  local found = values_of(task, "from")
  if #found ~= 1 then
    refuse(task, "From: there once", "A message needs exactly one From: line", #found .. " lines")
    return
  end
  local listed = mailboxes(found[1])
  if not listed then
    refuse(task, "From: readable", "The From: line is not a plain address", found[1])
    return
  end
  local report = envelope_sender(task) == "" -- a delivery status may come from the system itself
  for _, address in ipairs(listed) do
    if not served[address:match("@(.+)$")] or not (report or exists(address)) then
      refuse(task, "From: of the gateway", "From: " .. address .. " is not an address of your system", address)
      return
    end
  end
  if check_whole(task) and #values_of(task, "to") == 0 and #values_of(task, "cc") == 0 then
    refuse(task, "To: there", "A message needs a To: line", "no To: or Cc:")
  end
end

-- Whether the list server of this host sends: by the port that it alone reaches, whose name Postfix says (master.cf).
local function from_list_server(task)
  return lists ~= nil and task:get_mempool():get_variable("MTA-Name") == "mailwright-listout"
end

-- Whether the rules are for this message. Where nobody may relay through port 25, what comes in there from outside is
-- looked at for lists alone.
local function judged(task)
  local login = task:get_user()
  return options.transfer or (login and login ~= "") or from_list_server(task) or comes_from(task, loopback)
end

-- The one address of the one From: line in lower case; nil for anything else.
local function author(task)
  local found = values_of(task, "from")
  local listed = #found == 1 and mailboxes(found[1]) or nil
  if listed and #listed == 1 and listed[1]:find("^[%w!#$%%&'*+/=?^_`{|}~.-]+@[%w.-]+$") then
    return listed[1]
  end
  return nil
end

-- LIST-3: nobody's From: is signed because a list has sent it on, but a list's own. An author of the site has the
-- signature from when they sent it, which the list server leaves whole; whoever forged one has none.
local function check_post(task)
  local from = author(task)
  if not (from and lists[from]) then
    task:disable_symbol("DKIM_SIGNED")
  end
end

-- SCALE-2: mail of a customer's domain is signed with the customer's key, as soon as that is here.
local function with_own_key(task)
  local from = author(task)
  local how = from and of_customers("*" .. from:match("@(.+)$"))
  local selector, path = (how or ""):match("^(%S+) (%S+)$")
  if not selector then
    return
  end
  local file = io.open(path, "r")
  if not file then
    logger.infox(task, "not signed, there is no key %s", path)
    return
  end
  file:close()
  task:get_mempool():set_variable("dkim_selector", selector)
  task:get_mempool():set_variable("dkim_key", path)
end

local function judge(task)
  if open_table and not open_table() then
    task:set_pre_result("soft reject", "Whose the addresses are is not known here; try again later", "mailwright")
    return
  end
  if not judged(task) then
    return
  end
  if open_table then
    with_own_key(task)
  end
  if from_list_server(task) then
    check_post(task)
    return
  end
  local login = task:get_user()
  if login and login ~= "" then
    check_login(task, login:lower())
    return
  end
  local served = domains_behind(task)
  if served then
    check_gateway(task, served)
  else
    -- SCALE-1: what the site's other hosts hand over is not the work of a person at a printer.
    local relayed = not comes_from(task, own_hosts) and comes_from(task, relay_networks)
    -- ADDR-7: what Sieve redirects was written by anybody, with any From:, so it is not signed; who is of the site has
    -- signed it before. It came in and was delivered: two lines at least, where what starts on a host has one at most.
    if not relayed and #values_of(task, "received") > 1 then
      task:disable_symbol("DKIM_SIGNED")
    end
    check_unnamed(task, relayed)
  end
end

-- The own-domain addresses of a message that the map does not have: only the directory may know them. MAIL FROM after
-- a login is the login's own: the mailer has asked the directory.
local function in_question(task)
  local login = (task:get_user() or ""):lower()
  local sender = envelope_sender(task)
  local known, asked, seen = {}, {}, {}
  local function look(address)
    if address:find("^[%w_+'&=.-]+@[%w.-]+$") and own(address) and not addresses[address] and not seen[address] then
      seen[address] = true
      if login ~= "" and address == sender then
        known[address] = { [login] = true }
      else
        table.insert(asked, address)
      end
    end
  end
  look(sender)
  for _, field in ipairs({ "from", "sender" }) do
    for _, value in ipairs(values_of(task, field)) do
      for _, address in ipairs(mailboxes(value) or {}) do
        look(address)
      end
    end
  end
  return known, asked
end

-- ADDR-7: judges with what the directory says now. While it says nothing the message waits with its sender.
local function judge_with_directory(task)
  if not judged(task) or from_list_server(task) then
    judge(task)
    return
  end
  local known, asked = in_question(task)
  local function go()
    said = known
    judge(task)
    said = {}
  end
  if #asked == 0 then
    go()
    return
  end
  if #asked > 50 then
    refuse(task, "From: readable", "The From: line has too many addresses", #asked)
    return
  end
  local function wait(why)
    logger.infox(task, "the directory did not answer: %s", why)
    task:set_pre_result("soft reject", "The directory does not answer; try again later", "mailwright")
  end
  local made = require("rspamd_tcp").request({
    task = task,
    host = options.directory,
    port = 0,
    data = { table.concat(asked, "\n"), "\nend\n" },
    shutdown = true,
    -- The answer may come in pieces. Its last line, which is of no login, says that nothing went wrong before it.
    stop_pattern = "end\t.\n",
    timeout = 20,
    callback = function(err, answer)
      if err then
        wait(err)
        return
      end
      local text = answer and tostring(answer) or ""
      for address, login in text:gmatch("([^\t\n]+)\t([^\t\n]+)\n") do
        known[address:lower()] = { [login:lower()] = true }
      end
      go()
    end,
  })
  if not made then
    wait("nobody is there to ask")
  end
end

rspamd_config:register_symbol({
  name = "MAILWRIGHT_REFUSED",
  type = "virtual",
  parent = rspamd_config:register_symbol({
    name = "MAILWRIGHT",
    type = "prefilter",
    priority = 10,
    callback = options.directory and judge_with_directory or judge,
  }),
  score = 0.0,
})

-- LIST-3: who sent a post.
if lists then
  local util = require "rspamd_util"

  local function to_list(task)
    for _, one in ipairs(task:get_recipients({ "smtp", "orig" }) or task:get_recipients("smtp") or {}) do
      -- After some addresses of a list Mailman writes a + and a word.
      if lists[(one.addr or ""):lower():gsub("%+[^@]*@", "@")] ~= nil then
        return true
      end
    end
    return false
  end

  -- The list of public suffixes, as its authors write it. Not by the library, which compiles it for many seconds.
  local suffixes = {}
  for line in io.lines(options.suffixes) do
    local rule = line:match("^([^/%s]%S*)")
    if rule then
      suffixes[rule] = true
    end
  end

  -- Whether others register names below this one.
  local function is_suffix(name)
    if suffixes["!" .. name] then
      return false
    end
    return suffixes[name] or suffixes["*." .. (name:match("^[^.]*%.(.+)$") or "")] or not name:find(".", 1, true)
  end

  -- Whether somebody who may be taken for the author's domain has signed: that domain or one above it.
  local function signed_for(domain, signer)
    return signer == domain or (domain:sub(-#signer - 1) == "." .. signer and not is_suffix(signer))
  end

  -- Domains with a signature that leaves a part of the body to whoever comes later (l= of RFC 6376, 8.2).
  local function partial(task)
    local found = {}
    for _, value in ipairs(values_of(task, "dkim-signature")) do
      local tags = ";" .. value:gsub("%s", "")
      if tags:find(";l=", 1, true) then
        found[(tags:match(";d=([^;]*)") or ""):lower()] = true
      end
    end
    return found
  end

  local function by_signature(task, domain)
    local short = partial(task)
    for _, one in ipairs(task:get_dkim_results() or {}) do
      local signer = one.result == "allow" and (one.domain or ""):lower() or ""
      if signer ~= "" and not short[signer] and signed_for(domain, signer) then
        return true
      end
    end
    return false
  end

  -- What the header says: one of
  --   inside; login=a1; from=a@ours.example             after a login, whose address From: is
  --   vouched; by=dkim; from=a@b.example                a signature of the author's domain, or of one above it
  --   vouched; by=spf; from=a@b.example                 MAIL FROM is in the author's domain, and may come from there
  --   vouched; by=gateway; from=a@behind.example        the system behind a gateway, for one of its own domains
  --   unproven; from=a@b.example                        nothing of all this; an own address without a login
  -- What the list server itself sends to a list is unproven too: lists in lists it knows by its own road.
  -- from= is in lower case, and is missing where there is no From: with one address that everybody reads alike.
  local function verdict(task)
    local from = author(task)
    local tail = from and ("; from=" .. from) or ""
    local login = task:get_user()
    if login and login ~= "" then
      return "inside; login=" .. login:lower() .. tail
    end
    if not from or from_list_server(task) then
      return "unproven" .. tail
    end
    local domain = from:match("@(.+)$")
    local served = domains_behind(task)
    if served and served[domain] then
      return "vouched; by=gateway" .. tail
    end
    if own(from) then
      return "unproven" .. tail
    end
    if by_signature(task, domain) then
      return "vouched; by=dkim" .. tail
    end
    if task:has_symbol("R_SPF_ALLOW") and envelope_sender(task):match("@(.+)$") == domain then
      return "vouched; by=spf" .. tail
    end
    return "unproven" .. tail
  end

  -- Nobody's signature is looked up but of those who write to lists.
  for _, name in ipairs({ "DKIM_CHECK", "SPF_CHECK" }) do
    rspamd_config:add_condition(name, to_list)
  end
  rspamd_config:register_symbol({
    name = "MAILWRIGHT_POSTER",
    type = "postfilter",
    callback = function(task)
      local reply = { remove_headers = { [POSTER] = 0 } }
      if to_list(task) then
        local said = verdict(task)
        -- Above all that the sender has written: whatever reads the header finds this one, and a second one makes two.
        reply.add_headers = { [POSTER] = { value = said, order = 0 } }
        if #values_of(task, "message-id") == 0 then
          -- The list server takes no post without one.
          reply.add_headers["Message-ID"] = string.format("<%s@%s>", util.random_hex(32), options.host)
        end
        logger.infox(task, "poster: %s", said)
      end
      task:set_milter_reply(reply)
    end,
  })
end

-- REMOTE-1: where submissions are counted, people and processes have counts of their own.
if options.automatic then
  local selectors = require "lua_selectors"
  local automatic = {}
  for _, login in ipairs(options.automatic) do
    automatic[login:lower()] = true
  end
  local function counted(wanted)
    return function(task)
      local login = (task:get_user() or ""):lower()
      local process = automatic[login] or of_customers("!" .. login) ~= nil
      if login == "" or process ~= wanted then
        return nil
      end
      return login, "string"
    end
  end
  for name, wanted in pairs({ mailwright_person = false, mailwright_process = true }) do
    selectors.register_extractor(rspamd_config, name, {
      get_value = counted(wanted),
      description = "The login, where it is counted so",
    })
  end
  rspamd_config:register_symbol({
    name = "MAILWRIGHT_THROTTLE",
    type = "idempotent",
    flags = "ignore_passthrough",
    callback = function(task)
      if task:has_symbol("MAILWRIGHT_THROTTLED") then
        local client = task:get_from_ip()
        logger.infox(
          task,
          "throttled: login %s, address %s, recipients %s",
          (task:get_user() or "-"):lower(),
          client and client:is_valid() and client:to_string() or "-",
          #(task:get_recipients("smtp") or {})
        )
      end
    end,
  })
end
