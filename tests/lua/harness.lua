-- SPDX-License-Identifier: MIT
-- The smallest describe/it that reads like busted, for tests of the modules that
-- `perilune test` itself stands on. Ends the script with a "N passed, M failed" line
-- and status 1 when something failed.
local M = { passed = 0, failed = 0 }

local names = {}

function M.describe(name, fn)
  names[#names + 1] = name
  fn()
  names[#names] = nil
end

function M.it(name, fn)
  local full = table.concat(names, " ") .. " " .. name
  local ok, err = xpcall(fn, function(e)
    return tostring(e) .. "\n" .. (type(e) == "table" and e.traceback or debug.traceback())
  end)
  if ok then
    M.passed = M.passed + 1
  else
    M.failed = M.failed + 1
    print("FAILED: " .. full .. "\n" .. err)
  end
end

local function show(v)
  if type(v) == "string" then
    return string.format("%q", v)
  end
  if type(v) ~= "table" or getmetatable(v) then
    return tostring(v)
  end
  local keys, parts = {}, {}
  for k in pairs(v) do
    keys[#keys + 1] = k
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  for _, k in ipairs(keys) do
    parts[#parts + 1] = tostring(k) .. " = " .. show(v[k])
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local function same(a, b)
  if a == b then
    return true
  end
  if type(a) ~= "table" or type(b) ~= "table" or getmetatable(a) ~= getmetatable(b) then
    return false
  end
  for k, v in pairs(a) do
    if not same(v, b[k]) then
      return false
    end
  end
  for k in pairs(b) do
    if a[k] == nil then
      return false
    end
  end
  return true
end

local A = {}
M.assert = setmetatable(A, {
  __call = function(_, v, message)
    if not v then
      error(message or "assertion failed", 2)
    end
    return v
  end,
})

function A.equal(want, got, message)
  if want ~= got then
    error(("%swant %s, got %s"):format(message and message .. ": " or "", show(want), show(got)), 2)
  end
end

function A.same(want, got, message)
  if not same(want, got) then
    error(("%swant %s, got %s"):format(message and message .. ": " or "", show(want), show(got)), 2)
  end
end

function A.is_true(v)
  if v ~= true then
    error("want true, got " .. show(v), 2)
  end
end

function A.is_false(v)
  if v ~= false then
    error("want false, got " .. show(v), 2)
  end
end

function A.is_nil(v)
  if v ~= nil then
    error("want nil, got " .. show(v), 2)
  end
end

--- fn must raise; `pattern` (a plain substring) must be in the error's text. Gives the error.
function A.raises(fn, pattern)
  local ok, err = pcall(fn)
  if ok then
    error("no error raised", 2)
  end
  if pattern and not tostring(err):find(pattern, 1, true) then
    error(("error %s does not contain %s"):format(show(tostring(err)), show(pattern)), 2)
  end
  return err
end

function M.finish()
  print(("%d passed, %d failed"):format(M.passed, M.failed))
  if M.failed > 0 then
    error("tests failed", 0)
  end
end

return M
