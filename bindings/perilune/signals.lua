-- SPDX-License-Identifier: MIT
-- Signals: who wants to know about an event, and telling them.
--
-- The engine (perilune._signals) keeps the books, and sends; what is usual is done there.
local core = require "perilune._signals"
local exceptions = require "perilune.exceptions"
local check_options = require "perilune._options"
local plan_of = require "perilune._signals_plan"
local suggest = require("perilune._core").suggest

local M = {}

local methods, mt = {}, { __name = "perilune.signals.Signal" }
mt.__index = methods

-- ---- arguments ----

local function callable(value)
  if type(value) == "function" then
    return true
  end
  local meta = type(value) == "table" and getmetatable(value)
  return type(meta) == "table" and meta.__call ~= nil
end

local function is_signal(value)
  return getmetatable(value) == mt
end

-- The table that a method is called on. An error is that of whoever called it.
local function check_self(self, what)
  if not is_signal(self) then
    error(exceptions.TypeError(("signal expected; its functions are called with a colon, as in paid:%s"):format(what)), 3)
  end
end

local function check_receiver(what, value)
  if not callable(value) then
    error(exceptions.TypeError(("%s: the receiver is a function(sender, event), not a %s"):format(what, type(value))), 3)
  end
end

-- `event.signal` comes from a metatable that all events of the signal share. A table
-- without one, the usual case, gets it from the engine; everything else is for this
-- function. An event on its way that is sent on as another signal's goes as a copy.
local function adopt(self, event)
  if not is_signal(self) then
    error(exceptions.TypeError "signal expected; its functions are called with a colon, as in paid:send(sender, event)", 3)
  elseif event == nil then
    event = {}
  elseif type(event) ~= "table" then
    error(exceptions.TypeError(("%s:send(sender, event): the event is a table, not a %s"):format(self._name, type(event))), 3)
  elseif event.signal == self then
    return event
  end
  local meta = getmetatable(event)
  if rawget(event, "signal") ~= nil or type(meta) == "table" and meta.__signal_event then
    local copy = {}
    for k, v in next, event do
      if k ~= "signal" then
        copy[k] = v
      end
    end
    event, meta = copy, nil
  end
  if meta == nil then
    return setmetatable(event, self._event)
  end
  return rawset(event, "signal", self)
end

-- ---- a signal ----
--
-- send(sender, event) is a function of the engine, in the signal itself.

local connect_options = { sender = true, dispatch_uid = true, weak = true }

-- The senders of model signals are models: nobody would ever send as anything else.
local function check_model(what, sender)
  local meta = type(sender) == "table" and getmetatable(sender)
  local instance = type(meta) == "table" and rawget(meta, "_meta") and not rawget(sender, "_meta")
  if instance or type(sender) ~= "string" and type(sender) ~= "table" then
    local given = instance and "an object: give its model" or "a " .. type(sender)
    error(exceptions.TypeError(("%s: the sender is a model or its label, as \"shop.Product\", not %s"):format(what, given)), 3)
  end
end

--- Calls receiver(sender, event) for every event (of `sender`) from now on; gives a
--- function that ends it. A receiver that is connected already is not connected again.
function methods:connect(receiver, options)
  check_self(self, "connect(receiver)")
  check_receiver(self._name .. ":connect", receiver)
  options = check_options(self._name .. ":connect", options, connect_options)
  if self._labelled and options.sender ~= nil then
    check_model(self._name .. ":connect", options.sender)
  end
  local number = core.connect(self, receiver, options.sender, options.dispatch_uid, options.weak == true)
  return function()
    return core.off(self, number)
  end
end

local disconnect_options = { receiver = true, sender = true, dispatch_uid = true }

--- disconnect(receiver, { sender = }), disconnect { dispatch_uid =, sender = }: as it was
--- connected. Gives whether something was.
function methods:disconnect(receiver, options)
  check_self(self, "disconnect(receiver)")
  local what = self._name .. ":disconnect"
  if type(receiver) == "table" and not callable(receiver) then
    receiver, options = nil, receiver
  end
  options = check_options(what, options, disconnect_options)
  receiver = receiver or options.receiver
  if options.dispatch_uid == nil then
    check_receiver(what, receiver)
  end
  return core.disconnect(self, receiver, options.sender, options.dispatch_uid)
end

--- Would anybody be told of an event of `sender`?
function methods:has_listeners(sender)
  check_self(self, "has_listeners(sender)")
  return core.has(self, sender)
end

local call = require("perilune._core").call

-- A fiber that is to end does end.
local function ends_fiber(err)
  return exceptions.is(err, "CancelledError") or exceptions.is(err, "TimeLimitExceeded")
end

local function name_of(receiver)
  local info = type(receiver) == "function" and debug.getinfo(receiver, "S")
  if info and info.what == "C" then
    return "a receiver in C"
  end
  return info and ("%s:%d"):format(info.source:gsub("^@", ""), info.linedefined) or tostring(receiver)
end

--- As `send`, but what a receiver raises is logged and stands in its place in the
--- list: { receiver =, error = }; the others are told all the same.
function methods:send_robust(sender, event)
  check_self(self, "send_robust(sender, event)")
  local receivers, n = core.receivers(self, sender)
  local results = {}
  event = n > 0 and adopt(self, event)
  for i = 1, n do
    local receiver = receivers[i]
    local ok, value = call(receiver, sender, event)
    if ok then
      results[i] = { receiver = receiver, response = value }
    elseif ends_fiber(value) then
      error(value, 0)
    else
      require("perilune.log").get("perilune.dispatch"):exception("Error calling %s in %s:send_robust() (%s)", name_of(receiver), self._name, value)
      results[i] = { receiver = receiver, error = value }
    end
  end
  return results
end

function mt.__tostring(self)
  return "signal " .. self._name
end

function mt.__newindex(_, key)
  error(exceptions.AttributeError(("a signal has no field '%s' to set"):format(tostring(key))), 2)
end

setmetatable(methods, {
  __index = function(_, key)
    local names = { "send" }
    for name in next, methods do
      names[#names + 1] = name
    end
    error(exceptions.AttributeError(("a signal has no field '%s'%s"):format(tostring(key), suggest(tostring(key), names))), 2)
  end,
})

local function new(name, index, labelled, given)
  local self = { _name = name, _labelled = labelled, _refs = {}, _weak = setmetatable({}, { __mode = "v" }), _senders = {}, _uids = {} }
  self._event = { __signal_event = true, __index = { signal = self } }
  self.send, self._listens = core.open(self, index, labelled, self._event, adopt, plan_of, given)
  return setmetatable(self, mt)
end

local signal_options = { name = true }

--- A signal of your own. Its name (option `name`) is for messages, and for C modules.
function M.Signal(options)
  options = check_options("signals.Signal", options, signal_options)
  return new(options.name or "Signal", nil, false, options.name)
end

--- One whose senders are models: `sender = "shop.Product"` may name one that is defined
--- later.
function M.ModelSignal(options)
  options = check_options("signals.ModelSignal", options, signal_options)
  return new(options.name or "ModelSignal", nil, true, options.name)
end

local builtin = {}
for index, row in ipairs(core.builtin) do
  builtin[index] = new(row[1], index, row[2])
  M[row[1]] = builtin[index]
end

-- ---- several at once ----

local function check_list(what, list)
  if is_signal(list) then
    list = { list }
  end
  if type(list) ~= "table" or #list == 0 then
    error(exceptions.TypeError(what .. ": a signal or a list of signals comes first"), 3)
  end
  for i, signal in ipairs(list) do
    if not is_signal(signal) then
      error(exceptions.TypeError(("%s: item %d of the list is a %s, not a signal"):format(what, i, type(signal))), 3)
    end
  end
  return list
end

--- receiver(signals, { sender = }, function): connects the function to a signal or to each
--- of a list, and gives it back. Without the function, gives what takes it.
function M.receiver(list, options, fn)
  list = check_list("signals.receiver", list)
  if fn == nil and callable(options) then
    options, fn = nil, options
  end
  local function connect(receiver)
    check_receiver("signals.receiver", receiver)
    for _, signal in ipairs(list) do
      signal:connect(receiver, options)
    end
    return receiver
  end
  if fn == nil then
    check_options("signals.receiver", options, connect_options)
    return connect
  end
  return connect(fn)
end

--- disabled { signals.post_save }(fn): runs fn, and nobody is told of those signals
--- meanwhile, in the whole process. Gives what fn gives.
function M.disabled(list)
  list = check_list("signals.disabled", list)
  return function(fn, ...)
    if not callable(fn) then
      error(exceptions.TypeError(("signals.disabled { … }(function): a function, not a %s"):format(type(fn))), 2)
    end
    for _, signal in ipairs(list) do
      core.disable(signal)
    end
    local result = table.pack(call(fn, ...))
    for _, signal in ipairs(list) do
      core.enable(signal)
    end
    if not result[1] then
      error(result[2], 0)
    end
    return table.unpack(result, 2, result.n)
  end
end

-- ---- for the framework ----

--- The class that "shop.Product" stands for has been defined.
M._resolve = core.resolve

--- Labels that built-in signals wait for: a list of { signal =, label = }, in order.
function M._pending()
  local list = {}
  for _, signal in ipairs(builtin) do
    for number, sender in pairs(signal._labelled and signal._senders or {}) do
      if type(sender) == "string" and core.find(sender) == nil then
        list[#list + 1] = { signal = signal._name, label = sender, number = number, receiver = signal._refs[number] or signal._weak[number] }
      end
    end
  end
  table.sort(list, function(a, b)
    return a.signal < b.signal or a.signal == b.signal and a.number < b.number
  end)
  return list
end
M._name_of = name_of

return setmetatable(M, {
  __index = function(_, name)
    local names = {}
    for k in next, M do
      names[#names + 1] = k
    end
    error(exceptions.AttributeError(("perilune.signals has no '%s'%s"):format(tostring(name), suggest(tostring(name), names))), 2)
  end,
})
