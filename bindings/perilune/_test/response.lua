-- SPDX-License-Identifier: MIT
-- What a test's client gives: the response, and what led to it. Fields that are not its own are
-- those of the response itself.
local exceptions = require "perilune.exceptions"
local json = require "perilune.json"
local testing = require "perilune._testing"

local M = {}

local Response = { __name = "perilune.test.Response" }
local methods = {}

-- The whole body; of a stream everything that is left of it.
local function content(self)
  local text = rawget(self, "_content")
  if text then
    return text
  end
  local parts = {}
  if rawget(self, "streaming") then
    for piece in methods.chunks(self) do
      parts[#parts + 1] = piece
    end
    text = table.concat(parts)
  else
    text = rawget(self, "_response").content
  end
  if rawget(self, "_empty") then
    text = ""
  end
  rawset(self, "_content", text)
  return text
end

--- The pieces of a streamed body, one after the other: for piece in response:chunks() do
function methods:chunks()
  local response = rawget(self, "_response")
  return function()
    return testing.pull(response)
  end
end

--- Nobody reads the rest of the stream.
function methods:close()
  testing.close(rawget(self, "_response"))
end

--- The body as data; an error that shows it when it is no JSON.
function methods:json()
  local known = rawget(self, "_json")
  if known ~= nil then
    return known
  end
  local kind = self.headers["Content-Type"] or ""
  if not kind:find "^application/[%w.+-]*json" then
    error(exceptions.ValueError(("the response's content type is %q, not JSON: %s"):format(kind, content(self):sub(1, 200))), 2)
  end
  local ok, value = pcall(json.decode, content(self))
  if not ok then
    error(exceptions.ValueError(("the response is no JSON (%s): %s"):format(exceptions.wrap(value).message, content(self):sub(1, 200))), 2)
  end
  rawset(self, "_json", value)
  return value
end

function Response.__index(self, name)
  if name == "content" or name == "text" then
    return content(self)
  end
  local method = methods[name]
  if method then
    return method
  end
  return rawget(self, "_response")[name]
end

function Response.__newindex(self, name, value)
  rawget(self, "_response")[name] = value
end

function Response.__tostring(self)
  return tostring(rawget(self, "_response"))
end

--- Is it one?
function M.is(value)
  return getmetatable(value) == Response
end

--- fields: request, templates, context, redirect_chain, exception.
function M.new(response, method, fields)
  local status = response.status_code
  fields._response = response
  fields.streaming = response.streaming
  fields._empty = method == "HEAD" or status == 204 or status == 304 or status < 200
  fields.redirect_chain = fields.redirect_chain or {}
  return setmetatable(fields, Response)
end

-- ---- contexts ----

local Contexts = { __name = "perilune.test.Contexts" }

-- The variable from the innermost template that has it: response.context.products.
function Contexts.__index(self, name)
  if type(name) == "string" then
    for i = #self, 1, -1 do
      local value = rawget(self, i)[name]
      if value ~= nil then
        return value
      end
    end
  end
  return nil
end

--- The contexts of the templates that were rendered, in order; nil when there was none.
function M.contexts(list)
  return #list > 0 and setmetatable(list, Contexts) or nil
end

return M
