-- SPDX-License-Identifier: MIT
-- The stack at the moment an error was raised. With settings.debug the engine calls
-- collect() from its message handler, while the frames are still there; only texts are
-- kept, so that nothing the author's code holds lives longer.
local source = require "perilune._debug_source"
local values = require "perilune._debug_values"

local M = {}

local HEAD, TAIL, DEEPEST = 30, 15, 4000 -- frames kept of a deep stack; how deep to look
local MAX_LOCALS, FRAMES_WITH_LOCALS = 40, 15

local collected = setmetatable({}, { __mode = "k" }) -- error object -> frames

-- Names that modules of the project give their functions: function -> "shop.views.detail".
local function project_names()
  local names = {}
  for module, exports in next, package.loaded do
    if type(exports) == "table" and type(module) == "string" and not module:find "^perilune" and module ~= "_G" then
      for key, value in next, exports do
        if type(key) == "string" and type(value) == "function" then
          names[value] = module .. "." .. key
        end
      end
    end
  end
  return names
end

local function function_name(info, names)
  if names[info.func] then
    return names[info.func]
  elseif info.what == "main" then
    return "the file itself"
  elseif info.name then
    return info.name
  elseif info.linedefined > 0 then
    return ("a function of line %d"):format(info.linedefined)
  end
  return nil
end

local function add_local(list, at, name, value)
  if name:sub(1, 1) == "(" then -- the compiler's own
    return
  end
  if at[name] then -- an inner variable hides the outer one
    list[at[name]].value = values.repr(value, name)
  elseif #list < MAX_LOCALS then
    list[#list + 1] = { name = name, value = values.repr(value, name) }
    at[name] = #list
  end
end

-- level counts from the caller of this function.
local function locals_of(level)
  local list, at = {}, {}
  for i = 1, 250 do
    local name, value = debug.getlocal(level + 1, i)
    if not name then
      break
    end
    add_local(list, at, name, value)
  end
  for i = 1, 10 do
    local name, value = debug.getlocal(level + 1, -i)
    if not name then
      break
    end
    list[#list + 1] = { name = ("...[%d]"):format(i), value = values.repr(value) }
  end
  return list
end

local function frame_of(info, kind, names)
  return {
    kind = kind,
    file = values.printable(kind == "text" and info.short_src or info.source:gsub("^[@=]", "")),
    line = info.currentline > 0 and info.currentline or nil,
    name = function_name(info, names),
  }
end

-- Number of levels above the caller, as far as they are looked at: each takes a walk.
local function depth()
  local low, high = 1, DEEPEST
  if debug.getinfo(high + 1, "l") then
    return high
  end
  while low < high do
    local middle = (low + high) // 2
    if debug.getinfo(middle + 1, "l") then
      low = middle + 1
    else
      high = middle
    end
  end
  return low - 1
end

--- Called by the message handler, two levels above the function that raised.
function M.collect(err)
  if collected[err] then
    return
  end
  local frames, names, with_locals = {}, project_names(), 0
  local last = depth()
  for level = 3, last do
    if level == 3 + HEAD and last > level + TAIL then
      frames[#frames + 1] = { kind = "skipped", count = last - TAIL - level }
    end
    if level < 3 + HEAD or level >= last - TAIL or last <= 3 + HEAD + TAIL then
      local info = debug.getinfo(level, "Slnf")
      local kind = source.kind(info.source)
      local frame = frame_of(info, kind, names)
      if kind == "project" and with_locals < FRAMES_WITH_LOCALS then
        with_locals = with_locals + 1
        frame.locals = locals_of(level)
      end
      if kind ~= "C" or frame.name then -- what C enters Lua through has no name
        frames[#frames + 1] = frame
      end
    end
  end
  collected[err] = frames
end

-- Frames out of the text of a traceback, without variables.
local function parse(traceback)
  local frames = {}
  for line in traceback:gmatch("[^\n]+") do
    local file, number, rest = line:match("^%s+(.-):(%d+): in (.*)$")
    if file then
      local kind = file:find "^%[string" and "text" or source.kind("@" .. file)
      frames[#frames + 1] = { kind = kind, file = values.printable(file), line = math.tointeger(number), name = values.text(rest, 200) }
    elseif line:find "^%s+%[C%]: in f" then
      frames[#frames + 1] = { kind = "C", file = "[C]", name = values.text(line:match("in (.*)$") or "?", 200) }
    end
  end
  return frames
end

--- The frames of an error, innermost first: { kind =, file =, line =, name =, locals = }.
function M.of(err)
  if type(err) ~= "table" then
    return {}
  end
  local traceback = rawget(err, "traceback")
  return collected[err] or type(traceback) == "string" and parse(traceback) or {}
end

return M
