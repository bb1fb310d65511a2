-- SPDX-License-Identifier: MIT
-- Results for other programs: JUnit's XML and the Test Anything Protocol.
local fs = require "perilune._fs"

local M = {}

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;" }

local function xml(text)
  text = tostring(text):gsub('[&<>"]', ESCAPES)
  return (text:gsub("[%z\1-\8\11\12\14-\31]", "?"))
end

local function by_file(results)
  local order, files = {}, {}
  for _, r in ipairs(results) do
    local name = r.file or "?"
    if not files[name] then
      files[name] = {}
      order[#order + 1] = name
    end
    table.insert(files[name], r)
  end
  return order, files
end

local function case(r, out)
  out[#out + 1] = ('    <testcase classname="%s" name="%s" time="%.3f"'):format(xml((r.file or ""):gsub("%.lua$", ""):gsub("/", ".")), xml(r.name), r.seconds)
  if r.status == "passed" then
    out[#out] = out[#out] .. "/>"
    return
  end
  out[#out] = out[#out] .. ">"
  if r.status == "pending" then
    out[#out + 1] = "      <skipped/>"
  else
    local tag = r.status == "failed" and "failure" or "error"
    out[#out + 1] = ('      <%s message="%s">%s</%s>'):format(tag, xml((r.message:match "^[^\n]*")), xml(("%s\n%s\n%s"):format(r.where or "", r.message, r.traceback or "")), tag)
  end
  if r.log then
    out[#out + 1] = ("      <system-out>%s</system-out>"):format(xml(r.log))
  end
  out[#out + 1] = "    </testcase>"
end

--- Writes JUnit's XML of the results to a file.
function M.write(path, results, seconds)
  local out = { '<?xml version="1.0" encoding="UTF-8"?>', ('<testsuites name="perilune" time="%.3f">'):format(seconds) }
  local order, files = by_file(results)
  for _, name in ipairs(order) do
    local count, time = { failed = 0, error = 0, pending = 0, passed = 0 }, 0
    for _, r in ipairs(files[name]) do
      count[r.status] = count[r.status] + 1
      time = time + r.seconds
    end
    out[#out + 1] = ('  <testsuite name="%s" tests="%d" failures="%d" errors="%d" skipped="%d" time="%.3f">'):format(xml(name), #files[name], count.failed, count.error, count.pending, time)
    for _, r in ipairs(files[name]) do
      case(r, out)
    end
    out[#out + 1] = "  </testsuite>"
  end
  out[#out + 1] = "</testsuites>\n"
  fs.write(path, table.concat(out, "\n"))
end

--- The results as TAP, version 13.
function M.tap(results)
  local out = { "TAP version 13", ("1..%d"):format(#results) }
  for i, r in ipairs(results) do
    local ok = r.status == "passed" or r.status == "pending"
    local name = ("%s: %s"):format(r.file or "?", r.name):gsub("#", "\\#")
    out[#out + 1] = ("%s %d - %s%s"):format(ok and "ok" or "not ok", i, name, r.status == "pending" and " # SKIP" or "")
    if not ok then
      out[#out + 1] = ("# %s\n%s"):format(r.where or "", r.message):gsub("\n", "\n# ")
    end
  end
  return table.concat(out, "\n")
end

return M
