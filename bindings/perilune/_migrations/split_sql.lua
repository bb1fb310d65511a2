-- SPDX-License-Identifier: MIT
-- SQL of several statements, cut at the semicolons that stand between them: not at those in
-- texts, names, comments and the bodies of triggers.

-- The end of what begins at `i` and is no plain SQL; nil for plain SQL.
local function skip(text, i)
  local c = text:sub(i, i)
  if c == "'" or c == '"' or c == "`" then
    local at = i + 1
    while true do
      local close = text:find(c, at, true)
      if not close then
        return #text
      elseif text:sub(close + 1, close + 1) ~= c then
        return close
      end
      at = close + 2
    end
  elseif c == "[" then
    return text:find("]", i, true) or #text
  elseif text:sub(i, i + 1) == "--" then
    return (text:find("\n", i, true) or #text + 1) - 1
  elseif text:sub(i, i + 1) == "/*" then
    local _, close = text:find("*/", i + 2, true)
    return close or #text
  end
  return nil
end

return function(text)
  local list, start, i = {}, 1, 1
  local trigger, depth = false, 0
  local function take(last)
    local statement = text:sub(start, last):match "^%s*(.-)%s*$"
    if statement ~= "" then
      list[#list + 1] = statement
    end
    trigger, depth = false, 0
  end
  while i <= #text do
    local over = skip(text, i)
    if over then
      i = over + 1
    else
      local word = text:match("^[%a_][%w_]*", i)
      if word then
        local upper = word:upper()
        if upper == "TRIGGER" and text:sub(start, i - 1):upper():match "^%s*CREATE%s+[%u%s]*$" then
          trigger = true
        elseif trigger and (upper == "BEGIN" or upper == "CASE") then
          depth = depth + 1
        elseif trigger and upper == "END" then
          depth = depth - 1
        end
        i = i + #word
      else
        if text:sub(i, i) == ";" and depth <= 0 then
          take(i - 1)
          start = i + 1
        end
        i = i + 1
      end
    end
  end
  take(#text)
  return list
end
