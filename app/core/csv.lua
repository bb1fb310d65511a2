-- SPDX-License-Identifier: MIT
-- Comma separated values, as RFC 4180 has them.
--
--   for row, line in csv.rows(io.lines("x.csv", "L")) do row[1] end
--   csv.line { "a", 'say "b"', 3 }    --> a,"say ""b""",3\r\n
local M = {}

-- Splits the text of one record, which ends outside of quotes. nil and the cause otherwise.
local function split(text)
  local row, at = {}, 1
  while true do
    local value, next_at
    if text:sub(at, at) == '"' then
      local stop = at
      repeat -- to a quote that no other follows
        stop = text:find('"', stop + 1, true)
        local doubled = stop and text:sub(stop + 1, stop + 1) == '"'
        if doubled then
          stop = stop + 1
        end
      until not doubled
      if not stop then
        return nil, "a quote is not closed"
      end
      value, next_at = text:sub(at + 1, stop - 1):gsub('""', '"'), stop + 1
    else
      next_at = text:find(",", at, true) or #text + 1
      value = text:sub(at, next_at - 1)
      if value:find('"', 1, true) then
        return nil, "a quote stands inside of a value that does not begin with one"
      end
    end
    row[#row + 1] = value
    local sign = text:sub(next_at, next_at)
    if sign == "" then
      return row
    elseif sign ~= "," then
      return nil, "text follows a closing quote"
    end
    at = next_at + 1
  end
end

local function open_quotes(text)
  local _, n = text:gsub('"', "")
  return n % 2 == 1
end

--- The records of an iterator of lines (with their ends): a list of texts, and the number of
--- the line it begins in; nil, the number and the cause where there is no record. Empty
--- lines are left out, as is the byte order mark that spreadsheets write.
function M.rows(lines)
  local number = 0
  return function()
    while true do
      local text = lines()
      if text == nil then
        return nil
      end
      number = number + 1
      local first = number
      if number == 1 then
        text = text:gsub("^\xEF\xBB\xBF", "")
      end
      while open_quotes(text) do
        local more = lines()
        if more == nil then
          break
        end
        number, text = number + 1, text .. more
      end
      text = text:gsub("\r?\n$", "")
      if text ~= "" then
        local row, why = split(text)
        return row or false, first, why
      end
    end
  end
end

--- A record of values, with its line end. What a spreadsheet would take for a formula gets an
--- apostrophe in front: such files are opened by people.
function M.line(values)
  local out = {}
  for i = 1, values.n or #values do
    local value = values[i]
    local text = value == nil and "" or tostring(value)
    if type(value) == "string" and text:find "^[=+@\t\r-]" and not tonumber(text) then
      text = "'" .. text
    end
    out[i] = text:find '[",\r\n]' and '"' .. text:gsub('"', '""') .. '"' or text
  end
  return table.concat(out, ",") .. "\r\n"
end

return M
