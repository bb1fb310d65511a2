-- SPDX-License-Identifier: MIT
-- The rules for what goes into a note, for the form and the API.
local Note = require("notes.models").Note

local M = {}

-- name, most characters, may it be empty?
local fields = { { "title", 100 }, { "body", 2000, true } }

local function problem_of(value, longest, may_be_empty)
  if type(value) ~= "string" then
    return "This must be text."
  elseif value == "" and not may_be_empty then
    return "This field is required."
  end
  local length = utf8.len(value)
  if not length or value:find "\0" then
    return "This is not valid text."
  elseif length > longest then
    return ("At most %d characters, please (these are %d)."):format(longest, length)
  end
end

--- What is to be kept of `data`, or nil and { field = { message } }.
function M.clean(data)
  local clean, errors = {}, {}
  for _, field in ipairs(fields) do
    local name, longest, may_be_empty = table.unpack(field, 1, 3)
    local value = data[name]
    if value == nil then
      value = ""
    end
    if type(value) == "string" then
      value = value:match "^%s*(.-)%s*$"
    end
    local problem = problem_of(value, longest, may_be_empty)
    if problem then
      errors[name] = { problem }
    end
    clean[name] = value
  end
  if next(errors) then
    return nil, errors
  end
  return clean
end

--- Keeps what clean() gave; gives the note.
function M.create(clean)
  return Note.objects:create(clean)
end

return M
