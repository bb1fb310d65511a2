-- SPDX-License-Identifier: MIT
-- Views that must not bring their worker down.
local http = require "perilune.http"

local M = {}

-- ---- running time ----

local function spin()
  while true do
  end
end

M.spin = spin

function M.spin_pcall()
  while true do
    pcall(spin)
  end
end

function M.spin_pcall_nested()
  local function deeper(n)
    while true do
      pcall(n > 0 and deeper or spin, n - 1)
    end
  end
  deeper(10)
end

function M.spin_xpcall()
  while true do
    xpcall(spin, spin)
  end
end

function M.spin_coroutine()
  while true do
    coroutine.resume(coroutine.create(spin))
  end
end

function M.spin_wrap()
  while true do
    pcall(coroutine.wrap(function()
      pcall(spin)
    end))
  end
end

function M.spin_yields()
  local co = coroutine.wrap(function()
    while true do
      coroutine.yield()
    end
  end)
  while true do
    co()
  end
end

function M.spin_new_coroutines()
  local function again()
    pcall(spin)
    coroutine.wrap(again)()
  end
  again()
end

function M.spin_index()
  local t = setmetatable({}, { __index = function() pcall(spin) end })
  while true do
    pcall(function() return t.x end)
  end
end

function M.spin_tostring()
  local t = setmetatable({}, { __tostring = function() pcall(spin) return "x" end })
  while true do
    pcall(tostring, t)
  end
end

function M.spin_gc()
  for _ = 1, 3 do
    setmetatable({}, { __gc = function() pcall(spin) end })
    collectgarbage()
  end
  return "survived"
end

function M.spin_close()
  local guard <close> = setmetatable({}, { __close = function() pcall(spin) end })
  return guard and "survived"
end

function M.spin_sort()
  local list = {}
  for i = 1, 1000 do
    list[i] = i
  end
  while true do
    pcall(table.sort, list, function() pcall(spin) return true end)
  end
end

function M.spin_gsub()
  while true do
    pcall(string.gsub, ("x"):rep(100), "x", function() pcall(spin) end)
  end
end

-- Inside one C function no hook runs.
function M.burn()
  return tostring(("a"):rep(200):find(("a-"):rep(4) .. "b")) .. "survived"
end

function M.burn_long()
  return tostring(("a"):rep(200):find(("a-"):rep(40) .. "b")) .. "survived"
end

function M.half_the_limit()
  local t = os.clock()
  while os.clock() - t < 0.15 do
  end
  return "done"
end

function M.busy_3_seconds()
  local t = os.clock()
  while os.clock() - t < 3 do
  end
  return "done"
end

-- ---- memory ----

function M.hog_table()
  local t = {}
  while true do
    t[#t + 1] = ("x"):rep(1000) .. #t
  end
end

function M.hog_string()
  local s = "x"
  while true do
    s = s .. s
  end
end

function M.hog_pcall()
  local t = {}
  while true do
    pcall(function()
      t[#t + 1] = ("x"):rep(100000) .. #t
    end)
  end
end

function M.hog_closures()
  local f
  while true do
    local g = f
    f = function() return g end
  end
end

function M.rep_huge()
  return ("x"):rep(1 << 31)
end

function M.rep_twice()
  return #(("x"):rep(1000000000):rep(9)) .. ""
end

function M.rep_overflow()
  return ("x"):rep(math.maxinteger)
end

function M.concat_huge()
  local t = {}
  for i = 1, 100000 do
    t[i] = ("x"):rep(1000)
  end
  return table.concat(t)
end

function M.format_wide()
  return ("%99999d"):format(1)
end

function M.unpack_huge()
  return (table.unpack({}, 1, 1e8))
end

-- ---- depth ----

local function recurse(n)
  return 1 + recurse(n + 1)
end

function M.recurse()
  return recurse(1)
end

function M.recurse_gsub()
  local function deeper()
    return (("x"):gsub("x", deeper))
  end
  return deeper()
end

function M.recurse_pcall()
  local function deeper()
    return pcall(deeper)
  end
  return tostring(deeper())
end

function M.recurse_sort()
  local function deeper(a, b)
    table.sort({ 3, 2, 1 }, deeper)
    return a < b
  end
  deeper(1, 2)
end

function M.recurse_tostring()
  local t = setmetatable({}, {})
  getmetatable(t).__tostring = function() return tostring(t) end
  return tostring(t)
end

function M.recurse_index()
  local t = setmetatable({}, {})
  getmetatable(t).__index = function(_, key) return t[key] end
  return t.x
end

function M.recurse_coroutines()
  local function deeper()
    return coroutine.wrap(deeper)()
  end
  return deeper()
end

function M.recurse_load()
  return load(("("):rep(100000) .. "1" .. (")"):rep(100000))
end

function M.recurse_pattern()
  return (("("):rep(1000)):find(("("):rep(1000))
end

function M.recurse_match()
  return (("x"):rep(300000)):match((".-"):rep(250) .. "y")
end

function M.recurse_require()
  local function deeper()
    package.preload.deeper = function() return deeper() end
    package.loaded.deeper = nil
    return require "deeper"
  end
  return deeper()
end

-- ---- errors ----

M["error_nil"] = function() error(nil) end
M["error_table"] = function() error({}) end
M["error_number"] = function() error(42) end
M["error_string"] = function() error("plain") end
M["error_false"] = function() error(false) end
M["error_tostring"] = function() error(setmetatable({}, { __tostring = error })) end
M["error_tostring_spin"] = function() error(setmetatable({}, { __tostring = spin })) end
M["error_tostring_number"] = function() error(setmetatable({}, { __tostring = function() return 1 end })) end
M["error_name"] = function() error(setmetatable({}, { __name = 1, __index = error })) end
M["error_metatable"] = function() error(setmetatable({}, { __metatable = error })) end
M["error_long"] = function() error(("long "):rep(100000)) end
M["error_control"] = function() error("a\r\nb\27[31m\0c\255") end
M["error_handler"] = function() return xpcall(error, function(e) error(e) end) and "ok" or nil end
M["error_thread"] = function() error(coroutine.create(error)) end

M["error_close"] = function()
  local guard <close> = setmetatable({}, { __close = function() error("in close") end })
  error(guard and "first")
end

M["error_gc"] = function()
  setmetatable({}, { __gc = function() error("in gc") end })
  collectgarbage()
  return "survived"
end

M["nothing"] = function() end
M["odd_value"] = function() return print end
M["yields"] = function() return coroutine.yield("outside of a coroutine") end

function M.bad_response()
  return http.Response("x", { headers = { ["X-A"] = "a\r\nb" } })
end

-- ---- what belongs to all requests of a worker ----

function M.os_exit() os.exit(3) end
function M.os_exit_close() os.exit(true, true) end
function M.has_sethook() return tostring(debug.sethook) end
function M.debug_names()
  local names = {}
  for name in pairs(debug) do
    names[#names + 1] = name
  end
  table.sort(names)
  return table.concat(names, " ")
end

function M.global_write()
  leaked = "by a request" -- luacheck: ignore
  return "written"
end

function M.global_read()
  return tostring(leaked) -- luacheck: ignore
end

function M.global_function() -- luacheck: ignore
  function leaked() end -- luacheck: ignore
  return "written"
end

function M.metatable_write()
  getmetatable("").__index = nil
  return "written"
end

function M.gc_stop()
  collectgarbage "stop"
  return "stopped"
end

function M.gc_running()
  return tostring(collectgarbage "isrunning")
end

function M.bytecode()
  return tostring(load(string.dump(function() return 1 end)))
end

-- A coroutine that outlives its request, and one that another request resumes.
local kept

function M.keep_coroutine()
  kept = coroutine.wrap(function()
    while true do
      coroutine.yield("resumed")
    end
  end)
  return kept()
end

function M.resume_kept()
  return kept()
end

function M.keep_spinner()
  kept = coroutine.wrap(function()
    coroutine.yield("first")
    spin()
  end)
  return kept()
end

return M
