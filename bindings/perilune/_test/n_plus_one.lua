-- SPDX-License-Identifier: MIT
-- A view that sends the same query again for each row of a list: with few rows nobody notices.
-- The setting n_plus_one says what a test does about it: "error" (it fails), "log", "off".
local asserts = require "perilune._test.assert"
local core = require "perilune._core"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local log = require "perilune.log"
local settings = require "perilune.settings"

local M = {}

local MANY = 5 -- equal statements of one line, from which it is a loop

local function mode()
  local value = settings.get("n_plus_one", "error")
  if value ~= "error" and value ~= "log" and value ~= "off" then
    error(exceptions.ImproperlyConfigured(("%s: setting 'n_plus_one' is \"error\", \"log\" or \"off\", not %s"):format(settings._place "n_plus_one", tostring(value))), 0)
  end
  return value
end

local function cure(sql)
  return sql:find "^SELECT" and "select_related or prefetch_related in front of the loop" or "bulk_create, bulk_update or update"
end

-- The line that sent one statement most often, when that is often.
local function worst(queries)
  local counts, found = {}, nil
  for _, query in ipairs(queries) do
    local key = (query.where or "") .. "\n" .. query.sql
    counts[key] = (counts[key] or 0) + 1
    if query.where and counts[key] >= MANY and (not found or counts[key] > found.n) then
      found = { n = counts[key], where = query.where, sql = query.sql }
    end
  end
  return found
end

--- Runs fn, a request to `path`; gives its value.
function M.watch(path, fn)
  local how = mode()
  if how == "off" then
    return fn()
  end
  local value, ok
  local queries = db.capture(function()
    ok, value = core.call(fn)
  end, { every_fiber = true, where = true })
  if not ok then
    error(value, 0)
  end
  local found = worst(queries)
  if found then
    local text = ("%s: %s sends the same statement %d times: use %s\n%s"):format(path, found.where, found.n, cure(found.sql), found.sql)
    if how == "error" then
      asserts.fail(text .. "\n(setting n_plus_one: \"log\" or \"off\" if it is meant so)")
    end
    log.get("perilune.test"):warning("%s", text)
  end
  return value
end

return M
