-- SPDX-License-Identifier: MIT
-- Which lines of the project's Lua the tests ran: a table, coverage.lcov for other programs,
-- and pages of HTML. The lines that could run are read from the compiled functions.
local core = require "perilune._core"
local fs = require "perilune._fs"
local html = require "perilune.utils.html"
local sorted_keys = require "perilune._sorted_keys"
local system = require "perilune._system"
local testing = require "perilune._testing"

local M = {}

local SKIPPED = { migrations = true, tests = true, templates = true, static = true, staticfiles = true, media = true, htmlcov = true, node_modules = true }

-- ---- lines that could run ----

-- Reads what string.dump gives in Lua 5.4.
local Reader = {}
Reader.__index = Reader

function Reader:byte()
  self.at = self.at + 1
  return self.text:byte(self.at - 1)
end

function Reader:size()
  local n = 0
  while true do
    local b = self:byte()
    n = n << 7 | b & 0x7F
    if b & 0x80 ~= 0 then
      return n
    end
  end
end

function Reader:skip(n)
  self.at = self.at + n
end

function Reader:string()
  local n = self:size()
  if n > 0 then
    self:skip(n - 1)
  end
end

local CONSTANTS = { [0x03] = 8, [0x13] = 8 } -- integers and floats; others have no bytes, but texts

function Reader:constants()
  for _ = 1, self:size() do
    local kind = self:byte()
    if kind == 0x04 or kind == 0x14 then
      self:string()
    else
      self:skip(CONSTANTS[kind] or 0)
    end
  end
end

-- Differences from line to line, with whole numbers where they are too large for a byte.
local function lines_of(self, first, vararg, found)
  local n = self:size()
  local from = self.at
  self:skip(n)
  local absolute = {}
  for _ = 1, self:size() do
    local pc = self:size()
    absolute[pc] = self:size()
  end
  local line = first
  for pc = 0, n - 1 do
    local delta = string.unpack("b", self.text, from + pc)
    line = delta == -128 and absolute[pc] or line + delta
    if not (vararg and pc == 0) then -- which takes the arguments, and is no line of anybody's
      found[line] = true
    end
  end
end

function Reader:fn(found)
  self:string() -- source
  local first = self:size()
  self:size() -- last line
  self:byte() -- parameters
  local vararg = self:byte() ~= 0
  self:byte() -- stack
  self:skip(4 * self:size()) -- code
  self:constants()
  self:skip(3 * self:size()) -- upvalues
  for _ = 1, self:size() do
    self:fn(found)
  end
  lines_of(self, first, vararg, found)
  for _ = 1, self:size() do -- local variables
    self:string()
    self:size()
    self:size()
  end
  for _ = 1, self:size() do -- names of upvalues
    self:string()
  end
end

-- Signature, version, format, data, sizes, an integer, a number; then how many upvalues.
local HEADER = 4 + 1 + 1 + 6 + 3 + 8 + 8 + 1

--- The set of lines with code in a text; nil when it does not compile.
function M.lines(text)
  local chunk = load(text, "=cover", "t")
  if not chunk then
    return nil
  end
  local found = {}
  setmetatable({ text = string.dump(chunk), at = HEADER + 1 }, Reader):fn(found)
  return found
end

-- ---- the files ----

local function walk(folder, prefix, list)
  for _, name in ipairs(system.list(folder) or {}) do
    local path, shown = folder .. "/" .. name, prefix .. name
    if name:find "^%." or SKIPPED[name] then -- luacheck: ignore 542
    elseif name:find "%.lua$" and path ~= core.settings_file then -- which has run before the tests begin
      list[#list + 1] = { path = path, shown = shown }
    elseif system.kind(path) == "folder" then
      walk(path, shown .. "/", list)
    end
  end
end

--- Counts from now on.
M.start = testing.cover
--- Ends it; gives the counts.
M.stop = testing.covered

local function merge(lists)
  local all = {}
  for _, counts in ipairs(lists) do
    for name, lines in pairs(counts) do
      all[name] = all[name] or {}
      for line, n in pairs(lines) do
        all[name][line] = (all[name][line] or 0) + n
      end
    end
  end
  return all
end

-- { shown, text, lines = { { number, count } }, hit, missing }
local function measure(file, counts)
  local text = fs.read(file.path)
  local could = M.lines(text)
  if not could then
    return nil
  end
  local numbers = sorted_keys(could)
  local out = { shown = file.shown, text = text, lines = {}, hit = 0, missing = {} }
  for i, line in ipairs(numbers) do
    local n = counts[line] or 0
    out.lines[i] = { line, n }
    if n > 0 then
      out.hit = out.hit + 1
    else
      out.missing[#out.missing + 1] = line
    end
  end
  return out
end

--- The report of the lists of counts that stop() gave.
function M.report(lists)
  local counts, files, list = merge(lists), {}, {}
  walk(core.project_dir, "", files)
  for _, file in ipairs(files) do
    local m = measure(file, counts[file.shown] or {})
    if m and #m.lines > 0 then
      list[#list + 1] = m
    end
  end
  return list
end

-- ---- showing ----

local function percent(hit, all)
  return all == 0 and 100 or 100 * hit / all
end

-- { 3, 4, 5, 9 } -> "3-5, 9": lines without code between two that did not run do not part them
local function ranges(file)
  local parts, from, last = {}, nil, nil
  for _, pair in ipairs(file.lines) do
    if pair[2] == 0 then
      from = from or pair[1]
      last = pair[1]
    elseif from then
      parts[#parts + 1] = from == last and tostring(from) or ("%d-%d"):format(from, last)
      from = nil
    end
  end
  if from then
    parts[#parts + 1] = from == last and tostring(from) or ("%d-%d"):format(from, last)
  end
  return table.concat(parts, ", ")
end

--- The table, and the share of all lines in percent.
function M.text(report)
  local width, lines, hit, all = 4, {}, 0, 0
  for _, file in ipairs(report) do
    width = math.max(width, #file.shown)
  end
  local format = "%-" .. width .. "s %6s %6s %6s  %s"
  lines[1] = format:format("file", "lines", "missed", "", "missing")
  for _, file in ipairs(report) do
    local n = #file.lines
    hit, all = hit + file.hit, all + n
    local missing = ranges(file)
    lines[#lines + 1] = format:format(file.shown, n, n - file.hit, ("%.0f%%"):format(percent(file.hit, n) // 1), #missing > 60 and missing:sub(1, 57) .. "…" or missing):gsub("%s+$", "")
  end
  lines[#lines + 1] = format:format("all", all, all - hit, ("%.1f%%"):format(percent(hit, all)), ""):gsub("%s+$", "")
  return table.concat(lines, "\n"), percent(hit, all)
end

--- As lcov writes it; genhtml and editors read that.
function M.write_lcov(report, path)
  local out = {}
  for _, file in ipairs(report) do
    out[#out + 1] = "TN:\nSF:" .. core.project_dir .. "/" .. file.shown
    for _, pair in ipairs(file.lines) do
      out[#out + 1] = ("DA:%d,%d"):format(pair[1], pair[2])
    end
    out[#out + 1] = ("LF:%d\nLH:%d\nend_of_record"):format(#file.lines, file.hit)
  end
  fs.write(path, table.concat(out, "\n") .. "\n")
end

local STYLE = "body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color-scheme:light dark}"
  .. "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .6rem;border-bottom:1px solid #8884}"
  .. "pre{font:13px/1.45 ui-monospace,monospace;overflow-x:auto}.h{background:#2a84}.m{background:#d336}i{color:#888;font-style:normal;user-select:none}"

local function page(title, body)
  return ("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>%s</title>\n<style>%s</style>\n%s\n</html>\n"):format(html.escape(title), STYLE, body)
end

local function source_page(file)
  local counts, out, number = {}, {}, 0
  for _, pair in ipairs(file.lines) do
    counts[pair[1]] = pair[2]
  end
  for line in (file.text .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    local n = counts[number]
    local class = n and (n > 0 and "h" or "m") or ""
    out[number] = ('<span class="%s"><i>%5d %6s </i>%s</span>'):format(class, number, n or "", html.escape(line))
  end
  return page(file.shown, ("<p><a href=\"index.html\">all files</a></p>\n<h1>%s</h1>\n<pre>%s</pre>"):format(html.escape(file.shown), table.concat(out, "\n")))
end

--- Pages of HTML in a folder: index.html, and one for each file.
function M.write_html(report, folder)
  local rows = {}
  for _, file in ipairs(report) do
    local name = file.shown:gsub("/", "_") .. ".html"
    rows[#rows + 1] = ('<tr><td><a href="%s">%s</a><td>%d<td>%d<td>%.0f%%'):format(name, html.escape(file.shown), #file.lines, #file.missing, percent(file.hit, #file.lines) // 1)
    fs.write(folder .. "/" .. name, source_page(file))
  end
  fs.write(folder .. "/index.html", page("Coverage", "<h1>Coverage</h1>\n<table><tr><th>file<th>lines<th>missed<th>\n" .. table.concat(rows, "\n") .. "\n</table>"))
end

return M
