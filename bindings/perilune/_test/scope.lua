-- SPDX-License-Identifier: MIT
-- What has to be undone: scopes, one inside of the other (the run, a file, a describe, a
-- test), and functions that run when theirs ends, the last one first.
local core = require "perilune._core"

local M = {}

local stack = {}

--- Runs fn in the innermost scope's end. Gives false outside of every scope.
function M.defer(fn)
  local top = stack[#stack]
  if not top then
    return false
  end
  top[#top + 1] = fn
  return true
end

--- Is there one?
function M.active()
  return #stack > 0
end

--- Opens a scope; gives what close() takes.
function M.open()
  stack[#stack + 1] = {}
  return #stack
end

--- Ends the scope and those inside of it; gives the first error of what was deferred.
function M.close(level)
  local first
  while #stack >= level do
    local list = stack[#stack]
    while #list > 0 do
      local ok, err = core.call(table.remove(list))
      if not ok and not first then
        first = err
      end
    end
    table.remove(stack)
  end
  return first
end

return M
