-- SPDX-License-Identifier: MIT
-- What the debug page says about an error in a template: the source around the line, the
-- templates that led there, and where a missing one was looked for.
local core = require "perilune._core"
local source = require "perilune._debug_source"
local values = require "perilune._debug_values"

local M = {}

local MAX_TRIED = 50

-- A file as it is named from the project.
local function short(origin, name)
  local file = type(origin) == "string" and origin:sub(1, 1) == "/" and origin or name
  if type(file) ~= "string" then
    return "(a template without a name)"
  end
  local dir = core.project_dir
  if dir and file:sub(1, #dir + 1) == dir .. "/" then
    file = file:sub(#dir + 2)
  end
  return values.text(file, 300)
end

local function place(origin, name, line)
  return math.type(line) == "integer" and ("%s:%d"):format(short(origin, name), line) or short(origin, name)
end

local function trail_of(err)
  local list = {}
  for i, step in ipairs(type(rawget(err, "trail")) == "table" and err.trail or {}) do
    list[i] = place(step.origin, step.name, step.line)
  end
  return list
end

local function tried_of(err)
  if type(rawget(err, "tried")) ~= "table" then
    return nil
  end
  local list = {}
  for i = 1, math.min(#err.tried, MAX_TRIED) do
    list[i] = values.text(tostring(err.tried[i]), 300)
  end
  return list
end

--- { place =, excerpt =, trail =, tried = }; nil when no template is to blame.
function M.of(err)
  local line, name, origin = rawget(err, "line"), rawget(err, "template_name"), rawget(err, "origin")
  local tried = err.name == "TemplateDoesNotExist" and tried_of(err) or nil
  if math.type(line) ~= "integer" or rawget(err, "trail") == nil then
    return tried and { trail = {}, tried = tried } or nil
  end
  return {
    place = place(origin, name, line),
    excerpt = type(origin) == "string" and source.template_excerpt(origin, line, 7) or nil,
    trail = trail_of(err),
    tried = tried,
  }
end

return M
