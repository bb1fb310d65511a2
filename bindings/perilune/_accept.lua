-- SPDX-License-Identifier: MIT
-- Which of the forms that an error page has a client wants: "html", "json" or "text".
local M = {}

local MAX_HEADER = 10000

-- q of the best entry for a media type, and how exactly that entry names it.
local function rank(entries, main, sub)
  local q, exact = 0, 0
  for _, e in ipairs(entries) do
    local level = e.main == main and e.sub == sub and 3 or e.main == main and e.sub == "*" and 2 or e.main == "*" and e.sub == "*" and 1 or 0
    if level > exact then
      q, exact = e.q, level
    end
  end
  return q, exact
end

local function parse(accept)
  local entries = {}
  for part in accept:sub(1, MAX_HEADER):lower():gmatch("[^,]+") do
    local main, sub = part:match("^%s*([^/%s;]+)/([^%s;]+)")
    if main then
      local q = tonumber(part:match(";%s*q%s*=%s*([%d.]+)")) or 1
      entries[#entries + 1] = { main = main, sub = sub, q = q }
    end
  end
  return entries
end

local forms = { { "html", "text", "html" }, { "json", "application", "json" }, { "text", "text", "plain" } }

--- HTML wherever it is wanted as much as anything else, so for `*/*` too; JSON or text that
--- is named goes before HTML that is not. A script (XMLHttpRequest) has to name HTML.
function M.form(accept, requested_with)
  if not accept or accept == "" then
    return "html"
  end
  local entries = parse(accept)
  local script = type(requested_with) == "string" and requested_with:lower() == "xmlhttprequest"
  local best, best_q, best_exact = "text", 0, 0
  for _, form in ipairs(forms) do
    local q, exact = rank(entries, form[2], form[3])
    if form[1] == "html" and script and exact < 3 then
      q = 0
    end
    if q > best_q or (q == best_q and q > 0 and exact > best_exact) then
      best, best_q, best_exact = form[1], q, exact
    end
  end
  return best
end

local function header(request, name)
  return request.headers[name]
end

--- The same for a request; never raises.
function M.of(request)
  local ok, accept = pcall(header, request, "Accept")
  local known, with = pcall(header, request, "X-Requested-With")
  return M.form(ok and accept or nil, known and with or nil)
end

return M
