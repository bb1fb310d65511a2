-- SPDX-License-Identifier: MIT
-- The assertions about responses, HTML and JSON.
local asserts = require "perilune._test.assert"
local assertions = require "perilune._test.assertions"
local check_options = require "perilune._options"
local core = require "perilune._core"
local diff = require "perilune._test.diff"
local exceptions = require "perilune.exceptions"
local html = require "perilune._test.html"
local json = require "perilune.json"

local register, with, show = asserts.register, assertions.with, diff.show

-- Has it what a response has? Then its content.
local function is_response(value)
  if type(value) == "userdata" or type(value) == "table" then
    local ok, status = pcall(function()
      return value.status_code
    end)
    return ok and math.type(status) == "integer"
  end
  return false
end

local function check_response(what, value)
  if not is_response(value) then
    error(exceptions.TypeError(("assert.%s: a response comes first, not %s"):format(what, show(value))), 5)
  end
end

-- What a reader wants to see of a page: its beginning.
local function excerpt(text)
  text = text:gsub("%s+", " ")
  return #text > 300 and text:sub(1, 300) .. "…" or text
end

local function describe_response(response)
  local where = response.headers.Location and (" to %s"):format(response.headers.Location) or ""
  return ("%d%s"):format(response.status_code, where)
end

-- ---- contains ----

local function count_plain(text, needle)
  local n, at = 0, 1
  if needle == "" then
    return 0
  end
  while true do
    local from, to = text:find(needle, at, true)
    if not from then
      return n
    end
    n, at = n + 1, to + 1
  end
end

local function parsed(what, fn)
  local ok, value = pcall(fn)
  if not ok then
    return nil, ("%s is no HTML: %s"):format(what, exceptions.wrap(value).message)
  end
  return value
end

-- Does the list, or the map's keys, hold the value?
local function holds(list, value)
  for _, item in ipairs(list) do
    if assertions.same(item, value, {}) then
      return true
    end
  end
  return type(list) == "table" and getmetatable(list) == nil and list[value] ~= nil
end

local contains_options = { count = true, status_code = true, html = true, message = true }

local function contains(name, response, needle, options, negative)
  if type(response) == "string" and type(needle) == "string" then
    local found = response:find(needle, 1, true) ~= nil
    return found, ("%s is not in %s"):format(show(needle), show(response)), ("%s is in %s"):format(show(needle), show(response))
  elseif not is_response(response) then
    local list = assertions.plain(response)
    if type(list) ~= "table" then
      error(exceptions.TypeError(("assert.%s: a response, a text or a list comes first, not %s"):format(name, show(response))), 5)
    end
    return holds(list, needle), ("%s is not in %s"):format(show(needle), show(list)), ("%s is in %s"):format(show(needle), show(list))
  end
  options = check_options("assert." .. name, options, contains_options)
  local status = options.status_code or 200
  if response.status_code ~= status then
    local text = with(options.message, ("the response is %s, and %d was expected\n%s"):format(describe_response(response), status, excerpt(response.content)))
    return negative, text, text
  end
  needle = tostring(needle)
  local text = response.content
  local n
  if options.html then
    local why
    n, why = parsed("the response or the text", function()
      return html.count(needle, text)
    end)
    if not n then
      return negative, why, why
    end
  else
    n = count_plain(text, needle)
  end
  if options.count then
    return n == options.count, with(options.message, ("want %s %d times, found %d times in\n%s"):format(show(needle), options.count, n, excerpt(text)))
  end
  return n > 0, with(options.message, ("%s is not in the response:\n%s"):format(show(needle), excerpt(text))),
    with(options.message, ("%s is in the response, %d times"):format(show(needle), n))
end

register(function(...)
  local response, needle, options = ...
  return contains("contains", response, needle, options, false)
end, "contains", "contain")

register(function(...)
  local response, needle, options = ...
  local found, _, opposite = contains("not_contains", response, needle, options, true)
  return not found, opposite
end, "not_contains", "not_contain")

-- ---- templates ----

local function names_of(response)
  local names = {}
  for i, template in ipairs(response.templates or {}) do
    names[i] = template.name or "(a template without a name)"
  end
  return names
end

local function used(response, name)
  check_response("template_used", response)
  if response.templates == nil then
    error(exceptions.TypeError "assert.template_used: the response is of test.client; others do not know their templates", 5)
  end
  local names = names_of(response)
  for _, known in ipairs(names) do
    if known == name then
      return true, names
    end
  end
  return false, names
end

register(function(response, name, message)
  local found, names = used(response, name)
  local list = #names > 0 and table.concat(names, ", ") or "no template"
  return found, with(message, ("template '%s' was not used, but %s%s"):format(tostring(name), list, core.suggest(tostring(name), names))),
    with(message, ("template '%s' was used"):format(tostring(name)))
end, "template_used")

register(function(response, name, message)
  local found = used(response, name)
  return not found, with(message, ("template '%s' was used"):format(tostring(name)))
end, "template_not_used")

-- ---- redirects ----

-- "http://testserver/a/?b=1&a=2#x" -> the same without what a redirect may leave out, with its
-- query in order.
local function normal(url)
  url = url:gsub("^https?://testserver", "")
  local path, query, fragment = url:match "^([^?#]*)%??([^#]*)(.*)$"
  local parts = {}
  for part in query:gmatch "[^&]+" do
    parts[#parts + 1] = part
  end
  table.sort(parts)
  return path .. (#parts > 0 and "?" .. table.concat(parts, "&") or "") .. fragment
end

local redirect_options = { status_code = true, target_status_code = true, fetch_redirect_response = true, message = true }

local function fetch(response, url, options)
  if options.fetch_redirect_response == false or not response.client then
    return true
  end
  if url:find "^https?://" and not url:find "^https?://testserver" then
    return false, ("the redirect leads to another host, %s: say { fetch_redirect_response = false }"):format(url)
  end
  local target = response.client:get(url, { raise_request_exception = false })
  local want = options.target_status_code or 200
  if target.status_code ~= want then
    return false, ("the redirect leads to %s, which answers %s, and %d was expected"):format(url, describe_response(target), want)
  end
  return true
end

register(function(response, url, options)
  check_response("redirects", response)
  options = check_options("assert.redirects", options, redirect_options)
  local chain = response.redirect_chain
  if chain and #chain > 0 then -- with follow = true it has been fetched
    local last, status = chain[#chain][1], chain[1][2]
    local want = options.status_code or 302
    if status ~= want then
      return false, with(options.message, ("the first redirect has status %d, and %d was expected"):format(status, want))
    elseif normal(last) ~= normal(url) then
      return false, with(options.message, ("the client was redirected to %s, and %s was expected"):format(last, url))
    end
    want = options.target_status_code or 200
    return response.status_code == want, with(options.message, ("the last response is %s, and %d was expected"):format(describe_response(response), want)),
      with(options.message, ("it redirects to %s"):format(last))
  end
  local want = options.status_code or 302
  if response.status_code ~= want then
    return false, with(options.message, ("the response is %s, and a redirect (%d) to %s was expected"):format(describe_response(response), want, url))
  end
  local location = response.headers.Location or ""
  if normal(location) ~= normal(url) then
    return false, with(options.message, ("the response redirects to %s, and %s was expected"):format(show(location), show(url)))
  end
  local ok, why = fetch(response, location, options)
  return ok, ok and "" or with(options.message, why), with(options.message, ("it redirects to %s"):format(location))
end, "redirects", "redirect")

register(function(want, got, message)
  return normal(tostring(want)) == normal(tostring(got)), with(message, diff.compare(want, got)), with(message, ("both are %s"):format(show(want)))
end, "url_equal")

register(function(response, status, message)
  check_response("status", response)
  if math.type(status) ~= "integer" then
    error(exceptions.TypeError "assert.status(response, 200): a status code comes second", 4)
  end
  if response.status_code == status then
    return true, nil, with(message, ("the status is %d"):format(status))
  end
  return false, with(message, ("want status %d, got %s\n%s"):format(status, describe_response(response), response.streaming and "" or excerpt(response.content)))
end, "status", "status_code")

-- ---- HTML and JSON ----

local function text_of(value)
  return is_response(value) and value.content or tostring(value)
end

local function html_equal(want, got, message)
  local a, why = parsed("what is wanted", function()
    return html.canonical(html.parse(text_of(want)))
  end)
  local b
  if a then
    b, why = parsed("what was got", function()
      return html.canonical(html.parse(text_of(got)))
    end)
  end
  if not b then
    return nil, with(message, why)
  end
  return a == b, with(message, "the HTML differs (- wanted, + got):\n" .. diff.lines(a, b)), with(message, "the HTML is the same")
end

register(html_equal, "html_equal")
register(function(want, got, message)
  local same, why = html_equal(want, got, message)
  return same == false, same == nil and why or with(message, "the HTML is the same")
end, "html_not_equal")

local in_html_options = { count = true, message = true }

register(function(needle, haystack, options)
  options = check_options("assert.in_html", options, in_html_options)
  local n, why = parsed("one of the texts", function()
    return html.count(tostring(needle), text_of(haystack))
  end)
  if not n then
    return false, why, why
  end
  if options.count then
    return n == options.count, with(options.message, ("want the HTML %d times, found %d times: %s"):format(options.count, n, needle))
  end
  return n > 0, with(options.message, ("the HTML is not there: %s\nin %s"):format(needle, excerpt(text_of(haystack)))),
    with(options.message, ("the HTML is there, %d times: %s"):format(n, needle))
end, "in_html")

local function data_of(value, what)
  if type(value) == "string" or is_response(value) then
    local ok, data = pcall(json.decode, text_of(value))
    if not ok then
      return nil, ("%s is no JSON: %s"):format(what, exceptions.wrap(data).message)
    end
    return data
  end
  return json.decode(json.encode(value))
end

register(function(want, got, message)
  local a, why = data_of(want, "what is wanted")
  if why then
    return false, with(message, why), with(message, why)
  end
  local b
  b, why = data_of(got, "what was got")
  if why then
    return false, with(message, why), with(message, why)
  end
  if assertions.same(a, b, {}) then
    return true, nil, with(message, "the JSON is the same")
  end
  return false, with(message, diff.compare(a, b))
end, "json_equal")

-- ---- what comes with forms and messages ----

register(function()
  error(exceptions.ImproperlyConfigured "assert.form_error needs perilune.forms, which this perilune does not have yet", 4)
end, "form_error", "formset_error")

register(function()
  error(exceptions.ImproperlyConfigured "assert.messages needs perilune.messages, which this perilune does not have yet", 4)
end, "messages")
