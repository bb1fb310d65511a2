-- SPDX-License-Identifier: MIT
-- The objects of a fixture, one after the other: those of a JSON list, or of lines of JSON.
-- Only as much text is kept as the object needs that is being read.
local exceptions = require "perilune.exceptions"
local json = require "perilune.json"
local sources = require "perilune._fixtures.source"

local M = {}

local Reader = {}
Reader.__index = Reader

function Reader:fail(text, ...)
  error(exceptions.CommandError(("Problem installing fixture '%s': %s"):format(self.path, text:format(...))), 0)
end

-- Appends the next piece to the text; false at the end.
function Reader:more()
  local piece = self.pieces()
  if not piece then
    return false
  end
  self.text = self.text:sub(self.at) .. piece
  self.at = 1
  return true
end

-- The next character that is no space, without taking it; nil at the end.
function Reader:peek()
  while true do
    local at = self.text:find("[^ \t\r\n]", self.at)
    if at then
      self.at = at
      return self.text:sub(at, at)
    end
    self.at = #self.text + 1
    if not self:more() then
      return nil
    end
  end
end

-- Takes one object: to the brace that closes it.
function Reader:object()
  local depth, i, quoted = 0, self.at, false
  while true do
    local at = self.text:find(quoted and '["\\]' or '["{}]', i)
    if not at then
      local seen = math.max(i, #self.text + 1) - self.at -- a \\ at the end has taken one more
      if not self:more() then
        self:fail("object %d does not end", self.count + 1)
      end
      i = self.at + seen
    else
      local c = self.text:sub(at, at)
      i = at + 1
      if c == "\\" then
        i = at + 2
      elseif c == '"' then
        quoted = not quoted
      else
        depth = depth + (c == "{" and 1 or -1)
      end
      if depth == 0 and not quoted and c == "}" then
        local text = self.text:sub(self.at, at)
        self.at = at + 1
        return text
      end
    end
  end
end

function Reader:decode(text)
  self.count = self.count + 1
  local ok, item = pcall(json.decode, text)
  if not ok then
    self:fail("object %d: %s", self.count, exceptions.wrap(item).message)
  end
  return item
end

-- [ {…}, {…} ]
function Reader:next_of_list()
  if self.done then
    return nil
  elseif not self.begun then
    self.begun = true
    local c = self:peek()
    if c ~= "[" then
      self:fail("%s", c and "not a list of objects" or "it is empty")
    end
    self.at = self.at + 1
  end
  local c = self:peek()
  if self.count > 0 and c == "," then
    self.at = self.at + 1
    c = self:peek()
  elseif self.count > 0 and c ~= "]" then
    self:fail("behind object %d comes %s; a comma or ] is missing", self.count, c and "'" .. c .. "'" or "nothing")
  end
  if c == "]" then
    self.at = self.at + 1
    local rest = self:peek()
    if rest then
      self:fail("behind the list comes '%s'", rest)
    end
    self.done = true
    return nil
  elseif c ~= "{" then
    self:fail("item %d is no object but begins with %s", self.count + 1, c and "'" .. c .. "'" or "nothing: the list does not end")
  end
  return self:decode(self:object())
end

-- An object a line.
function Reader:next_of_lines()
  local c = self:peek()
  if not c then
    return nil
  elseif c ~= "{" then
    self:fail("line %d is no object but begins with '%s'", self.count + 1, c)
  end
  return self:decode(self:object())
end

--- An iterator over the objects of a file (of find.lua, or { path = "-", format = "json" }).
--- CommandError for what is no fixture.
function M.objects(found)
  local reader = setmetatable({ pieces = sources.pieces(found), path = found.path, text = "", at = 1, count = 0 }, Reader)
  local read = found.format == "jsonl" and Reader.next_of_lines or Reader.next_of_list
  return function()
    return read(reader)
  end
end

return M
