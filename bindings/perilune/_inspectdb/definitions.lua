-- SPDX-License-Identifier: MIT
-- What only the text of CREATE TABLE tells of a column: its collation, and what a generated one
-- is computed from.

local CLOSING = { ['"'] = '"', ["'"] = "'", ["`"] = "`", ["["] = "]" }

-- Calls fn(character, position) for what stands outside of quotes.
local function outside_quotes(text, from, fn)
  local i = from
  while i <= #text do
    local c = text:sub(i, i)
    local closing = CLOSING[c]
    if closing then
      i = text:find(closing, i + 1, true) or #text
    else
      local stop = fn(c, i)
      if stop then
        return
      end
    end
    i = i + 1
  end
end

-- The position of the parenthesis that closes the one at `open`.
local function closing_of(text, open)
  local depth, found = 0, nil
  outside_quotes(text, open, function(c, i)
    depth = depth + (c == "(" and 1 or c == ")" and -1 or 0)
    found = depth == 0 and i or nil
    return found
  end)
  return found
end

-- What stands between the outermost parentheses, at its commas.
local function parts_of(sql)
  local open, list = nil, {}
  outside_quotes(sql, 1, function(c, i)
    open = c == "(" and i or nil
    return open
  end)
  local close = open and closing_of(sql, open)
  if not close then
    return list
  end
  local depth, start = 0, open + 1
  outside_quotes(sql, start, function(c, i)
    depth = depth + (c == "(" and 1 or c == ")" and -1 or 0)
    if (c == "," and depth == 0) or i == close then
      list[#list + 1] = sql:sub(start, i - 1)
      start = i + 1
    end
    return i == close
  end)
  return list
end

-- The name at the beginning, in lower case, and what comes behind it.
local function name_of(part)
  local first = part:match "^%s*(.)"
  local closing = CLOSING[first or ""]
  local name, rest
  if closing then
    name, rest = part:match("^%s*%" .. first .. "([^%" .. closing .. "]*)%" .. closing .. "(.*)$")
  else
    name, rest = part:match "^%s*([^%s(),]+)(.*)$"
  end
  return name and name:lower(), rest
end

-- Words outside of quotes and parentheses of a column, in upper case: { word, position behind }.
local function words(text)
  local list, depth = {}, 0
  outside_quotes(text, 1, function(c, i)
    depth = depth + (c == "(" and 1 or c == ")" and -1 or 0)
    local word = depth == 0 and text:match("^%f[%w_][%a_]+", i)
    if word and not text:sub(i - 1, i - 1):match "[%w_]" then
      list[#list + 1] = { word:upper(), i + #word }
    end
  end)
  return list
end

local function describe(text)
  local found = {}
  for _, word in ipairs(words(text)) do
    local open = text:match("^%s*()%(", word[2])
    if word[1] == "COLLATE" then
      found.collation = text:match('^%s*["%[`]?([%w_]+)', word[2])
    elseif word[1] == "AS" and open then
      found.expression = text:sub(open + 1, (closing_of(text, open) or #text + 1) - 1)
    end
  end
  return found
end

--- Column in lower case → { collation =, expression = } of a CREATE TABLE.
return function(sql)
  local columns = {}
  for _, part in ipairs(parts_of(sql or "")) do
    local name, rest = name_of(part)
    if name then
      columns[name] = describe(rest)
    end
  end
  return columns
end
