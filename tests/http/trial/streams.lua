-- SPDX-License-Identifier: MIT
-- Large answers, and answers piece by piece. /streams/state says what has become of them.
local fiber = require "perilune.fiber"
local http = require "perilune.http"

local M = {}
local state = { started = 0, pieces = 0, closed = 0, ended = 0 }

function M.state()
  return http.JsonResponse(state)
end

function M.large()
  return http.Response(("x"):rep(16 << 20), { content_type = "application/octet-stream" })
end

-- An iterator that counts what becomes of it, and whose closing value is called.
local function counted(next_piece)
  state.started = state.started + 1
  return coroutine.wrap(function()
    local guard <close> = setmetatable({}, { __close = function()
      state.closed = state.closed + 1
    end })
    for piece in next_piece do
      state.pieces = state.pieces + (guard and 1)
      coroutine.yield(piece)
    end
    state.ended = state.ended + 1
  end)
end

local function stream(next_piece)
  local iterator, opts = counted(next_piece), { content_type = "text/plain" }
  if not http.StreamingResponse then
    return require("perilune._response").stream(http.Response("", opts), iterator)
  end
  return http.StreamingResponse(iterator, opts)
end

-- 1 GiB in pieces of 64 KiB.
function M.gigabyte()
  local piece, left = ("y"):rep(65536), 16384
  return stream(function()
    left = left - 1
    return left >= 0 and piece or nil
  end)
end

function M.five()
  local n = 0
  return stream(function()
    n = n + 1
    return n <= 5 and ("piece %d\n"):format(n) or nil
  end)
end

-- A piece every tenth of a second, for ever.
function M.ticks()
  return stream(function()
    fiber.sleep(0.1)
    return "tick\n"
  end)
end

function M.waits_between()
  local n = 0
  return stream(function()
    fiber.sleep(0.02)
    n = n + 1
    return n <= 3 and tostring(n) or nil
  end)
end

function M.breaks()
  local n = 0
  return stream(function()
    n = n + 1
    if n > 2 then
      error("in the middle of a stream")
    end
    return ("z"):rep(100)
  end)
end

function M.empty()
  return stream(function() end)
end

return M
