-- SPDX-License-Identifier: MIT
-- The assertions about queries and their rows.
local asserts = require "perilune._test.assert"
local assertions = require "perilune._test.assertions"
local check_options = require "perilune._options"
local db = require "perilune.db"
local diff = require "perilune._test.diff"
local exceptions = require "perilune.exceptions"

local register, with = asserts.register, assertions.with

local function listed(queries)
  local lines = {}
  for i, query in ipairs(queries) do
    local params = {}
    for j, value in ipairs(query.params or {}) do
      params[j] = diff.show(value)
    end
    lines[i] = ("%d. %s%s"):format(i, query.sql, #params > 0 and ("  (%s)"):format(table.concat(params, ", ")) or "")
  end
  return #lines > 0 and table.concat(lines, "\n") or "(none)"
end

local query_options = { using = true, message = true, at_most = true }

-- fn's statements, those of the requests that it makes among them.
local function count(want, fn, options)
  if type(fn) ~= "function" or math.type(want) ~= "integer" then
    error(exceptions.TypeError "assert.num_queries(number, function, [options])", 5)
  end
  options = check_options("assert.num_queries", options, query_options)
  local queries = db.capture(fn, { using = options.using, every_fiber = true })
  local n = #queries
  local text = with(options.message, ("want %s%d queries, got %d:\n%s"):format(options.at_most and "at most " or "", want, n, listed(queries)))
  if options.at_most then
    return n <= want, text
  end
  return n == want, text, with(options.message, ("%d queries were sent:\n%s"):format(n, listed(queries)))
end

register(count, "num_queries")

register(function(want, fn, options)
  local given = { at_most = true }
  for k, v in pairs(options or {}) do
    given[k] = v
  end
  return count(want, fn, given)
end, "max_queries")

local set_options = { ordered = true, transform = true, message = true }

local function rows_of(value, transform, what)
  local list = assertions.plain(value)
  if type(list) ~= "table" then
    error(exceptions.TypeError(("assert.queryset_equal: %s is a QuerySet or a list, not a %s"):format(what, type(list))), 5)
  end
  local out = {}
  for i, row in ipairs(list) do
    out[i] = transform and transform(row) or row
  end
  return out
end

-- Are the same rows in both, in any order? Gives those that are missing and those too many.
local function differences(want, got)
  local missing, rest = {}, table.move(got, 1, #got, 1, {})
  for _, row in ipairs(want) do
    local found
    for i, other in ipairs(rest) do
      if assertions.same(row, other, {}) then
        found = i
        break
      end
    end
    if found then
      table.remove(rest, found)
    else
      missing[#missing + 1] = row
    end
  end
  return missing, rest
end

register(function(want, got, options)
  options = check_options("assert.queryset_equal", options, set_options)
  local a, b = rows_of(want, nil, "what is wanted"), rows_of(got, options.transform, "what was got")
  if options.ordered == false then
    local missing, more = differences(a, b)
    return #missing == 0 and #more == 0, with(options.message, ("missing: %s\ntoo many: %s"):format(diff.show(missing), diff.show(more))),
      with(options.message, "the same rows are in both")
  end
  local unordered = rawget(getmetatable(got) or {}, "__name") == "perilune.models.QuerySet" and #a > 1 and got.ordered == false
  if unordered then
    error(exceptions.ValueError "assert.queryset_equal: the QuerySet has no order; give it one with order_by(), or say { ordered = false }", 4)
  end
  return assertions.same(a, b, {}), with(options.message, diff.compare(a, b)), with(options.message, "the rows are the same")
end, "queryset_equal")

--- The statements that fn sends, as db.capture() gives them.
return { listed = listed }
