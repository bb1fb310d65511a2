-- SPDX-License-Identifier: MIT
-- A small collection in a file of JSON lines, shared by all workers of a machine.
--
--   local notes = journal.open(settings.data_dir .. "/notes.jsonl")
--   local note = notes:add { title = "x" }      note.pk, note.title
--   notes:get(note.pk)   notes:all()   notes:remove(note.pk)
--
-- The file is only ever appended to, one write() per line, so that workers need no lock:
-- the system puts one line after the other, and every worker reads them in that order.
-- What each of them keeps in memory is caught up with the file before it is looked at.
-- A row's pk is the number of its line. When there is a database, this goes.
local exceptions = require "perilune.exceptions"
local json = require "perilune.json"
local text = require "perilune.utils.text"

local M = {}

local Journal = { __name = "core.journal.Journal" }
Journal.__index = Journal

--- The collection in the file `path`, which need not exist yet.
function M.open(path)
  return setmetatable({ path = path, rows = {}, offset = 0, lines = 0, torn = false }, Journal)
end

-- One line of the file. A line that makes no sense (half of one that a crash has cut
-- off, say) counts, but changes nothing.
function Journal:_apply(line)
  self.lines = self.lines + 1
  local ok, entry = pcall(json.decode, line)
  if not ok or type(entry) ~= "table" then
    return
  end
  if type(entry.row) == "table" then
    entry.row.pk, entry.row.key = self.lines, entry.key
    self.rows[#self.rows + 1] = entry.row
  elseif entry.removed then
    for i, row in ipairs(self.rows) do
      if row.pk == entry.removed then
        table.remove(self.rows, i)
        break
      end
    end
  end
end

-- Reads what has been appended since the last time.
function Journal:_catch_up()
  local file <close> = io.open(self.path, "rb")
  local size = file and file:seek "end" or 0
  if size < self.offset then -- somebody has put another file in its place
    self.rows, self.offset, self.lines = {}, 0, 0
  end
  if size == self.offset then
    return
  end
  file:seek("set", self.offset)
  for line in file:lines "L" do
    if line:sub(-1) ~= "\n" then
      self.torn = true -- a writer was stopped halfway, or is not done yet
      break
    end
    self.torn = false
    self.offset = self.offset + #line
    self:_apply(line)
  end
end

function Journal:_append(entry)
  local file, why = io.open(self.path, "ab")
  if not file then
    error(exceptions.OSError(("cannot write '%s': %s"):format(self.path, why)), 3)
  end
  local closing <close> = file
  file:setvbuf "no" -- the line in one write()
  local ok, failed = closing:write((self.torn and "\n" or "") .. json.encode(entry) .. "\n")
  if not ok then
    error(exceptions.OSError(("cannot write '%s': %s"):format(self.path, failed)), 3)
  end
end

--- Keeps a copy of `row` and gives it, with its pk.
function Journal:add(row)
  local key = text.get_random_string(16)
  self:_catch_up()
  self:_append { key = key, row = row }
  self:_catch_up()
  for i = #self.rows, 1, -1 do
    if self.rows[i].key == key then
      return self.rows[i]
    end
  end
  error(exceptions.OSError(("'%s' has lost a line that was written to it"):format(self.path)), 2)
end

--- The row, or nil.
function Journal:get(pk)
  self:_catch_up()
  for _, row in ipairs(self.rows) do
    if row.pk == pk then
      return row
    end
  end
end

--- Takes the row out; false when it was not there (any more).
function Journal:remove(pk)
  if not self:get(pk) then
    return false
  end
  self:_append { removed = pk }
  self:_catch_up()
  return true
end

--- All rows, newest first, in a list of the caller's own.
function Journal:all()
  self:_catch_up()
  local list, n = {}, #self.rows
  for i = 1, n do
    list[i] = self.rows[n + 1 - i]
  end
  return list
end

return M
