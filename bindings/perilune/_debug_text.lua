-- SPDX-License-Identifier: MIT
-- A report of perilune._debug_report for terminals and scripts.
local M = {}

local function place_text(place)
  return place and place.line and ("%s:%d"):format(place.file, place.line) or nil
end

local function add_excerpt(out, lines)
  for _, line in ipairs(lines) do
    out[#out + 1] = ("%s %5d  %s"):format(line.current and ">" or " ", line.number, line.text)
  end
end

local function add_rows(out, title, rows)
  out[#out + 1] = ""
  out[#out + 1] = title .. (#rows == 0 and ": empty" or ":")
  for _, row in ipairs(rows) do
    out[#out + 1] = ("  %s = %s"):format(row[1], (row[2]:gsub("\n", "\n    ")))
  end
end

local function add_template(out, found)
  if found.excerpt then
    out[#out + 1] = ""
    add_excerpt(out, found.excerpt)
  end
  for _, part in ipairs { { "Looked for at:", found.tried or {} }, { "Reached from:", found.trail } } do
    if #part[2] > 0 then
      out[#out + 1] = "\n" .. part[1]
      for _, item in ipairs(part[2]) do
        out[#out + 1] = "  " .. item
      end
    end
  end
end

--- As text/plain: the error and what led to it, the request after it.
function M.page(report)
  local out = { ("%s at %s"):format(report.name, report.path), report.message, "" }
  local function fact(name, text)
    if text then
      out[#out + 1] = ("%-11s%s"):format(name .. ":", text)
    end
  end
  fact("Request", report.method .. " " .. report.target)
  fact("Template", report.template and report.template.place)
  fact("At", place_text(report.place))
  fact("Raised in", report.during)
  fact("Route", report.match and "/" .. tostring(report.match.route))
  fact("User", report.user)
  fact("Hint", report.hint)
  fact("Version", report.versions)
  if report.template then
    add_template(out, report.template)
  end
  if report.excerpt then
    out[#out + 1] = ""
    add_excerpt(out, report.excerpt)
  end
  if report.tried then
    out[#out + 1] = "\nRoutes tried, in this order:"
    for i, try in ipairs(report.tried) do
      out[#out + 1] = ("  %d. %s%s"):format(i, table.concat(try.patterns, " "), try.name and "  [" .. try.name .. "]" or "")
    end
  end
  if report.traceback then
    out[#out + 1] = ""
    out[#out + 1] = report.traceback
  end
  for _, part in ipairs(report.parts) do
    if part.rows then
      add_rows(out, part.name, part.rows)
    end
  end
  return table.concat(out, "\n") .. "\n"
end

--- As a table for JSON: { error = { … } }.
function M.data(report)
  local err = {
    name = report.name,
    message = report.message,
    status = report.status,
    method = report.method,
    path = report.path,
    at = place_text(report.place),
    template = report.template and report.template.place,
    template_trail = report.template and report.template.trail[1] and report.template.trail or nil,
    raised_in = report.during,
    hint = report.hint,
    route = report.match and report.match.route,
    view = report.match and report.match.view_name,
  }
  if report.traceback then
    err.traceback = {}
    for line in report.traceback:gmatch("[^\n]+") do
      if not line:find "^stack traceback:" then
        err.traceback[#err.traceback + 1] = (line:gsub("^%s+", ""))
      end
    end
  end
  if report.tried then
    err.tried = {}
    for i, try in ipairs(report.tried) do
      err.tried[i] = table.concat(try.patterns)
    end
  end
  return { error = err }
end

return M
