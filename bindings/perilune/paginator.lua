-- SPDX-License-Identifier: MIT
-- Lists in pages, as Django's Paginator cuts them. The list is a Lua list, or any object
-- with the methods count() and slice(first, last): a QuerySet, which then reads only what
-- a page shows. Nothing is counted before somebody asks.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"

local M = {}

M.InvalidPage = exceptions.define("InvalidPage", exceptions.Exception)
M.PageNotAnInteger = exceptions.define("PageNotAnInteger", M.InvalidPage)
M.EmptyPage = exceptions.define("EmptyPage", M.InvalidPage)

local known_options = { orphans = true, allow_empty_first_page = true, error_messages = true }
local default_messages = {
  invalid_page = "That page number is not an integer",
  min_page = "That page number is less than 1",
  no_results = "That page contains no results",
}

local function whole(name, value, least)
  local n = math.tointeger(tonumber(value))
  if not n or n < least then
    error(exceptions.ValueError(("Paginator: %s is a whole number from %d up, not %s"):format(name, least, tostring(value))), 3)
  end
  return n
end

-- ---- the list ----

-- Is it a list, or an object that counts and slices itself?
local function slices_itself(list)
  if type(list) == "table" and getmetatable(list) == nil then
    return false
  end
  local ok, yes = pcall(function()
    return type(list.slice) == "function" and type(list.count) == "function"
  end)
  return ok and yes
end

local function count_of(list)
  return slices_itself(list) and list:count() or #list
end

local function slice_of(list, first, last)
  if slices_itself(list) then
    return list:slice(first, last)
  end
  local items = {}
  for i = first, last do
    items[#items + 1] = list[i]
  end
  return items
end

-- ---- pages ----

local Page = {}
M.Page = Page

local function page_index(page, key)
  if math.type(key) == "integer" then
    return page.object_list[key]
  end
  return Page[key]
end

local page_mt = { __name = "perilune.paginator.Page", __index = page_index }

function page_mt.__len(page)
  return #page.object_list
end

function page_mt.__pairs(page)
  return ipairs(page)
end

function page_mt.__tostring(page)
  return ("<Page %d of %d>"):format(page.number, page.paginator.num_pages)
end

function Page:has_next()
  return self.number < self.paginator.num_pages
end

function Page:has_previous()
  return self.number > 1
end

function Page:has_other_pages()
  return self:has_previous() or self:has_next()
end

function Page:next_page_number()
  return self.paginator:validate_number(self.number + 1)
end

function Page:previous_page_number()
  return self.paginator:validate_number(self.number - 1)
end

--- Place of the page's first item in the whole list; 0 when that is empty.
function Page:start_index()
  local paginator = self.paginator
  return paginator.count == 0 and 0 or (self.number - 1) * paginator.per_page + 1
end

--- Place of its last one.
function Page:end_index()
  local paginator = self.paginator
  return self.number == paginator.num_pages and paginator.count or self.number * paginator.per_page
end

-- ---- the paginator ----

local Paginator = { ELLIPSIS = "…" }
M.Paginator = Paginator

-- What is worked out when it is first asked for, and kept.
local computed = {}

function computed.count(self)
  return count_of(self.object_list)
end

function computed.num_pages(self)
  if self.count == 0 and not self.allow_empty_first_page then
    return 0
  end
  local items = math.max(1, self.count - self.orphans)
  return (items + self.per_page - 1) // self.per_page
end

function computed.page_range(self)
  local range = {}
  for n = 1, self.num_pages do
    range[n] = n
  end
  return range
end

local function paginator_index(self, key)
  if computed[key] then
    local value = computed[key](self)
    rawset(self, key, value)
    return value
  elseif math.type(key) == "integer" then -- for ipairs: page by page
    return key >= 1 and key <= self.num_pages and self:page(key) or nil
  end
  return Paginator[key]
end

local paginator_mt = { __name = "perilune.paginator.Paginator", __index = paginator_index }

function paginator_mt.__pairs(self)
  return ipairs(self)
end

local function messages_of(given)
  local messages = {}
  for name, text in pairs(default_messages) do
    messages[name] = text
  end
  for name, text in pairs(check_options("Paginator, error_messages", given, default_messages)) do
    messages[name] = text
  end
  return messages
end

setmetatable(Paginator, {
  __call = function(_, object_list, per_page, opts)
    check_options("Paginator", opts, known_options)
    opts = opts or {}
    if type(object_list) ~= "table" and type(object_list) ~= "userdata" then
      error(exceptions.TypeError(("Paginator: the list is a table or an object with count() and slice(), not a %s"):format(type(object_list))), 2)
    end
    return setmetatable({
      object_list = object_list,
      per_page = whole("per_page", per_page, 1),
      orphans = whole("orphans", opts.orphans or 0, 0),
      allow_empty_first_page = opts.allow_empty_first_page ~= false,
      error_messages = messages_of(opts.error_messages),
    }, paginator_mt)
  end,
})

-- A page number as it comes from anywhere: a number, or text of one. Text beyond the
-- integers is still a number, and of a page that is not there.
local function page_number(value)
  if type(value) == "number" then
    return math.tointeger(value)
  end
  local digits = type(value) == "string" and value:match "^%s*([+-]?%d+)%s*$"
  if not digits then
    return nil
  end
  return math.tointeger(tonumber(digits)) or (digits:sub(1, 1) == "-" and math.mininteger or math.maxinteger)
end

--- The number as an integer. Raises PageNotAnInteger or EmptyPage.
function Paginator:validate_number(number)
  local n, messages = page_number(number), self.error_messages
  if not n then
    error(M.PageNotAnInteger(messages.invalid_page))
  elseif n < 1 then
    error(M.EmptyPage(messages.min_page))
  elseif n > self.num_pages then
    error(M.EmptyPage(messages.no_results))
  end
  return n
end

--- The page; raises as validate_number().
function Paginator:page(number)
  local n = self:validate_number(number)
  local before = (n - 1) * self.per_page
  local last = before + self.per_page
  if last + self.orphans >= self.count then
    last = self.count
  end
  return setmetatable({ object_list = slice_of(self.object_list, before + 1, last), number = n, paginator = self }, page_mt)
end

--- A page whatever is asked for: the first for what is no number, the last for one that
--- does not exist.
function Paginator:get_page(number)
  local ok, n = pcall(self.validate_number, self, number)
  if not ok then
    if not exceptions.is(n, M.InvalidPage) then
      error(n, 0)
    end
    n = exceptions.is(n, M.PageNotAnInteger) and 1 or self.num_pages
  end
  return self:page(n)
end

--- Page numbers around `number`, and at both ends, with ELLIPSIS for what is left out.
function Paginator:get_elided_page_range(number, opts)
  opts = check_options("get_elided_page_range", opts, { on_each_side = true, on_ends = true })
  local sides, ends = whole("on_each_side", opts.on_each_side or 3, 0), whole("on_ends", opts.on_ends or 2, 0)
  local n, last, range = self:validate_number(number == nil and 1 or number), self.num_pages, {}
  local function add(from, to)
    for i = from, to do
      range[#range + 1] = i
    end
  end
  if last <= (sides + ends) * 2 then
    add(1, last)
    return range
  end
  if n > sides + ends + 2 then
    add(1, ends)
    range[#range + 1] = self.ELLIPSIS
    add(n - sides, n)
  else
    add(1, n)
  end
  if n < last - sides - ends - 1 then
    add(n + 1, n + sides)
    range[#range + 1] = self.ELLIPSIS
    add(last - ends + 1, last)
  else
    add(n + 1, last)
  end
  return range
end

return M
