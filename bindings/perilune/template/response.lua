-- SPDX-License-Identifier: MIT
-- TemplateResponse: a response that is rendered late, so that decorators and
-- process_template_response hooks can still change template and context.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local native = require "perilune._template"
local responses = require "perilune._response"
local template = require "perilune.template"

local M = {}

local response_options = { status = true, content_type = true, charset = true, reason = true, headers = true }

--- The compiled template: of a name, of the first name of a list that there is, or itself.
local function resolve_template(_, given)
  if native.is_template(given) then
    return given
  elseif type(given) == "table" then
    return template.select_template(given)
  end
  return template.get_template(given)
end

local function resolve_context(_, context)
  return context
end

local function rendered_content(self)
  local found = self:resolve_template(self.template_name)
  return found:render(self:resolve_context(self.context_data), self._request)
end

-- Renders once; later calls do nothing. Gives the response, or what a callback gave in its
-- place.
local function render(self)
  local result = self
  if not self.is_rendered then
    self.content = self:rendered_content()
    for _, callback in ipairs(self._post_render_callbacks) do
      local other = callback(result)
      if other ~= nil then
        result = other
      end
    end
  end
  return result
end

local function add_post_render_callback(self, callback)
  if type(callback) ~= "function" then
    error(exceptions.TypeError(("add_post_render_callback takes a function, not a %s"):format(type(callback))), 2)
  end
  if self.is_rendered then
    callback(self)
  else
    table.insert(self._post_render_callbacks, callback)
  end
end

local function make(what, request, name, context, opts)
  opts = check_options(what, opts, response_options)
  if context ~= nil and type(context) ~= "table" then
    error(exceptions.TypeError(("%s: the context is a table of variables, not a %s"):format(what, type(context))), 3)
  end
  if type(name) ~= "string" and type(name) ~= "table" and not native.is_template(name) then
    error(exceptions.TypeError(("%s: a template is given by its name, a list of names or a template object, not a %s"):format(what, type(name))), 3)
  end
  local response = responses.Response(nil, opts)
  response.template_name = name
  response.context_data = context
  response._request = request
  response._post_render_callbacks = {}
  response.resolve_template = resolve_template
  response.resolve_context = resolve_context
  response.rendered_content = rendered_content
  response.render = render
  response.add_post_render_callback = add_post_render_callback
  responses.defer(response)
  return response
end

--- TemplateResponse(request, template, context, options): with the variables of context
--- processors.
function M.TemplateResponse(request, name, context, opts)
  if type(request) == "string" then
    error(exceptions.TypeError("TemplateResponse(request, template, context, options): the request comes first"), 2)
  end
  return make("TemplateResponse", request, name, context, opts)
end

--- SimpleTemplateResponse(template, context, options): without them.
function M.SimpleTemplateResponse(name, context, opts)
  return make("SimpleTemplateResponse", nil, name, context, opts)
end

--- Called by the pipeline. What a callback gives in place of the response cannot take its
--- place any more, but its content can.
function M._render(response)
  local result = response:render()
  if not rawequal(result, response) then
    response.content = result.content
    response.status_code = result.status_code
  end
end

return M
