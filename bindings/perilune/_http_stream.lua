-- SPDX-License-Identifier: MIT
-- http.StreamingResponse: bodies that are made while they are sent.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local responses = require "perilune._response"

local M = {}

-- Pieces of a coroutine, whose errors are those of the body.
local function resumed(co)
  return function()
    if coroutine.status(co) == "dead" then
      return nil
    end
    local ok, piece = coroutine.resume(co)
    if not ok then
      error(piece, 0)
    end
    return piece
  end
end

local function listed(list)
  local i = 0
  return function()
    i = i + 1
    return list[i]
  end
end

local function method(object, name)
  local ok, value = pcall(function()
    return object[name]
  end)
  return ok and type(value) == "function" and value or nil
end

local function metamethod(object, name)
  local mt = getmetatable(object)
  return type(mt) == "table" and type(mt[name]) == "function" and mt[name] or nil
end

-- The function that gives the next piece, nil at the end, and what is to be called when
-- nobody will call it again.
local function parts_of(source)
  if type(source) == "function" then
    return source
  elseif type(source) == "thread" then
    return resumed(source), function()
      coroutine.close(source)
    end
  elseif type(source) ~= "table" and type(source) ~= "userdata" then
    return nil
  end
  local close = method(source, "close") or metamethod(source, "__close")
  local closer = close and function()
    close(source)
  end
  if metamethod(source, "__call") then
    return function()
      return source()
    end, closer
  elseif type(source) == "table" then
    return listed(source), closer
  end
end

local known = { status = true, reason = true, headers = true, content_type = true, charset = true, close = true }

--- A response whose body is what `source` gives, piece by piece, as fast as the client
--- reads: a function (nil ends it), a coroutine, a list, or an object that can be called.
--- The object's close(), and the option `close`, are called once when the body is done with,
--- also when the client went away. Options: those of Response, close.
function M.StreamingResponse(source, options)
  options = check_options("StreamingResponse", options, known)
  local next_piece, closer = parts_of(source)
  if not next_piece then
    error(exceptions.TypeError(("StreamingResponse takes a function that gives the next piece (or a coroutine, or a list), not a %s"):format(type(source))), 2)
  end
  local close = options.close
  if close ~= nil and type(close) ~= "function" then
    error(exceptions.TypeError(("option 'close' of StreamingResponse is a function, not a %s"):format(type(close))), 2)
  end
  local response = responses.Response("", {
    status = options.status,
    reason = options.reason,
    headers = options.headers,
    content_type = options.content_type,
    charset = options.charset,
  })
  local both = close and closer and function()
    local ok, err = pcall(closer)
    close()
    if not ok then
      error(err, 0)
    end
  end
  return responses.stream(response, next_piece, both or close or closer)
end

return M
