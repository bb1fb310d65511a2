-- SPDX-License-Identifier: MIT
-- Two values side by side, for messages of tests.
local pretty = require "perilune._pretty"

local M = {}

local MAX_LINES = 400 -- of a text that is compared line by line

--- A value as Lua source; QuerySets as the list of their rows.
function M.show(value)
  local mt = getmetatable(value)
  if type(value) == "table" and type(mt) == "table" and type(mt.__index) == "table" and rawget(mt, "_is_queryset") then
    return tostring(value)
  end
  return pretty.show(value, { width = 90 })
end

local function split(text)
  local lines = {}
  for line in (text .. "\n"):gmatch("(.-)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

-- Lengths of the longest common subsequences of a's and b's tails.
local function tails(a, b)
  local t = {}
  for i = #a + 1, 1, -1 do
    t[i] = {}
    for j = #b + 1, 1, -1 do
      if i > #a or j > #b then
        t[i][j] = 0
      elseif a[i] == b[j] then
        t[i][j] = t[i + 1][j + 1] + 1
      else
        t[i][j] = math.max(t[i + 1][j], t[i][j + 1])
      end
    end
  end
  return t
end

-- Lines of a with "-", those of b with "+", what both have with " "; long stretches of the
-- latter are left out.
local function merge(a, b)
  local t, out, same = tails(a, b), {}, {}
  local function flush(last)
    local keep = 2
    if #same > 2 * keep + 1 then
      for i = 1, #out > 0 and keep or 0 do
        out[#out + 1] = "  " .. same[i]
      end
      out[#out + 1] = "  …"
      for i = #same - keep + 1, last and 0 or #same do
        out[#out + 1] = "  " .. same[i]
      end
    else
      for _, line in ipairs(same) do
        out[#out + 1] = "  " .. line
      end
    end
    same = {}
  end
  local i, j = 1, 1
  while i <= #a or j <= #b do
    if i <= #a and j <= #b and a[i] == b[j] then
      same[#same + 1] = a[i]
      i, j = i + 1, j + 1
    else
      flush(false)
      if j > #b or i <= #a and t[i + 1][j] >= t[i][j + 1] then
        out[#out + 1] = "- " .. a[i]
        i = i + 1
      else
        out[#out + 1] = "+ " .. b[j]
        j = j + 1
      end
    end
  end
  flush(true)
  return table.concat(out, "\n")
end

--- Two texts, line by line: "-" wanted, "+" got.
function M.lines(want, got)
  local a, b = split(want), split(got)
  if #a > MAX_LINES or #b > MAX_LINES then
    return ("- %d lines, %d bytes\n+ %d lines, %d bytes"):format(#a, #want, #b, #got)
  end
  return merge(a, b)
end

-- Where two texts of one line part.
local function caret(a, b)
  local n = 0
  while n < #a and n < #b and a:byte(n + 1) == b:byte(n + 1) do
    n = n + 1
  end
  while n > 0 and (a:byte(n + 1) or 0) & 0xC0 == 0x80 do -- not inside of a character
    n = n - 1
  end
  return n
end

local function kind_of(value)
  return math.type(value) or type(value) == "userdata" and tostring(getmetatable(value) and getmetatable(value).__name or "userdata") or type(value)
end

--- "want …, got …" of two values that should be equal; more than a line when it helps.
function M.compare(want, got)
  if type(want) == "string" and type(got) == "string" then
    if want:find("\n", 1, true) or got:find("\n", 1, true) then
      return "the texts differ (- wanted, + got):\n" .. M.lines(want, got)
    elseif #want > 40 and #got > 40 then
      local n = caret(want, got)
      return ("the texts differ from byte %d on:\nwant %s\ngot  %s"):format(n + 1, M.show(want), M.show(got))
    end
  end
  local a, b = M.show(want), M.show(got)
  if a == b then
    local ka, kb = kind_of(want), kind_of(got)
    local why = ka ~= kb and ("want a %s, got a %s"):format(ka, kb)
      or "they look the same, and are two values: assert.same compares what tables hold"
    return ("want %s\ngot  %s\n(%s)"):format(a, b, why)
  elseif a:find("\n", 1, true) or b:find("\n", 1, true) then
    return "the values differ (- wanted, + got):\n" .. M.lines(a, b)
  end
  local note = ""
  if kind_of(want) ~= kind_of(got) and type(want) ~= "nil" and type(got) ~= "nil" then
    note = ("\n(want a %s, got a %s)"):format(kind_of(want), kind_of(got))
  end
  return ("want %s\ngot  %s%s"):format(a, b, note)
end

return M
