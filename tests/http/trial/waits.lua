-- SPDX-License-Identifier: MIT
-- Views that wait, everywhere Lua calls Lua.
local fiber = require "perilune.fiber"

local M = {}
local PAUSE = 0.02

function M.sleep()
  fiber.sleep(0.1)
  return "slept"
end

function M.sleep_second()
  fiber.sleep(1)
  return "slept"
end

function M.sleep_long()
  fiber.sleep(60)
  return "slept"
end

function M.in_sort()
  local list = { 3, 1, 2, 5, 4 }
  table.sort(list, function(a, b)
    fiber.sleep(PAUSE)
    return a < b
  end)
  return table.concat(list, " ")
end

function M.in_gsub()
  return (("abc"):gsub(".", function(c)
    fiber.sleep(PAUSE)
    return c:upper()
  end))
end

function M.in_wrap()
  local out = {}
  for n in coroutine.wrap(function()
    for i = 1, 3 do
      fiber.sleep(PAUSE)
      coroutine.yield(i)
      fiber.sleep(PAUSE)
    end
  end) do
    out[#out + 1] = n
  end
  return table.concat(out, " ")
end

function M.in_pcall()
  local ok, err = pcall(function()
    fiber.sleep(PAUSE)
    error("raised after the wait", 0)
  end)
  fiber.sleep(PAUSE)
  return tostring(ok) .. " " .. tostring(err)
end

function M.in_close()
  local order = {}
  do
    local guard <close> = setmetatable({}, { __close = function()
      fiber.sleep(PAUSE)
      order[#order + 1] = "closed"
    end })
    order[#order + 1] = guard and "open"
    fiber.sleep(PAUSE)
  end
  return table.concat(order, " ")
end

function M.in_tostring()
  return tostring(setmetatable({}, { __tostring = function()
    fiber.sleep(PAUSE)
    return "text"
  end }))
end

function M.in_index()
  return setmetatable({}, { __index = function(_, key)
    fiber.sleep(PAUSE)
    return key
  end }).field
end

function M.in_iterator()
  local out = {}
  for n in function(_, last)
    fiber.sleep(PAUSE)
    return (last or 0) < 3 and (last or 0) + 1 or nil
  end do
    out[#out + 1] = n
  end
  return table.concat(out, " ")
end

function M.in_require()
  package.loaded.waiting = nil
  local waiting = require "waiting"
  return waiting.text
end

function M.in_gather()
  local a, b, c = fiber.gather {
    function() fiber.sleep(PAUSE) return "a" end,
    function() return "b" end,
    function() fiber.sleep(PAUSE / 2) return "c" end,
  }
  return a .. b .. c
end

return M
