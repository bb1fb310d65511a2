-- SPDX-License-Identifier: MIT
-- Templates in the Django template language. The project's own engine is built from
-- settings.templates when it is first needed; Engine{…} makes others.
local context = require "perilune.template._context"
local engines = require "perilune.template._engine"
local exceptions = require "perilune.exceptions"
local html = require "perilune.utils.html"
local native = require "perilune._template"
local settings = require "perilune.settings"
local values = require "perilune.template._values"

local M = {
  Engine = engines.new,
  Library = require "perilune.template._library",
  Context = context.new,
  RequestContext = context.new_request,
  TemplateDoesNotExist = exceptions.TemplateDoesNotExist,
  TemplateSyntaxError = exceptions.TemplateSyntaxError,
  safe = html.mark_safe,
  escape = html.escape,
  conditional_escape = html.conditional_escape,
  format_html = html.format_html,
  format_html_join = html.format_html_join,
  iterate = values.iterate,
  alters_data = native.alters_data,
  do_not_call = native.do_not_call,
}

-- ---- the project's engine ----

local project -- once it is made

local function project_options()
  local given = settings.templates or {}
  local options = { app_dirs = true }
  if given[1] ~= nil then -- Django's list of engines: the first is it
    given = given[1]
  end
  for _, source in ipairs { given, given.options or {} } do
    for k, v in pairs(source) do
      options[k] = v
    end
  end
  options.options = nil
  if options.debug == nil then
    options.debug = settings.debug
  end
  if options.strict == nil then -- in development one is told, unless one has said otherwise
    options.strict = settings.is_overridden "template_strict" and settings.template_strict or settings.debug and "log" or "off"
  end
  return options
end

--- The engine of settings.templates.
function M.engine()
  if not project then
    if not settings.configured() then
      error(exceptions.ImproperlyConfigured "there is no project here, so there are no templates; make an engine with template.Engine{ dirs = {…} }", 2)
    end
    local options = project_options()
    local ok, made = pcall(engines.new, options)
    if not ok then
      local err = exceptions.wrap(made)
      error(exceptions.ImproperlyConfigured(("%s: setting 'templates': %s"):format(settings._place "templates", err.message)), 0)
    end
    project = made
  end
  return project
end

--- Another engine is made of the settings when it is next needed.
function M._reset()
  project = nil
end

function M.get_template(name)
  return M.engine():get_template(name)
end

function M.select_template(names)
  return M.engine():select_template(names)
end

--- A template by its name (or the first of a list) as text.
function M.render_to_string(name, variables, request)
  return (project or M.engine()):render_to_string(name, variables, request)
end

--- The key under which {% cache 900 name a b %} keeps its fragment: fragment_key("name", { a, b }).
function M.fragment_key(name, vary)
  if type(name) ~= "string" or vary ~= nil and type(vary) ~= "table" then
    error(exceptions.TypeError(("fragment_key(name, { values }): a string and a list, not a %s and a %s"):format(type(name), type(vary))), 2)
  end
  return require("perilune.template._fragment").key(name, vary)
end

--- A template of a text, for the project's engine.
function M.Template(text, engine)
  return (engine or M.engine()):from_string(text)
end

return M
